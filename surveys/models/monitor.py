"""What the monitor keeps of its own: when somebody first saw a page, and what coordinators wrote to them."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from .participant import Enrolment


class PageView(models.Model):
    """The first time a page of the survey, or another stage, was shown to a participant.

    A submit tells only of those who got through a page; this row tells of those who did not.
    """

    # The unique constraint's index begins with the enrolment: one less to keep up at every page.
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="page_views", db_index=False)
    page = models.CharField(max_length=80)
    shown_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enrolment", "page"], name="page_view_once")]

    def __str__(self) -> str:
        return f"first view of {self.page} by enrolment {self.enrolment_id}"


class Notice(models.Model):
    """A coordinator's message, on the participant's next pages until they say that they read it."""

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="notices")
    text = models.CharField(max_length=1000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(default=timezone.now)
    mailed_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["enrolment"], condition=models.Q(read_at=None), name="notice_unread")]

    def __str__(self) -> str:
        return f"message to enrolment {self.enrolment_id}"
