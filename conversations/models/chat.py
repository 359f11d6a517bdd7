"""A conversation and what the participant did in it; all but Conversation itself are append-only."""

import re

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from prism.lib.codes import random_number
from surveys.models import Device, Enrolment, Study

from .registry import Protocol


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def kept(self) -> "ConversationQuerySet":
        return self.exclude(state=Conversation.State.ABANDONED)

    def complete(self) -> "ConversationQuerySet":
        return self.filter(state=Conversation.State.COMPLETE)

    def unfinished(self) -> "ConversationQuerySet":
        return self.filter(state__in=[Conversation.State.OPEN, Conversation.State.FEEDBACK])

    def readable_by(self, device: Device) -> "ConversationQuerySet":
        """What this device may see: everything when trusted, else only what it made itself."""
        mine = self.filter(enrolment_id=device.enrolment_id)
        return mine if device.is_trusted else mine.filter(device=device)

    def coded(self, code: str) -> "ConversationQuerySet":
        """The one with this code, such as c123456789; none for what is no code."""
        return self.filter(number=code[1:]) if re.fullmatch(r"c[1-9][0-9]{8}", code) else self.none()


class Conversation(models.Model):
    class State(models.TextChoices):
        OPEN = "open", _("open")
        FEEDBACK = "feedback", _("feedback due")
        COMPLETE = "complete", _("complete")
        ABANDONED = "abandoned", _("set aside")

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="conversations")
    study = models.ForeignKey(Study, models.PROTECT, related_name="conversations")
    protocol = models.ForeignKey(Protocol, models.PROTECT)
    device = models.ForeignKey(Device, models.PROTECT)
    type = models.CharField(max_length=40)
    number = models.PositiveIntegerField(default=random_number)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    started_at = models.DateTimeField(default=timezone.now)
    chat_finished_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    mode = models.CharField(max_length=20, blank=True, default="", help_text=_("How its pair is drawn"))
    picked = models.JSONField(default=list, blank=True, help_text=_("Ids of models picked by hand"))
    topic = models.CharField(max_length=40, blank=True, default="")
    language = models.CharField(
        max_length=35, blank=True, default="", help_text=_("Of the page where it began")
    )
    revealed_at = models.DateTimeField(null=True, blank=True)
    share_key = models.CharField(max_length=40, null=True, blank=True, unique=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "number"], name="conversation_number")]
        indexes = [models.Index(fields=["enrolment", "state"])]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        return f"c{self.number}"


class Turn(models.Model):
    """A participant's message. `key` makes a double submit one turn. Append-only."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="turns")
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=40)
    text = models.TextField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "number"], name="turn_number"),
            models.UniqueConstraint(fields=["conversation", "key"], name="turn_key"),
        ]

    def __str__(self) -> str:
        return f"turn {self.number} of conversation {self.conversation_id}"


class Draw(models.Model):
    """How models were drawn: the pool with exposure, weight and inclusion probability, seed and result."""

    turn = models.ForeignKey(Turn, models.CASCADE, related_name="draws")
    is_replacement = models.BooleanField(default=False)
    seed = models.CharField(max_length=64)
    rule = models.JSONField()
    pool = models.JSONField(help_text=_("[{model, exposure, weight, inclusion}]"))
    drawn = models.JSONField(help_text=_("Model ids in slot order"))
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"draw {self.pk} for turn {self.turn_id}"


class Rating(models.Model):
    """What a participant said of one response: a score with the way the slider went, or its place among the
    answers of the turn. Append-only; the protocol's version has the words of the scale.
    """

    class Kind(models.TextChoices):
        SLIDER = "slider", _("slider")
        LIKERT = "likert", _("Likert scale")
        PAIRWISE = "pairwise", _("choice of the best")
        RANKING = "ranking", _("ranking")

    class Tie(models.TextChoices):
        EQUAL = "equal", _("None is better")
        BOTH_GOOD = "both_good", _("All are good")
        BOTH_BAD = "both_bad", _("All are bad")

    response = models.OneToOneField("conversations.Response", models.CASCADE, related_name="rating")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SLIDER)
    score = models.PositiveSmallIntegerField(null=True, help_text=_("Null: left untouched, or compared"))
    rank = models.PositiveSmallIntegerField(
        null=True, help_text=_("Place among the turn's answers, 1 is best; equal places are shared")
    )
    tie = models.CharField(
        max_length=10, choices=Tie, blank=True, default="", help_text=_("Why no answer of the turn was named")
    )
    trace = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(score=None) | models.Q(score__gte=1, score__lte=100), name="score_1_to_100"
            ),
            models.CheckConstraint(
                condition=models.Q(kind="slider", rank=None, tie="")
                | models.Q(models.Q(score=None) | models.Q(score__lte=11), kind="likert", rank=None, tie="")
                | models.Q(
                    models.Q(rank=None) | models.Q(rank__gte=1, rank__lte=8),
                    kind="ranking",
                    score=None,
                    tie="",
                )
                | models.Q(
                    models.Q(rank=None, tie="") | models.Q(rank=1) | models.Q(rank=2, tie=""),
                    kind="pairwise",
                    score=None,
                    tie__in=["", "equal", "both_good", "both_bad"],
                ),
                name="rating_by_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"rating of response {self.response_id}"


class Choice(models.Model):
    """The winner of a turn, decided by the server; rule, seed and tied slots are recorded. Append-only."""

    turn = models.OneToOneField(Turn, models.CASCADE, related_name="choice")
    response = models.ForeignKey("conversations.Response", models.CASCADE, related_name="+")
    rule = models.CharField(max_length=20)
    tied = models.JSONField(default=list)
    seed = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"choice of turn {self.turn_id}"


class Feedback(models.Model):
    """What a participant said of a whole conversation.

    `performance` and `choice`: {attribute: {"value": 1–100 or null, "status": answered, untouched or
    not_applicable, "trace": {…}}}. Append-only.
    """

    conversation = models.OneToOneField(Conversation, models.CASCADE, related_name="feedback")
    performance = models.JSONField()
    choice = models.JSONField()
    order = models.JSONField(default=dict)
    text = models.TextField(blank=True)
    blocks = models.JSONField(
        default=dict, help_text=_("The study's own questions: {key: {value, status, trace}}")
    )
    texts = models.JSONField(default=dict, help_text=_("What was written in answer to them, by key"))
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "feedback"

    def __str__(self) -> str:
        return f"feedback on conversation {self.conversation_id}"
