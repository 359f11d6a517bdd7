"""What coordinators and other people who sign in did. Append-only; no personal data of participants."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from .study import Study


class AuditEvent(models.Model):
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    study = models.ForeignKey(Study, models.PROTECT, null=True, related_name="audit_events")
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=120, blank=True)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["study", "-at"]),
            models.Index(fields=["study", "action", "-at"], name="audit_by_action"),
            models.Index(fields=["study", "actor", "-at"], name="audit_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
