"""A judge's way through a batch: its run, the tasks of it, every call, and what could not be used."""

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .annotation import Annotation
from .batch import Batch, Task
from .judge import Judge


class JudgeRun(models.Model):
    """One judge over the tasks of one batch.

    `counted_cost` and `counted_tokens` are what all its calls have cost, those under way and those that were
    lost with their worker at the most they may cost. A call adds its share in the statement that finds room
    under the caps, and the database lets no call begin beyond them.
    """

    class State(models.TextChoices):
        READY = "ready", _("not started")
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="judge_runs")
    judge = models.ForeignKey(Judge, models.PROTECT, related_name="runs")
    state = models.CharField(max_length=10, choices=State, default=State.READY)
    reason = models.CharField(max_length=300, blank=True, help_text=_("Why it paused by itself"))
    most_cost = models.DecimalField(
        max_digits=12, decimal_places=6, null=True, blank=True, help_text=_("In the currency of the model")
    )
    most_tokens = models.PositiveBigIntegerField(
        null=True, blank=True, help_text=_("Read and written together")
    )
    counted_cost = models.DecimalField(max_digits=14, decimal_places=6, default=Decimal(0))
    counted_tokens = models.PositiveBigIntegerField(default=0)
    lanes = models.PositiveSmallIntegerField(default=8, help_text=_("Tasks worked on at a time"))
    estimate = models.JSONField(default=dict, help_text=_("Calls, tokens and cost as expected beforehand"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "judge"], condition=~Q(state="cancelled"), name="judge_run_once"
            ),
            models.CheckConstraint(condition=Q(lanes__gte=1), name="judge_run_has_a_lane"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of judge {self.judge_id}"

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.DONE, self.State.CANCELLED)


class JudgedTaskQuerySet(models.QuerySet["JudgedTask"]):
    def due(self, moment: datetime) -> "JudgedTaskQuerySet":
        """Those that a lane may take up now, in the order of the batch; served by `judged_task_next`."""
        waiting = self.filter(state=JudgedTask.State.WAITING)
        return waiting.filter(Q(due_at=None) | Q(due_at__lte=moment)).order_by("number")

    def abandoned(self, moment: datetime) -> "JudgedTaskQuerySet":
        """In the hands of a worker that gave no sign of life."""
        return self.filter(state=JudgedTask.State.CLAIMED, lease_until__lte=moment)

    def under_way(self) -> "JudgedTaskQuerySet":
        return self.filter(state__in=[JudgedTask.State.WAITING, JudgedTask.State.CLAIMED])


class JudgedTask(models.Model):
    """A task in a run. `claims` grows with each claim, and only its latest holder may write.

    Its results: an annotation for each order asked, a preference, or a scenario.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        CLAIMED = "claimed", _("being judged")
        DONE = "done", _("judged")
        QUARANTINED = "quarantined", _("unusable")
        LEFT_OUT = "left_out", _("left out")

    run = models.ForeignKey(JudgeRun, models.CASCADE, related_name="judged", db_index=False)
    task = models.ForeignKey(Task, models.CASCADE, related_name="judged")
    number = models.PositiveIntegerField(help_text=_("Of the task in its batch"))
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    claims = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text=_("Not to be taken up before"))
    annotation = models.OneToOneField(Annotation, models.PROTECT, null=True, related_name="judged")
    swapped_annotation = models.OneToOneField(
        Annotation, models.PROTECT, null=True, related_name="judged_swapped"
    )
    preference = models.CharField(max_length=12, blank=True)
    scenario = models.CharField(max_length=80, blank=True, default="")
    finished_at = models.DateTimeField(null=True)

    objects = JudgedTaskQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "task"], name="judged_task_once"),
            models.CheckConstraint(
                condition=Q(preference__in=["", "response_1", "response_2", "tie", "inconsistent"]),
                name="judged_task_preference",
            ),
            models.CheckConstraint(
                condition=~Q(state="done")
                | Q(annotation__isnull=False)
                | ~Q(preference="")
                | ~Q(scenario=""),
                name="judged_task_has_a_result",
            ),
        ]
        indexes = [
            models.Index("run", "number", condition=Q(state="waiting"), name="judged_task_next"),
            models.Index("lease_until", condition=Q(state="claimed"), name="judged_task_lease"),
        ]

    def __str__(self) -> str:
        return f"task {self.task_id} in run {self.run_id}"


class JudgeCall(models.Model):
    """One call for one step, committed before the request is sent.

    `finished` replies are valid and are never asked for again; `invalid` ones came and cannot be used; of
    one that was `lost` with its worker nobody knows what it cost, so the most it could stays counted.
    """

    class State(models.TextChoices):
        STARTED = "started", _("under way")
        FINISHED = "finished", _("finished")
        INVALID = "invalid", _("not valid")
        FAILED = "failed", _("failed")
        LOST = "lost", _("lost")

    judged = models.ForeignKey(JudgedTask, models.CASCADE, related_name="calls", db_index=False)
    step = models.CharField(max_length=40)
    is_swapped = models.BooleanField(default=False, help_text=_("Response 2 was shown as the first"))
    number = models.PositiveSmallIntegerField(help_text=_("Among the calls of the step, from 1"))
    state = models.CharField(max_length=10, choices=State, default=State.STARTED)
    worker = models.CharField(max_length=80, blank=True)
    prompt_sha256 = models.CharField(max_length=64)
    text = models.TextField(blank=True, help_text=_("The reply as it came"))
    answer = models.JSONField(null=True, help_text=_("What a valid reply says"))
    finish_reason = models.CharField(max_length=30, blank=True)
    failure = models.CharField(max_length=30, blank=True)
    detail = models.CharField(max_length=300, blank=True, help_text=_("For coordinators only"))
    reserved_cost = models.DecimalField(max_digits=12, decimal_places=6, default=0)
    reserved_tokens = models.PositiveBigIntegerField(default=0)
    tokens_in = models.PositiveIntegerField(null=True)
    tokens_out = models.PositiveIntegerField(null=True)
    cost = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["judged", "step", "is_swapped", "number"], name="judge_call_number"
            ),
            models.UniqueConstraint(
                fields=["judged", "step", "is_swapped"],
                condition=Q(state__in=["started", "finished"]),
                name="judge_call_never_repeated",
            ),
            models.CheckConstraint(
                condition=~Q(state="finished") | Q(answer__isnull=False), name="judge_call_has_an_answer"
            ),
        ]
        indexes = [models.Index(F("started_at").desc(), name="judge_call_newest")]

    def __str__(self) -> str:
        return f"call {self.number} for {self.step} of judged task {self.judged_id}"


class Quarantine(models.Model):
    """A task whose reply could not be used, also after it was asked to be repaired: the call, and why."""

    judged = models.OneToOneField(JudgedTask, models.CASCADE, related_name="quarantine")
    call = models.ForeignKey(JudgeCall, models.CASCADE, related_name="+")
    reason = models.CharField(max_length=300)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "quarantine"
        ordering = ["judged"]

    def __str__(self) -> str:
        return f"quarantine of judged task {self.judged_id}"
