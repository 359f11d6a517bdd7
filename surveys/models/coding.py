"""Free self-descriptions in categories: schemes, two codes for each text, and rulings where they differ."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from .journey import Answer


class CodingScheme(models.Model):
    """One version of a scheme's file; the row never changes, an edited file becomes the next version."""

    key = models.SlugField(max_length=60)
    version = models.PositiveIntegerField()
    document = models.TextField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="coding_scheme_version"),
            models.UniqueConstraint(fields=["key", "sha256"], name="coding_scheme_text"),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"


class Coding(models.Model):
    """One person's category for one text. Append-only; a text has two codings, by two people."""

    answer = models.ForeignKey(Answer, models.CASCADE, related_name="codings")
    scheme = models.ForeignKey(CodingScheme, models.PROTECT, related_name="codings")
    coder = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    place = models.PositiveSmallIntegerField()
    category = models.CharField(max_length=80)
    suggested = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["answer", "scheme", "coder"], name="coding_once_per_coder"),
            models.UniqueConstraint(fields=["answer", "scheme", "place"], name="coding_once_per_place"),
            models.CheckConstraint(condition=models.Q(place__in=[1, 2]), name="coding_at_most_twice"),
        ]

    def __str__(self) -> str:
        return f"coding {self.place} of answer {self.answer_id}"


class CodingRuling(models.Model):
    """The last word on a text that two people coded differently, with its reason. Append-only."""

    answer = models.ForeignKey(Answer, models.CASCADE, related_name="coding_rulings")
    scheme = models.ForeignKey(CodingScheme, models.PROTECT, related_name="rulings")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    category = models.CharField(max_length=80)
    reason = models.CharField(max_length=500)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["answer", "scheme"], name="coding_ruling_once")]

    def __str__(self) -> str:
        return f"ruling on answer {self.answer_id}"


class CodingSuggestion(models.Model):
    """What a language model would choose for a text; it never decides."""

    answer = models.ForeignKey(Answer, models.CASCADE, related_name="coding_suggestions")
    scheme = models.ForeignKey(CodingScheme, models.PROTECT, related_name="suggestions")
    source = models.CharField(max_length=200)
    category = models.CharField(max_length=80)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["answer", "scheme", "source"], name="coding_suggestion_once")
        ]

    def __str__(self) -> str:
        return f"suggestion for answer {self.answer_id}"
