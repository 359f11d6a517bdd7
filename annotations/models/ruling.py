"""The last word on a value that annotators disagree about."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .batch import Task


class Ruling(models.Model):
    """What an adjudicator decided, with the reason and the rule of the rubric that was cited.

    Append-only: the one change that the database allows is that a current ruling ceases to be it.
    `items`: of a list, [{text, label, score}], or of errors [{type, severity, description}].
    """

    task = models.ForeignKey(Task, models.PROTECT, related_name="rulings", db_index=False)
    side = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField(help_text=_("Of the property or fact in the rubric"))
    score = models.SmallIntegerField(null=True)
    items = models.JSONField(default=list)
    reason = models.TextField(blank=True)
    rule = models.CharField(max_length=200, blank=True, help_text=_("The rule of the rubric it rests on"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    is_current = models.BooleanField(default=True)

    class Meta:
        ordering = ["task", "side", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "side", "position"], condition=Q(is_current=True), name="ruling_once"
            ),
            models.CheckConstraint(condition=Q(side__in=[0, 1, 2]), name="ruling_side"),
        ]
        indexes = [models.Index("task", "side", "position", "id", name="ruling_history")]

    def __str__(self) -> str:
        return f"ruling {self.pk} on task {self.task_id}"
