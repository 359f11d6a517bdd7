"""What was submitted about a task, in rows that can be filtered by property. All append-only.

A property is named by its position in the version of the rubric: properties first, by id, then the facts
about the query (`RubricDocument.fields`). Side 0 holds what is asked once: facts, and properties of a pair.

That an annotation is of a task, and values, items and errors of an annotation, is checked by statement
(`prism.lib.references`). Rows of lists are known by their place and have no number of their own: it would
take one more index for each of the twenty rows of a pair.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .assignment import Assignment
from .batch import Task


class Status(models.IntegerChoices):
    """How a value came about; never told from the value itself."""

    UNTOUCHED = 0, _("untouched")
    CONFIRMED = 1, _("a default that was confirmed")
    CHOSEN = 2, _("chosen")
    NOT_ASKED = 3, _("not asked")


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    def current(self) -> "AnnotationQuerySet":
        """Without test participants' and those that a newer revision of the same assignment replaced."""
        newer = Annotation.objects.filter(
            assignment=OuterRef("assignment"), revision__gt=OuterRef("revision")
        )
        return self.filter(~Exists(newer), Q(assignment=None) | Q(assignment__is_test=False))


class Annotation(models.Model):
    """One annotation of a task. A correction is the next revision; the newest counts.

    People's hang on their assignment; those of judges and files have none and say so by their origin.
    """

    class Origin(models.TextChoices):
        PERSON = "person", _("a person")
        JUDGE = "judge", _("a judge")
        IMPORT = "import", _("a file")

    task = models.ForeignKey(Task, models.PROTECT, related_name="annotations", db_constraint=False)
    assignment = models.ForeignKey(
        Assignment, models.PROTECT, null=True, related_name="annotations", db_index=False
    )
    revision = models.PositiveSmallIntegerField(default=0)
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.PERSON)
    source = models.CharField(
        max_length=120, blank=True, help_text=_("Who gave an imported one, as the file says")
    )
    seconds = models.FloatField(null=True, help_text=_("From opening to submitting"))
    active_seconds = models.FloatField(null=True, help_text=_("Of them those in which something was done"))
    comment = models.TextField(blank=True)
    flag = models.CharField(max_length=40, blank=True, help_text=_("Why a coordinator should look at it"))
    suggestion_shown = models.BooleanField(default=False)
    suggested_by = models.ForeignKey(
        "annotations.JudgeRun",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text=_("Whose suggestion was shown"),
    )
    submitted_at = models.DateTimeField(default=timezone.now)

    objects = AnnotationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "revision"],
                condition=~Q(assignment=None),
                name="annotation_revision_once",
            ),
            models.CheckConstraint(
                condition=~Q(origin="person") | Q(assignment__isnull=False), name="annotation_of_a_person"
            ),
            models.CheckConstraint(
                condition=Q(suggestion_shown=False, suggested_by=None)
                | Q(suggestion_shown=True, suggested_by__isnull=False),
                name="annotation_suggestion_is_somebodys",
            ),
        ]

    def __str__(self) -> str:
        return f"annotation {self.pk} of task {self.task_id}"


class Values(models.Model):
    """The values of one side, by position: `scores[p]` with `statuses[p]`.

    A score is null where nothing was said. List properties have their rows in ItemAnswer and ErrorFound
    and no score here, but that the counts of errors by severity are stored as the scores of these. What
    is computed is read from the side: it has no score, and is not asked.
    """

    pk = models.CompositePrimaryKey("annotation_id", "side")
    annotation = models.ForeignKey(
        Annotation, models.PROTECT, related_name="values", db_index=False, db_constraint=False
    )
    side = models.PositiveSmallIntegerField()
    scores = ArrayField(models.SmallIntegerField(null=True))
    statuses = ArrayField(models.SmallIntegerField(choices=Status))
    is_checkable = models.BooleanField(null=True, help_text=_("Whether errors can be judged at all"))
    taken_over = ArrayField(
        models.SmallIntegerField(),
        null=True,
        help_text=_("Positions whose value was taken over from a suggestion by one act; null for none"),
    )

    class Meta:
        verbose_name_plural = "values"
        ordering = ["side"]
        constraints = [
            models.UniqueConstraint(fields=["annotation", "side"], name="values_of_side"),
            models.CheckConstraint(condition=Q(side__in=[0, 1, 2]), name="values_side"),
            models.CheckConstraint(
                condition=Q(scores__len=F("statuses__len")), name="values_have_a_status_each"
            ),
        ]

    def __str__(self) -> str:
        return f"values of side {self.side} of annotation {self.annotation_id}"


class ItemAnswer(models.Model):
    """One item of a list: found in the query (side 0), or how far a side meets it."""

    pk = models.CompositePrimaryKey("annotation_id", "side", "position", "number")
    annotation = models.ForeignKey(
        Annotation, models.PROTECT, related_name="items", db_index=False, db_constraint=False
    )
    side = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField(help_text=_("Of the property or fact in the rubric"))
    number = models.PositiveSmallIntegerField(help_text=_("Of the item, from 1"))
    text = models.TextField(blank=True)
    label = models.CharField(max_length=60, blank=True)
    score = models.SmallIntegerField(null=True)

    class Meta:
        ordering = ["side", "position", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["annotation", "side", "position", "number"], name="item_answer_once"
            ),
            models.CheckConstraint(condition=Q(side__in=[0, 1, 2]), name="item_answer_side"),
        ]

    def __str__(self) -> str:
        return f"item {self.number} of annotation {self.annotation_id}"


class ErrorFound(models.Model):
    """One error of a response. A type beyond the rubric's is kept as `other`."""

    class Severity(models.TextChoices):
        MINOR = "minor", _("minor")
        MODERATE = "moderate", _("moderate")
        SEVERE = "severe", _("severe")

    pk = models.CompositePrimaryKey("annotation_id", "side", "number")
    annotation = models.ForeignKey(
        Annotation, models.PROTECT, related_name="errors", db_index=False, db_constraint=False
    )
    side = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField(help_text=_("Of the property of its severity"))
    number = models.PositiveSmallIntegerField(help_text=_("Among the errors of the side, from 1"))
    type = models.CharField(max_length=60)
    severity = models.CharField(max_length=10, choices=Severity, blank=True)
    description = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "errors found"
        ordering = ["side", "number"]
        constraints = [
            models.UniqueConstraint(fields=["annotation", "side", "number"], name="error_found_once"),
            models.CheckConstraint(condition=Q(side__in=[1, 2]), name="error_found_side"),
        ]

    def __str__(self) -> str:
        return f"error {self.number} of annotation {self.annotation_id}"
