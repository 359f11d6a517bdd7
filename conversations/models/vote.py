"""What a person says of two answers side by side. All append-only.

A vote compares the two answers of a turn and is given once. A reaction is feedback on one answer; it is shown
and exported as that, and never becomes a vote.
"""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .chat import Conversation, Draw, Turn
from .registry import LanguageModel
from .response import Response


class Vote(models.Model):
    """The choice between the answers of a turn, with all that decides where it may be counted.

    `style_a`, `style_b`: counts of what is visible, {characters, headers, bold, lists, emoji, code_blocks}.
    `leaks`: [{slot, turn, start, end, rule}] where an answer said who wrote it, in this turn or before.
    The voter is `turn.conversation.enrolment.participant`, a random code. A blank choice was erased.
    """

    class Choice(models.TextChoices):
        A_BETTER = "a_better", _("A is better")
        B_BETTER = "b_better", _("B is better")
        BOTH_GOOD = "both_good", _("Both are good")
        BOTH_BAD = "both_bad", _("Both are bad")
        IDK = "idk", _("I don't know")
        EQUAL = "equal", _("Equal, where both good and both bad were not asked apart")

    turn = models.OneToOneField(Turn, models.CASCADE, related_name="vote")
    choice = models.CharField(max_length=10, choices=Choice, blank=True)
    response_a = models.ForeignKey(Response, models.RESTRICT, related_name="+")
    response_b = models.ForeignKey(Response, models.RESTRICT, related_name="+")
    model_a = models.ForeignKey(LanguageModel, models.PROTECT, related_name="+")
    model_b = models.ForeignKey(LanguageModel, models.PROTECT, related_name="+")
    draw = models.ForeignKey(
        Draw, models.RESTRICT, null=True, related_name="+", help_text=_("Seed and order of the slots")
    )
    blind = models.BooleanField(help_text=_("Given before the person knew the models"))
    mode = models.CharField(max_length=20, help_text=_("How the pair came about"))
    custom = models.BooleanField(default=False, help_text=_("The person picked a model by hand"))
    cached = models.BooleanField(default=False, help_text=_("An answer was not made for this message"))
    language = models.CharField(max_length=35, blank=True, help_text=_("Of the page"))
    topic = models.CharField(max_length=40, blank=True, help_text=_("Of the suggestion, if one was used"))
    reasons_a = models.JSONField(default=list, blank=True)
    reasons_b = models.JSONField(default=list, blank=True)
    comment = models.TextField(blank=True)
    style_a = models.JSONField(default=dict)
    style_b = models.JSONField(default=dict)
    first_text_ms_a = models.PositiveIntegerField(null=True)
    first_text_ms_b = models.PositiveIntegerField(null=True)
    total_ms_a = models.PositiveIntegerField(null=True)
    total_ms_b = models.PositiveIntegerField(null=True)
    failed_a = models.BooleanField(default=False, help_text=_("The answer stopped before its end"))
    failed_b = models.BooleanField(default=False, help_text=_("The answer stopped before its end"))
    replaced_a = models.BooleanField(default=False, help_text=_("Another model was drawn first"))
    replaced_b = models.BooleanField(default=False, help_text=_("Another model was drawn first"))
    leaked_a = models.BooleanField(default=False)
    leaked_b = models.BooleanField(default=False)
    leaks = models.JSONField(default=list)
    ms_to_vote = models.PositiveIntegerField(null=True, help_text=_("Since the later answer was complete"))
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(choice__in=["", "a_better", "b_better", "both_good", "both_bad", "idk", "equal"]),
                name="vote_choice",
            ),
            models.CheckConstraint(condition=~Q(model_a=F("model_b")), name="vote_on_two_models"),
            models.CheckConstraint(condition=~Q(response_a=F("response_b")), name="vote_on_two_answers"),
        ]
        indexes = [models.Index(fields=["at", "id"], name="vote_by_time")]

    def __str__(self) -> str:
        return f"vote on turn {self.turn_id}"

    @property
    def flagged(self) -> bool:
        """Whether what was noticed of it suffices to doubt it; of an imported vote nothing was."""
        signals = getattr(self, "signals", None)
        return bool(signals and signals.flagged)


class Reaction(models.Model):
    """Thumbs up or down on one answer; the newest row of an answer counts, null withdraws it."""

    response = models.ForeignKey(Response, models.CASCADE, related_name="reactions")
    liked = models.BooleanField(null=True)
    reasons = models.JSONField(default=list, blank=True)
    comment = models.TextField(blank=True)
    blind = models.BooleanField(help_text=_("Given before the person knew the models"))
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["response", "id"], name="reaction_newest")]

    def __str__(self) -> str:
        return f"reaction to response {self.response_id}"


class Report(models.Model):
    """Something in a conversation that somebody wants the team to look at; a shared one by anybody."""

    class Kind(models.TextChoices):
        HARMFUL = "harmful", _("It is harmful or illegal")
        PERSONAL = "personal", _("It shows personal data")
        BROKEN = "broken", _("Something does not work")
        OTHER = "other", _("Something else")

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=20, choices=Kind)
    text = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"report on conversation {self.conversation_id}"
