"""What a study does with personal data in texts, what was found in whose, and the raw text apart from it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from surveys.models import Study

from .chat import Conversation, Turn


class PrivacyRules(models.Model):
    """One version of a study's rules on personal data and moderation; the newest holds, for everybody."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="privacy_rules")
    version = models.PositiveIntegerField()
    document = models.JSONField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "privacy rules"
        constraints = [models.UniqueConstraint(fields=["study", "version"], name="privacy_rules_version")]

    def __str__(self) -> str:
        return f"privacy rules v{self.version} of study {self.study_id}"


class TextCheck(models.Model):
    """One look at a text that a participant was about to send, and what came of it. Append-only.

    It holds no text: `spans` are places in the text as it was typed, and `digest` is a keyed hash, by which
    the same text is known again when it is sent anyway.
    """

    class Place(models.TextChoices):
        MESSAGE = "message", _("message to a model")
        FEEDBACK = "feedback", _("comment")

    class Outcome(models.TextChoices):
        CLEAN = "clean", _("sent, nothing found")
        MARKED = "marked", _("sent as it was, and marked")
        MASKED = "masked", _("sent with the finds masked")
        WARNED = "warned", _("held back with a warning")
        ANYWAY = "anyway", _("sent in spite of the warning")
        BLOCKED = "blocked", _("refused")

    class Moderation(models.TextChoices):
        NOT_ASKED = "", _("not asked")
        ANSWERED = "answered", _("answered")
        KEPT = "kept", _("known from the time before")
        FAILED = "failed", _("no answer")

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="text_checks")
    turn = models.OneToOneField(Turn, models.CASCADE, null=True, related_name="text_check")
    place = models.CharField(max_length=10, choices=Place)
    outcome = models.CharField(max_length=10, choices=Outcome)
    kinds = models.JSONField(default=dict, help_text=_("{kind: how many}"))
    spans = models.JSONField(
        default=list,
        help_text=_("[[start, end, kind, rule, confidence]], places in the text as it was typed"),
    )
    moderation = models.CharField(max_length=10, choices=Moderation, blank=True)
    scores = models.JSONField(default=dict, help_text=_("{category: 0 to 1}, as the provider gave them"))
    flagged = models.JSONField(default=dict, help_text=_("{category: action}, at or over its threshold"))
    digest = models.CharField(max_length=64)
    rules_version = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["conversation", "digest"], name="text_check_again")]
        constraints = [
            models.CheckConstraint(
                condition=Q(turn=None) | ~Q(outcome__in=["warned", "blocked"]),
                name="held_back_text_has_no_turn",
            )
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.place} in conversation {self.conversation_id}"


class RawText(models.Model):
    """A text that was sent with something masked or marked in it, as it was typed, encrypted.

    Opened only by `privacy.opening`, for who has the right, with a reason. Keys are renewed and erasure
    blanks it, so no trigger keeps it as it is.
    """

    check_of = models.OneToOneField(TextCheck, models.CASCADE, related_name="raw")
    encrypted_text = models.TextField(blank=True, help_text=_("Empty once erased"))

    def __str__(self) -> str:
        return f"raw text of check {self.check_of_id}"
