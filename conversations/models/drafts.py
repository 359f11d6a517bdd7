"""What a person is writing in the editor of a study's protocol."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from surveys.models import Study

from .registry import Protocol


class ProtocolDraft(models.Model):
    """`base` is the version they began from."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="protocol_drafts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    base = models.ForeignKey(Protocol, models.CASCADE, null=True, related_name="+")
    text = models.TextField()
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "user"], name="protocol_draft_once_per_person")
        ]

    def __str__(self) -> str:
        return f"draft of {self.user_id} in study {self.study_id}"
