"""Which versions of a questionnaire a study's people stored, and what each of them is writing now."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from .study import Questionnaire, Study


class StoredVersion(models.Model):
    """A version that was stored in a study, by whom and when; nobody for one that came from a file."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="stored_versions")
    questionnaire = models.ForeignKey(Questionnaire, models.PROTECT, related_name="stored_in")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "questionnaire"], name="stored_version_once_per_study")
        ]

    def __str__(self) -> str:
        return f"{self.questionnaire} in study {self.study_id}"


class EditorDraft(models.Model):
    """What a person is writing in a study's editor; `base` is the version they began from."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="editor_drafts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    base = models.ForeignKey(Questionnaire, models.PROTECT, null=True, related_name="+")
    text = models.TextField()
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "user"], name="editor_draft_once_per_person")]

    def __str__(self) -> str:
        return f"draft of {self.user_id} in study {self.study_id}"
