"""Who was given which task, and what they are writing about it."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from surveys.models import Enrolment

from .batch import Task


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def open(self) -> "AssignmentQuerySet":
        return self.filter(state=Assignment.State.OPEN)

    def expired(self, moment: datetime) -> "AssignmentQuerySet":
        """Open beyond their time; served by `assignment_expiry`."""
        return self.open().filter(expires_at__lte=moment)


class Assignment(models.Model):
    """A task in the hands of an annotator who signs in, or of a recruited participant.

    Places run from 0 to the overlap less one: an assignment that is open or submitted holds one, and the
    database gives no place twice. Nobody is given a task a second time, however the first one ended.
    What test participants are given holds no place and counts nowhere.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        SUBMITTED = "submitted", _("submitted")
        SKIPPED = "skipped", _("skipped")
        EXPIRED = "expired", _("expired")
        RETURNED = "returned", _("returned")

    task = models.ForeignKey(Task, models.PROTECT, related_name="assignments")
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="assignments", db_index=False
    )
    enrolment = models.ForeignKey(
        Enrolment, models.PROTECT, null=True, related_name="assignments", db_index=False
    )
    is_test = models.BooleanField(default=False, db_default=False)
    place = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    is_swapped = models.BooleanField(default=False, help_text=_("Side 2 was shown first"))
    suggestion = models.ForeignKey(
        "annotations.Annotation",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text=_("What of a judge was shown beside it"),
    )
    opened_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True, help_text=_("Why it was skipped or returned"))

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(annotator=None, enrolment__isnull=False)
                | Q(annotator__isnull=False, enrolment=None),
                name="assignment_is_somebodys",
            ),
            models.UniqueConstraint(
                fields=["task", "place"],
                condition=Q(state__in=["open", "submitted"], is_test=False),
                name="assignment_place_once",
            ),
            models.UniqueConstraint(
                fields=["task", "annotator"],
                condition=~Q(annotator=None),
                name="assignment_once_per_annotator",
            ),
            models.UniqueConstraint(
                fields=["task", "enrolment"],
                condition=~Q(enrolment=None),
                name="assignment_once_per_enrolment",
            ),
        ]
        indexes = [
            models.Index(
                "annotator",
                F("opened_at").desc(),
                condition=~Q(annotator=None),
                name="assignment_of_annotator",
            ),
            models.Index(
                "enrolment",
                F("opened_at").desc(),
                condition=~Q(enrolment=None),
                name="assignment_of_enrolment",
            ),
            models.Index("expires_at", condition=Q(state="open"), name="assignment_expiry"),
        ]

    def __str__(self) -> str:
        return f"assignment {self.place} of task {self.task_id}"

    @property
    def is_counted(self) -> bool:
        """Whether it holds a place: not of a test participant, nor of a task that everybody is given."""
        return not self.is_test and self.task.needed > 0


class Draft(models.Model):
    """What an annotator has chosen and not submitted; `data` is the posted form. Deleted at submit."""

    assignment = models.OneToOneField(Assignment, models.CASCADE, related_name="draft")
    data = models.JSONField(default=dict)
    updated_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"draft of assignment {self.assignment_id}"
