"""Tokens with which a person's programs use the API."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Scope(models.TextChoices):
    """What a token may be used for, within what its person may do."""

    STUDIES = "studies:read", _("studies and their outcomes")
    QUESTIONNAIRES = "questionnaires:read", _("questionnaires")
    ENROLMENTS = "enrolments:read", _("participants by code, with state and times")
    QUOTAS = "quotas:read", _("quotas")
    MODELS = "models:read", _("models, providers, their health, and pools of studies")
    MODELS_WRITE = "models:write", _("adding, changing and testing models and providers; choosing pools")
    PROTOCOLS = "protocols:read", _("protocols of conversations")
    PROTOCOLS_WRITE = "protocols:write", _("storing the next version of a protocol")
    CONVERSATIONS = "conversations:read", _("conversations, turns, ratings, votes and reports, without texts")
    TEXTS = "texts:read", _("what people and models wrote, for who may export in full")
    ANNOTATIONS = "annotations:read", _("rubrics, batches, annotations, agreement and judges, without texts")
    ANNOTATIONS_WRITE = "annotations:write", _("making and changing rubrics, batches and runs of judges")
    ANNOTATE = "annotate", _("annotating and adjudicating in your name, with the texts of your tasks")
    CONVERSE = "converse", _("holding conversations for participants whom the program brought in")


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self) -> "ApiTokenQuerySet":
        """Neither withdrawn nor expired, of somebody who may still sign in."""
        return self.filter(revoked_at=None, expires_at__gt=timezone.now(), user__is_active=True)


class ApiToken(models.Model):
    """Only the digest of the secret is stored; `prefix` lets its owner recognise it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=20)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=24, choices=Scope))
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(scopes__len__gt=0), name="api_token_has_a_scope"),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")), name="api_token_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… of user {self.user_id}"

    @property
    def is_usable(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()
