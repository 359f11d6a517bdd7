"""What was read from published tables of other arenas, told apart from what people did here."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from surveys.models import Enrolment, Study

from .chat import Conversation

# What a filter by source may say beside the key of a dataset.
LIVE, IMPORTED, ALL = SOURCES = ("live", "imported", "all")


class Dataset(models.Model):
    """A published dataset whose rows were imported into a study; `key` is its name in filters and exports."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="datasets")
    key = models.SlugField(max_length=40)
    title = models.CharField(max_length=200, blank=True)
    licence = models.CharField(max_length=80, blank=True)
    link = models.URLField(max_length=300, blank=True)
    is_public = models.BooleanField(
        default=False, help_text=_("Its votes may be chosen on the public leaderboard")
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["key"]
        constraints = [
            models.UniqueConstraint(fields=["study", "key"], name="dataset_key"),
            models.CheckConstraint(condition=~Q(key__in=SOURCES), name="dataset_key_is_no_filter"),
        ]

    def __str__(self) -> str:
        return self.title or self.key


class ImportedPerson(models.Model):
    """Who gave a dataset's rows: a keyed hash of the published pseudonym, which itself is not stored."""

    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="people")
    enrolment = models.OneToOneField(Enrolment, models.CASCADE, related_name="imported")
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "imported people"
        constraints = [models.UniqueConstraint(fields=["dataset", "digest"], name="imported_person_once")]

    def __str__(self) -> str:
        return f"imported person {self.enrolment_id}"


class ImportedTalk(models.Model):
    """Where a conversation came from. By `digest` it is known again, also after its person was erased.

    `rows`: {table: {place: id of the row}}, a place being a turn, or side and turn of a reaction.
    `facts`: what its makers say of it: {categories, languages, keywords, short_summary, kwh_a, kwh_b}.
    """

    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="talks")
    conversation = models.OneToOneField(Conversation, models.CASCADE, related_name="imported")
    digest = models.CharField(max_length=64)
    name = models.CharField(max_length=120, blank=True, help_text=_("Its id in the dataset"))
    rows = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)
    system_a = models.TextField(blank=True, help_text=_("System prompt of the model in slot A"))
    system_b = models.TextField(blank=True, help_text=_("System prompt of the model in slot B"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "digest"], name="imported_talk_once")]

    def __str__(self) -> str:
        return f"imported conversation {self.conversation_id}"

    def row_id(self, table: str, place: str) -> str | None:
        """The id of the row of `table` from which this was read."""
        found: str | None = self.rows.get(table, {}).get(place)
        return found
