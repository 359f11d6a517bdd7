"""Exports: who asked for what, how far it is, and what came out."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from annotations.models import Batch
from conversations.models import Conversation, Dataset
from prism.lib.codes import random_code
from surveys.models import Study


class Export(models.Model):
    """One export job. Files lie in EXPORT_DIR/<code>/; time, person and job stand here, not in them."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        HELD = "held", _("held back")
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
    software = models.JSONField(default=dict, help_text=_("Versions of what the numbers are computed with"))
    values = models.JSONField(
        default=dict, help_text=_("{column: {value: rows}} of the columns that can be filtered by")
    )

    class Meta:
        ordering = ["-made_at", "-id"]

    def __str__(self) -> str:
        return f"leaderboard of {self.made_at:%Y-%m-%d %H:%M}"


class LeaderboardTable(models.Model):
    """What one choice of filters gives over the rows of a state; made once, when it is first asked for.

    Without a document a worker is to make it, who was last asked at `asked_at`.
    """

    leaderboard = models.ForeignKey(Leaderboard, models.CASCADE, related_name="tables")
    choice = models.CharField(
        max_length=800, help_text=_("The filters as a query; empty for those by default")
    )
    document = models.JSONField(null=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["leaderboard", "choice"], name="leaderboard_table_once")
        ]

    def __str__(self) -> str:
        return f"table of leaderboard {self.leaderboard_id}"


class Import(models.Model):
    """One import of another arena's tables into a dataset of a study. Rows, person and time stand here.

    `cursor`: {step, row} up to which everything is stored. `counts`: {step: {read, stored, known,
    refused: {reason: rows}}} and under `made` the new rows by kind.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        STOPPED = "stopped", _("stopped")

    code = models.CharField(max_length=16, unique=True, default=random_code)
    study = models.ForeignKey(Study, models.PROTECT, related_name="imports")
    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="imports")
    is_dry_run = models.BooleanField(default=False, help_text=_("Told what it would do, and stored nothing"))
    by_command = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    cursor = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    rows_done = models.PositiveIntegerField(default=0)
    rows_expected = models.PositiveIntegerField(default=0)
    failure = models.CharField(max_length=300, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    lease_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-requested_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dataset"], condition=Q(state__in=["waiting", "running"]), name="one_import_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"import {self.code}"


class ImportFault(models.Model):
    """A row that was not imported, and why. It holds nothing of the row."""

    run = models.ForeignKey(Import, models.CASCADE, related_name="faults")
    table = models.CharField(max_length=20)
    row = models.PositiveIntegerField()
    reason = models.CharField(max_length=120)

    class Meta:
        ordering = ["table", "row", "id"]

    def __str__(self) -> str:
        return f"row {self.row} of {self.table}"


class LeaderboardDay(models.Model):
    """The scores by default of the last state of a day: the history that is shown, and kept for good.

    `scores`: [{item, score, low, high, rank_low, rank_high, n, component}], the strongest first.
    """

    day = models.DateField(unique=True)
    leaderboard = models.ForeignKey(Leaderboard, models.CASCADE, related_name="days")
    scores = models.JSONField()

    class Meta:
        ordering = ["day"]

    def __str__(self) -> str:
        return f"scores of {self.day}"


class Subject(models.Model):
    """What a conversation is about and the language it is written in, read from its first message by rules.

    `rules` is their version: where they change, it is read anew. Blank is not known.
    """

    conversation = models.OneToOneField(Conversation, models.CASCADE, related_name="subject")
    category = models.CharField(max_length=40, blank=True)
    written_in = models.CharField(max_length=10, blank=True)
    rules = models.CharField(max_length=20)

    def __str__(self) -> str:
        return f"subject of conversation {self.conversation_id}"


class Dissection(models.Model):
    """One run over an annotated batch: which properties each judge, or group of raters, likes or dislikes.

    `options`: whose annotations, which question makes groups, and how it was fitted, its seed among them.
    `document`: what is of the whole run: pairs read and left out, similarity, correlation, marked properties.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    code = models.CharField(max_length=16, unique=True, default=random_code)
    study = models.ForeignKey(Study, models.CASCADE, related_name="dissections")
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="dissections")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    options = models.JSONField(default=dict)
    document = models.JSONField(default=dict)
    pairs = models.PositiveIntegerField(default=0, help_text=_("Annotated pairs that were read"))
    fitting = models.CharField(max_length=80, blank=True, help_text=_("The group of pairs in hand"))
    failure = models.CharField(max_length=300, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    lease_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-requested_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["batch"],
                condition=Q(state__in=["waiting", "running"]),
                name="one_dissection_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"dissection {self.code}"

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)


class DissectionFit(models.Model):
    """One judge in one group of pairs: how much is behind its figures, and how well it tells unseen votes."""

    dissection = models.ForeignKey(Dissection, models.CASCADE, related_name="fits", db_index=False)
    number = models.PositiveIntegerField(help_text=_("In the order of the run"))
    judge = models.CharField(max_length=300)
    group = models.CharField(max_length=80)
    pairs = models.PositiveIntegerField()
    used = models.PositiveIntegerField(help_text=_("Pairs in the fit"))
    votes = models.PositiveIntegerField()
    not_applicable = models.PositiveIntegerField()
    ties = models.PositiveIntegerField()
    inconsistent = models.PositiveIntegerField()
    unlabelled = models.PositiveIntegerField()
    too_few = models.BooleanField()
    poor_sampling = models.BooleanField()
    intercept = models.JSONField(null=True)
    held_out = models.JSONField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["dissection", "judge", "group"], name="dissection_fit_once")
        ]

    def __str__(self) -> str:
        return f"{self.judge} in {self.group}"


class DegreeOfPreference(models.Model):
    """Chance in per cent that a response is preferred if it is the better one in this property alone."""

    fit = models.ForeignKey(DissectionFit, models.CASCADE, related_name="degrees", db_index=False)
    position = models.PositiveSmallIntegerField(help_text=_("Of the property among the 29"))
    property = models.CharField(max_length=60)
    probability = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    marked = models.BooleanField(help_text=_("The interval excludes 50"))
    weight = models.FloatField(help_text=_("Posterior mean on the scale of the logit"))
    deviation = models.FloatField()
    positive = models.FloatField(help_text=_("Chance that the weight is above 0"))
    r_hat = models.FloatField(null=True)
    effective_draws = models.FloatField(null=True)

    class Meta:
        verbose_name_plural = "degrees of preference"
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["fit", "position"], name="degree_once")]

    def __str__(self) -> str:
        return f"{self.property}: {self.probability:.2f} %"
