"""A batch of texts to annotate: its tasks, and the one or two sides of each."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.models import Response, Turn
from surveys.models import Study

from .rubric import RubricVersion


class BatchQuerySet(models.QuerySet["Batch"]):
    def open(self) -> "BatchQuerySet":
        return self.filter(state=Batch.State.OPEN)


class Batch(models.Model):
    """Tasks that are annotated by one version of a rubric, each by `overlap` people.

    `description`: how the source was read: filters, sampling and seed, or name and SHA-256 of the file.
    """

    class Kind(models.TextChoices):
        SINGLE = "single", _("single responses")
        PAIR = "pair", _("pairs of responses")

    class Source(models.TextChoices):
        CONVERSATIONS = "conversations", _("conversations of the study")
        FILE = "file", _("a file")
        ARENA = "arena", _("votes of the arena")

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    class Suggestions(models.TextChoices):
        OFF = "off", _("none")
        ON = "on", _("for every task")
        HALF = "half", _("for half of the tasks, drawn by the batch's seed")

    class Filling(models.TextChoices):
        NONE = "", _("nothing to fill in")
        WAITING = "waiting", _("waiting for a worker")
        RUNNING = "running", _("being filled")
        FAILED = "failed", _("failed")

    study = models.ForeignKey(Study, models.CASCADE, related_name="batches", db_index=False)
    slug = models.SlugField(max_length=60)
    title = models.CharField(max_length=200)
    rubric_version = models.ForeignKey(RubricVersion, models.PROTECT, related_name="batches")
    kind = models.CharField(max_length=8, choices=Kind)
    source = models.CharField(max_length=14, choices=Source)
    description = models.JSONField(default=dict, blank=True)
    overlap = models.PositiveSmallIntegerField(default=1, help_text=_("So many people annotate each task"))
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    order_seed = models.PositiveIntegerField(default=0, help_text=_("Of the order of tasks and of sides"))
    suggestions = models.CharField(
        max_length=4, choices=Suggestions, default=Suggestions.OFF, db_default="off"
    )
    suggestion_run = models.ForeignKey(
        "annotations.JudgeRun",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Whose annotations are suggested"),
    )
    minutes_to_expiry = models.PositiveIntegerField(
        default=60, help_text=_("An opened task goes back after so many minutes")
    )
    most_per_annotator = models.PositiveIntegerField(default=0, help_text=_("0 means no limit"))
    gold_share = models.FloatField(
        default=0, help_text=_("Share of gold items among the tasks an annotator gets, 0 to 1")
    )
    tags = models.JSONField(default=list, blank=True, help_text=_("Expertise that an annotator must have"))
    languages = models.JSONField(
        default=list, blank=True, help_text=_("Languages of its tasks; blank: not said")
    )
    guidelines = models.TextField(blank=True, help_text=_("Markdown; shown beside the tasks"))
    filling = models.CharField(max_length=8, choices=Filling, blank=True, default="")
    filling_at = models.DateTimeField(null=True, help_text=_("Last sign of life of whoever fills it"))
    problem = models.CharField(max_length=1000, blank=True, default="", help_text=_("Why it was not filled"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "batches"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["study", "slug"], name="batch_of_study"),
            models.CheckConstraint(condition=Q(overlap__gte=1), name="batch_is_annotated"),
            models.CheckConstraint(
                condition=Q(gold_share__gte=0, gold_share__lte=1), name="batch_gold_share"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def is_of_records(self) -> bool:
        """Whether its tasks were imported with their annotations, and with texts as they were."""
        return "records" in self.description

    @property
    def is_looked_through(self) -> bool:
        """Whether personal data was masked in imported records since."""
        return "looked_through" in self.description

    @property
    def is_filling(self) -> bool:
        """Whether a worker is still to store some of its tasks."""
        return self.filling in (self.Filling.WAITING, self.Filling.RUNNING)


class TaskQuerySet(models.QuerySet["Task"]):
    def free(self) -> "TaskQuerySet":
        """Those that somebody may still be given, the most informative first; served by `task_next`."""
        return self.filter(taken__lt=F("needed"), erased_at=None).order_by("-priority", "number")

    def available(self) -> "TaskQuerySet":
        """Those with a place left, and those that everybody is given."""
        return self.filter(Q(needed=0) | Q(taken__lt=F("needed")), erased_at=None)

    def finished(self) -> "TaskQuerySet":
        """Those that need no annotation any more; not those that everybody is given."""
        return self.filter(needed__gt=0, done__gte=F("needed"))


class Task(models.Model):
    """A query with the response or the pair that is annotated. It knows no name of a model.

    `taken` counts assignments that are open or submitted, `done` those that are submitted; whoever changes
    the state of an assignment changes them in the same transaction, by compare-and-set. `needed` is the
    batch's overlap, and the database lets nobody take more; 0 where every annotator is given it once, as with
    training and known answers, and nothing is counted.
    `context`: earlier turns, [{role, text}]. `facts`: what a file says of the query, {slug of fact: value}.
    `preferences`: {judge: response_1 | response_2 | tie | inconsistent}, as imported.
    """

    class ScenarioSource(models.TextChoices):
        IMPORT = "import", _("the imported file")
        TAG = "tag", _("a tag")
        CLASSIFIER = "classifier", _("the classifier")
        JUDGE = "judge", _("a judge")
        PERSON = "person", _("a person")

    # That the batch is there is checked by statement (`prism.lib.references`).
    batch = models.ForeignKey(
        Batch, models.CASCADE, related_name="tasks", db_index=False, db_constraint=False
    )
    number = models.PositiveIntegerField(help_text=_("From 1, in the order of the source"))
    key = models.CharField(max_length=120, help_text=_("Its id in the source"))
    turn = models.ForeignKey(Turn, models.PROTECT, null=True, related_name="annotation_tasks")
    query = models.TextField(blank=True)
    context = models.JSONField(default=list)
    language = models.CharField(max_length=35, blank=True)
    tags = models.JSONField(default=list)
    scenario = models.CharField(max_length=80, blank=True)
    scenario_group = models.CharField(max_length=40, blank=True)
    scenario_source = models.CharField(max_length=10, choices=ScenarioSource, blank=True)
    needed = models.PositiveSmallIntegerField(default=1)
    taken = models.PositiveSmallIntegerField(default=0)
    done = models.PositiveSmallIntegerField(default=0)
    priority = models.FloatField(default=0, help_text=_("Expected information; the highest comes first"))
    gold = models.JSONField(null=True, blank=True, help_text=_("Known answers, by slug of the property"))
    is_training = models.BooleanField(default=False)
    facts = models.JSONField(default=dict)
    preferences = models.JSONField(default=dict)
    reference = models.TextField(blank=True, help_text=_("A reference answer, for finding errors"))
    erased_at = models.DateTimeField(null=True, help_text=_("Its texts are gone; nobody is given it"))

    objects = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="task_number"),
            models.UniqueConstraint(fields=["batch", "key"], name="task_key"),
            models.CheckConstraint(condition=Q(taken__lte=F("needed")), name="task_not_above_overlap"),
            models.CheckConstraint(condition=Q(done__lte=F("taken")), name="task_done_was_taken"),
        ]
        indexes = [
            models.Index(
                "batch",
                F("priority").desc(),
                "number",
                condition=Q(taken__lt=F("needed"), erased_at=None),
                name="task_next",
            ),
            # How far a batch is, read without the texts.
            models.Index(fields=["batch"], include=["id", "done", "needed"], name="task_progress"),
            models.Index("batch", condition=~Q(erased_at=None), name="task_erased"),
            models.Index("batch", "scenario_group", name="task_scenario"),
            models.Index("batch", condition=Q(gold__isnull=False), name="task_gold"),
            models.Index("batch", condition=Q(is_training=True), name="task_training"),
        ]

    def __str__(self) -> str:
        return f"task {self.number} of batch {self.batch_id}"

    @property
    def in_hand(self) -> int:
        """Annotators who have it open."""
        return self.taken - self.done

    @property
    def is_finished(self) -> bool:
        return 0 < self.needed <= self.done


class Side(models.Model):
    """One response of a task. Who wrote it is kept for the analysis and shown to no annotator."""

    pk = models.CompositePrimaryKey("task_id", "number")
    # That the task is there is checked by statement (`prism.lib.references`).
    task = models.ForeignKey(Task, models.CASCADE, related_name="sides", db_index=False, db_constraint=False)
    number = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True)
    words = models.PositiveIntegerField(default=0)
    counter = models.CharField(max_length=40, blank=True, help_text=_("What counted the words"))
    response = models.ForeignKey(
        Response, models.PROTECT, null=True, related_name="annotation_sides", db_index=False
    )
    model_name = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["task", "number"], name="side_of_task"),
            models.CheckConstraint(condition=Q(number__in=[1, 2]), name="side_is_first_or_second"),
        ]
        indexes = [models.Index("response", condition=~Q(response=None), name="side_of_response")]

    def __str__(self) -> str:
        return f"side {self.number} of task {self.task_id}"
