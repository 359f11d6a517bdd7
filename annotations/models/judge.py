"""Judges: a language model, one version of the prompts, and the parameters it is called with."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from annotations.judging import prompts
from conversations.models import LanguageModel
from surveys.models import Study


class PromptSet(models.Model):
    """One version of the prompts of a protocol, of a study or, without one, as shipped.

    Append-only: an edited text is the next number.
    """

    study = models.ForeignKey(
        Study, models.CASCADE, null=True, blank=True, related_name="prompt_sets", db_index=False
    )
    key = models.SlugField(max_length=60)
    number = models.PositiveIntegerField()
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["key", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "key", "number"], name="prompt_set_number", nulls_distinct=False
            ),
            models.UniqueConstraint(
                fields=["study", "key", "sha256"], name="prompt_set_text", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.number}"

    def parsed(self) -> "prompts.Prompts":
        return prompts.parse(self.text)


class Judge(models.Model):
    """Who judges; never edited, as its results hang on it. Another temperature is another judge."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="judges", db_index=False)
    name = models.SlugField(max_length=100, help_text=_("As exports and preferences name it"))
    model = models.ForeignKey(LanguageModel, models.PROTECT, related_name="judges")
    prompt_set = models.ForeignKey(PromptSet, models.PROTECT, related_name="judges")
    temperature = models.FloatField(default=0)
    seed = models.PositiveIntegerField(default=42)
    most_tokens = models.PositiveIntegerField(
        default=4096, help_text=_("That one reply may have; an answer cut there is refused")
    )
    parameters = models.JSONField(default=dict, blank=True, help_text=_("Further parameters of each call"))
    both_orders = models.BooleanField(
        default=True, help_text=_("Show each pair a second time with the responses exchanged")
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["study", "name"], name="judge_of_study"),
            models.CheckConstraint(condition=Q(most_tokens__gte=1), name="judge_may_say_something"),
        ]

    def __str__(self) -> str:
        return self.name
