"""What is noticed about votes, and how many votes are aimed at."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from surveys.models import Study

from .vote import Vote


class VoteSignals(models.Model):
    """What the rules noticed when a vote was given: hints for people, no decision, and never a refusal.

    `evidence` holds the figures by which they judged; no address and no text is among them.
    """

    class Kind(models.TextChoices):
        DRIVEN = "driven", _("the browser said that a program steers it")
        TRAP = "trap", _("a field that people do not see was filled in")
        FAST = "fast", _("faster than anybody reads")
        NO_HANDS = "no_hands", _("neither pointer nor keyboard was used")
        ONE_SIDE = "one_side", _("always the same side")
        REPEATED = "repeated", _("the same first message again and again")
        COMMON = "common", _("the same first message as many people")
        CROWD = "crowd", _("many newcomers from one network")

    vote = models.OneToOneField(Vote, models.CASCADE, related_name="signals")
    found = models.JSONField(default=list, blank=True)
    flagged = models.BooleanField(default=False, help_text=_("What was noticed suffices to doubt the vote"))
    rules_version = models.PositiveSmallIntegerField()
    evidence = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "vote signals"
        constraints = [
            models.CheckConstraint(
                condition=Q(flagged=False) | ~Q(found=[]), name="flagged_vote_has_a_signal"
            )
        ]
        indexes = [models.Index(fields=["vote"], condition=Q(flagged=True), name="vote_flagged")]

    def __str__(self) -> str:
        return f"signals of vote {self.vote_id}"


class Goal(models.Model):
    """How many votes a study hopes for, counted from a day on; its front page shows how far it is."""

    study = models.OneToOneField(Study, models.CASCADE, related_name="goal")
    votes = models.PositiveIntegerField()
    since = models.DateField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(votes__gt=0), name="goal_of_some_votes")]

    def __str__(self) -> str:
        return f"{self.votes} votes for study {self.study_id}"
