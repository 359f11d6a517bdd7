"""Quotas of a study: versions of their definition, the cells with their counts, and the seats in them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .participant import Enrolment
from .study import Study


class Quota(models.Model):
    """One version of a study's quotas; the row never changes, an edit makes the next version."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="quotas")
    version = models.PositiveIntegerField()
    document = models.TextField()
    sha256 = models.CharField(max_length=64)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "version"], name="quota_version")]

    def __str__(self) -> str:
        return f"quotas of {self.study_id} v{self.version}"


class Cell(models.Model):
    """A stratum of one table. The counts are kept by the seats' own transactions and never pass the target.

    Without a target the cell is open to all: it holds the people outside the targets. `extra` are places
    beyond the target that a coordinator granted, or that an edit of the targets found taken.
    """

    quota = models.ForeignKey(Quota, models.CASCADE, related_name="cells")
    table = models.CharField(max_length=60)
    key = models.CharField(max_length=200)
    categories = models.JSONField(default=list)
    position = models.PositiveIntegerField()
    share = models.FloatField(null=True)
    target = models.PositiveIntegerField(null=True)
    extra = models.PositiveIntegerField(default=0)
    reserved = models.PositiveIntegerField(default=0)
    complete = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["quota", "table", "key"], name="cell_once"),
            models.CheckConstraint(
                condition=Q(target=None) | Q(reserved__lte=F("target") + F("extra") - F("complete")),
                name="cell_not_above_target",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table}: {self.key}"


class Seat(models.Model):
    """A person's place in a cell. A released seat stays as a row; only one at a time is active per table."""

    class State(models.TextChoices):
        RESERVED = "reserved", _("reserved")
        CONFIRMED = "confirmed", _("confirmed")
        RELEASED = "released", _("released")

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="seats")
    cell = models.ForeignKey(Cell, models.PROTECT, related_name="seats")
    table = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=State, default=State.RESERVED)
    reason = models.CharField(max_length=20, blank=True, help_text=_("Why it was released"))
    hold = models.DurationField()
    reserved_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text=_("When it was confirmed or released"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "table"],
                condition=~Q(state="released"),
                name="one_active_seat_per_table",
            ),
            models.CheckConstraint(
                condition=Q(state="reserved", ended_at=None)
                | (~Q(state="reserved") & Q(ended_at__isnull=False)),
                name="seat_end_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(state="reserved"), name="seat_expiry"),
            models.Index(fields=["cell", "state", "ended_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.state} seat of enrolment {self.enrolment_id}"
