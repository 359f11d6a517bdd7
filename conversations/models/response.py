"""One model's answer in a slot of a turn, and every call that was made for it."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.calling import BUSY, Tried

from .chat import Draw, Turn
from .registry import LanguageModel

LENGTH = "length"  # as providers call it that the greatest length was reached
ERASED = "erased"  # the failure of a response whose participant was erased while it was being answered


def run_number(depth: int, attempt: int) -> int:
    """Numbers every fresh start of a slot, so that a reader knows when to begin again."""
    return depth * 100 + attempt


class ResponseQuerySet(models.QuerySet["Response"]):
    def shown(self) -> "ResponseQuerySet":
        """The responses a participant sees: one a slot, without those that were replaced."""
        return self.filter(is_replaced=False)

    def unfinished(self) -> "ResponseQuerySet":
        return self.filter(state__in=[Response.State.WAITING, Response.State.STREAMING])

    def silent_since(self, moment: datetime) -> "ResponseQuerySet":
        """Taken by a worker that gave no sign of life since `moment`."""
        return self.filter(state=Response.State.STREAMING, lease_at__lt=moment)

    def forgotten_since(self, moment: datetime) -> "ResponseQuerySet":
        """Handed to the broker before `moment` and taken by nobody."""
        return self.filter(state=Response.State.WAITING, enqueued_at__lt=moment)


class Response(models.Model):
    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        STREAMING = "streaming", _("arriving")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        STOPPED = "stopped", _("stopped by the participant")

    turn = models.ForeignKey(Turn, models.CASCADE, related_name="responses")
    model = models.ForeignKey(LanguageModel, models.PROTECT, related_name="responses")
    draw = models.ForeignKey(Draw, models.PROTECT, related_name="responses", null=True)
    slot = models.CharField(max_length=1)
    is_replaced = models.BooleanField(default=False)
    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")
    depth = models.PositiveSmallIntegerField(
        default=0, help_text=_("How many responses stood in this slot before")
    )
    round = models.PositiveSmallIntegerField(
        default=0, help_text=_("How often the participant had asked again; replacements count for each round")
    )
    seed = models.PositiveIntegerField(help_text=_("Sent to the provider: two samples of a model differ"))
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempt = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=80, blank=True)
    lease_at = models.DateTimeField(null=True, blank=True)
    enqueued_at = models.DateTimeField(default=timezone.now)
    text = models.TextField(blank=True)
    reasoning = models.TextField(
        blank=True, default="", help_text=_("What the model thought aloud before it answered; never shown")
    )
    finish_reason = models.CharField(max_length=30, blank=True)
    failure = models.CharField(
        max_length=30, blank=True, help_text=_("Kind of failure, never the provider's text")
    )
    words = models.PositiveIntegerField(null=True, help_text=_("Of the text, once it is over"))
    copied_from = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="copies",
        help_text=_("The answer that was shown again in place of a call"),
    )
    tokens_in = models.PositiveIntegerField(null=True)
    tokens_out = models.PositiveIntegerField(null=True)
    tokens_reasoning = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("Of the tokens out, those of the reasoning")
    )
    cost = models.DecimalField(
        max_digits=12, decimal_places=6, null=True, help_text=_("Blank where the provider told no usage")
    )
    first_token_ms = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("Until the first word of text or reasoning")
    )
    first_text_ms = models.PositiveIntegerField(null=True)
    total_ms = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ResponseQuerySet.as_manager()

    class Meta:
        ordering = ["slot", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["turn", "slot"], condition=Q(is_replaced=False), name="one_shown_response_per_slot"
            ),
        ]
        indexes = [
            models.Index(fields=["lease_at"], condition=Q(state="streaming"), name="response_leases"),
            models.Index(fields=["enqueued_at"], condition=Q(state="waiting"), name="response_queue"),
        ]

    def __str__(self) -> str:
        return f"response {self.slot} of turn {self.turn_id}"

    @property
    def run(self) -> int:
        return run_number(self.depth, self.attempt)

    def tried(self, failure: str = "") -> Tried:
        """The calls made so far, the one that is under way counted as one with this `failure`."""
        told = self.attempts.filter(failure=BUSY, number__lt=self.attempt).order_by("number")
        moments = list(told.values_list("finished_at", flat=True))
        waited = (timezone.now() - moments[0]).total_seconds() if moments and moments[0] else 0.0
        refusals = len(moments) + (failure == BUSY)
        return Tried(self.attempt - refusals, refusals, waited)

    @property
    def is_finished(self) -> bool:
        return self.state in FINISHED

    @property
    def is_truncated(self) -> bool:
        """The model ran into the greatest length before it was through."""
        return self.finish_reason == LENGTH

    @property
    def is_whole(self) -> bool:
        """The model said all it had to say."""
        return self.state == self.State.DONE and not self.is_truncated

    @property
    def is_rateable(self) -> bool:
        """There is something to judge: text arrived, wholly or in part."""
        return self.is_finished and bool(self.text.strip())


FINISHED = frozenset({Response.State.DONE, Response.State.FAILED, Response.State.STOPPED})


class Attempt(models.Model):
    """One call to a provider, committed before the request is sent. A lost one keeps its text."""

    class State(models.TextChoices):
        STARTED = "started", _("started")
        FINISHED = "finished", _("finished")
        FAILED = "failed", _("failed")
        LOST = "lost", _("lost")
        STOPPED = "stopped", _("stopped by the participant")

    response = models.ForeignKey(Response, models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.STARTED)
    worker = models.CharField(max_length=80, blank=True)
    request = models.JSONField(default=dict, help_text=_("Parameters as sent, without the messages"))
    prompt_sha256 = models.CharField(max_length=64, blank=True)
    text = models.TextField(blank=True)
    failure = models.CharField(max_length=30, blank=True)
    detail = models.CharField(max_length=300, blank=True, help_text=_("For coordinators only"))
    reserved_cost = models.DecimalField(max_digits=12, decimal_places=6, default=0)
    reserved_tokens = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["response", "number"], name="attempt_number")]
        indexes = [models.Index(fields=["started_at"], name="attempt_started")]

    def __str__(self) -> str:
        return f"attempt {self.number} of response {self.response_id}"

    @property
    def duration(self) -> timedelta | None:
        return self.finished_at - self.started_at if self.finished_at else None
