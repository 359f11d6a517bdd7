"""Openings that several people get, and answers that a person rates once more. All append-only.

None of it is a conversation of its own: numbers of conversations, turns and ratings do not change by it.
"""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .chat import Conversation, Turn
from .response import Response


class Opening(models.Model):
    """Whether a conversation begins with a message that several people get, and how that was drawn.

    `key` and `text` are blank where chance left the person a message of their own.
    """

    conversation = models.OneToOneField(Conversation, models.CASCADE, related_name="opening")
    key = models.CharField(max_length=40, blank=True)
    text = models.TextField(blank=True)
    language = models.CharField(max_length=35, blank=True)
    chance = models.FloatField()
    pool = models.JSONField(default=list, help_text=_("Keys of the messages it was drawn from, all alike"))
    seed = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["key"], condition=~Q(key=""), name="opening_given")]

    def __str__(self) -> str:
        return f"opening of conversation {self.conversation_id}"


class Repeat(models.Model):
    """Whether a person rates an earlier opening's answers once more after a conversation, and which.

    `turn` is null where chance said no. The order of slots is another one than at first.
    """

    after = models.OneToOneField(Conversation, models.CASCADE, related_name="repeat")
    turn = models.OneToOneField(Turn, models.CASCADE, null=True, blank=True, related_name="repeat")
    order = models.JSONField(default=list, help_text=_("Ids of the answers in the order shown again"))
    chance = models.FloatField()
    pool = models.JSONField(default=list, help_text=_("Ids of the turns it was drawn from, all alike"))
    seed = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"repeat after conversation {self.after_id}"


class RepeatRating(models.Model):
    """What a person said of an answer the second time, as in Rating, and the slot it then stood in."""

    repeat = models.ForeignKey(Repeat, models.CASCADE, related_name="ratings")
    response = models.OneToOneField(Response, models.CASCADE, related_name="repeat_rating")
    slot = models.CharField(max_length=1)
    score = models.PositiveSmallIntegerField(null=True)
    rank = models.PositiveSmallIntegerField(null=True)
    tie = models.CharField(max_length=10, blank=True)
    trace = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(score=None) | Q(score__gte=1, score__lte=100), name="repeat_score_1_to_100"
            )
        ]

    def __str__(self) -> str:
        return f"second rating of response {self.response_id}"
