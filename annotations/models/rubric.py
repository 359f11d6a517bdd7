"""Rubrics: what annotators are asked, in versions that never change."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from annotations import rubric_documents
from surveys.models import Study


class RubricQuerySet(models.QuerySet["Rubric"]):
    def of(self, study: Study) -> "RubricQuerySet":
        """Those that the study's batches may use: its own, and those that are shipped."""
        return self.filter(Q(study=study) | Q(study=None))

    def shipped(self) -> "RubricQuerySet":
        return self.filter(study=None)


class Rubric(models.Model):
    """A rubric of a study, or, without a study, one that is shipped and that every study may use."""

    study = models.ForeignKey(Study, models.CASCADE, null=True, blank=True, related_name="rubrics")
    slug = models.SlugField(max_length=60)
    title = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)

    objects = RubricQuerySet.as_manager()

    class Meta:
        ordering = ["title", "id"]
        constraints = [
            models.UniqueConstraint(fields=["study", "slug"], name="rubric_of_study"),
            models.UniqueConstraint(fields=["slug"], condition=Q(study=None), name="rubric_shipped"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_shipped(self) -> bool:
        return self.study_id is None

    def newest(self) -> "RubricVersion | None":
        return self.versions.order_by("-number").first()


class RubricVersion(models.Model):
    """A text as typed, and the plain values it was read as. Append-only: an edit is the next number."""

    rubric = models.ForeignKey(Rubric, models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    text = models.TextField()
    document = models.JSONField()
    sha256 = models.CharField(max_length=64)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rubric", "number"], name="rubric_version_number"),
            models.UniqueConstraint(fields=["rubric", "sha256"], name="rubric_version_text"),
        ]

    def __str__(self) -> str:
        return f"{self.rubric} v{self.number}"

    def parsed(self) -> "rubric_documents.RubricDocument":
        return rubric_documents.parse(self.text)


class RubricDraft(models.Model):
    """What a person is writing in the editor of a rubric; `base` is the version they began from."""

    rubric = models.ForeignKey(Rubric, models.CASCADE, related_name="drafts", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    base = models.ForeignKey(RubricVersion, models.CASCADE, null=True, related_name="+")
    text = models.TextField()
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rubric", "user"], name="rubric_draft_once_per_person")
        ]

    def __str__(self) -> str:
        return f"draft of {self.user_id} in rubric {self.rubric_id}"
