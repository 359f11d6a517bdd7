"""What a study says of scenarios: its own list of groups, and the classifier it trained."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from surveys.models import Study


class ScenarioGroups(models.Model):
    """A study's own list of classes and groups, as typed; without one the shipped list holds."""

    study = models.OneToOneField(Study, models.CASCADE, related_name="scenario_groups")
    text = models.TextField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "scenario groups"

    def __str__(self) -> str:
        return f"scenario groups of study {self.study_id}"


class ScenarioClassifier(models.Model):
    """A linear model that was trained on a study's own labelled file; the next one replaces it.

    `weights`: a compressed NumPy archive, see scenarios/classifier.py. Accuracies are shares of rows that
    were held out while it was tried.
    """

    study = models.OneToOneField(Study, models.CASCADE, related_name="scenario_classifier")
    classes = models.JSONField(default=list)
    weights = models.BinaryField()
    rows = models.PositiveIntegerField(help_text=_("Labelled queries it was trained on"))
    seed = models.PositiveIntegerField()
    held_out = models.PositiveIntegerField(help_text=_("Rows that were told without having been seen"))
    accuracy = models.FloatField(null=True)
    majority = models.FloatField(null=True, help_text=_("Accuracy of always saying the commonest class"))
    source_sha256 = models.CharField(max_length=64)
    trained_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"scenario classifier of study {self.study_id}"
