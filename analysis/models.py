"""Exports: who asked for what, how far it is, and what came out."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from prism.lib.codes import random_code
from surveys.models import Study


class Export(models.Model):
    """One export job. Files lie in EXPORT_DIR/<code>/; time, person and job stand here, not in them."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        DELETED = "deleted", _("deleted")

    code = models.CharField(max_length=16, unique=True, default=random_code)
    study = models.ForeignKey(Study, models.PROTECT, related_name="exports")
    format = models.CharField(max_length=20, default="prism")
    filters = models.JSONField(default=dict)
    release_seed = models.CharField(max_length=80, blank=True)
    is_full = models.BooleanField(
        default=False, help_text=_("With free text; needs the right to export in full")
    )
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    rows_done = models.PositiveIntegerField(default=0)
    rows_expected = models.PositiveIntegerField(default=0)
    manifest = models.JSONField(default=dict)
    failure = models.CharField(max_length=300, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    lease_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    people_erased = models.PositiveIntegerField(
        default=0, help_text=_("How many of the people in it were erased or have withdrawn since")
    )

    class Meta:
        ordering = ["-requested_at", "-id"]

    def __str__(self) -> str:
        return f"{self.format} export {self.code}"


class Leaderboard(models.Model):
    """One state of the arena's public votes, from which the public page is computed.

    The rows lie in a file (`analysis/leaderboard/public_rows.py`) until the next state; the newest row holds.
    """

    made_at = models.DateTimeField(default=timezone.now)
    seed = models.PositiveIntegerField(help_text=_("Of the draws behind the intervals of ranks"))
    code_version = models.CharField(max_length=80)
    rows_total = models.PositiveIntegerField()
    rows_sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["-made_at", "-id"]

    def __str__(self) -> str:
        return f"leaderboard of {self.made_at:%Y-%m-%d %H:%M}"


class LeaderboardTable(models.Model):
    """What one choice of filters gives over the rows of a state; made once, when it is first asked for."""

    leaderboard = models.ForeignKey(Leaderboard, models.CASCADE, related_name="tables")
    choice = models.CharField(
        max_length=300, help_text=_("The filters as a query; empty for those by default")
    )
    document = models.JSONField()
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["leaderboard", "choice"], name="leaderboard_table_once")
        ]

    def __str__(self) -> str:
        return f"table of leaderboard {self.leaderboard_id}"
