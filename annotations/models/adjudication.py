"""How far a batch's annotators agree, what they contest, and what an adjudicator thought before looking."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .batch import Batch, Task


class ContestRule(models.Model):
    """When values of a batch are contested. A batch without a row has the defaults."""

    batch = models.OneToOneField(Batch, models.CASCADE, related_name="contest_rule")
    least_range = models.PositiveSmallIntegerField(
        default=2, help_text=_("From the lowest value to the highest on a scale; 0: never")
    )
    categories = models.BooleanField(default=True, help_text=_("Categories that differ"))
    prerequisites = models.BooleanField(default=True, help_text=_("Facts about the query that differ"))
    applicability = models.BooleanField(
        default=True, help_text=_("Whether errors can be judged at all is answered differently")
    )

    def __str__(self) -> str:
        return f"contest rule of batch {self.batch_id}"

    @property
    def terms(self) -> dict[str, int | bool]:
        """What it says, as a report notes it."""
        names = ("least_range", "categories", "prerequisites", "applicability")
        return {name: getattr(self, name) for name in names}


class AgreementReport(models.Model):
    """The coefficients of one batch, computed from `annotations` annotations up to the one named `newest`.

    Without a document a worker is to make it. `terms` are those of the contest rule at that time, `excluded`
    the annotators who were excluded then, by the names of `agreement_rows`; `with_excluded` counts them.
    """

    class Of(models.TextChoices):
        PEOPLE = "people", _("people")
        JUDGES = "judges", _("judges and files")

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="agreement_reports", db_index=False)
    of = models.CharField(max_length=8, choices=Of, default=Of.PEOPLE)
    with_excluded = models.BooleanField(default=False)
    excluded = models.JSONField(default=list)
    seed = models.PositiveIntegerField(default=1)
    annotations = models.PositiveIntegerField(default=0)
    newest = models.BigIntegerField(default=0)
    terms = models.JSONField(default=dict)
    document = models.JSONField(null=True)
    made_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True, help_text=_("When a worker was asked for a newer one"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "of", "with_excluded"], name="agreement_report_once")
        ]

    def __str__(self) -> str:
        return f"agreement of {self.of} in batch {self.batch_id}"


class Contest(models.Model):
    """A value that annotators disagree about by the batch's rule, as of the last report on people.

    `second_opinion`: {shares: {level: probability}, doubts: […]}, from how each annotator tends to err.
    """

    class Kind(models.TextChoices):
        RANGE = "range", _("far apart on a scale")
        CATEGORY = "category", _("different categories")
        PREREQUISITE = "prerequisite", _("a fact about the query")
        APPLICABILITY = "applicability", _("whether errors can be judged")

    task = models.ForeignKey(Task, models.CASCADE, related_name="contests", db_index=False)
    side = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField(help_text=_("Of the property or fact in the rubric"))
    kind = models.CharField(max_length=14, choices=Kind)
    second_opinion = models.JSONField(default=dict)

    class Meta:
        ordering = ["task__number", "side", "position"]
        constraints = [
            models.UniqueConstraint(fields=["task", "side", "position"], name="contest_once"),
            models.CheckConstraint(condition=Q(side__in=[0, 1, 2]), name="contest_side"),
        ]

    def __str__(self) -> str:
        return f"contest of position {self.position}, side {self.side}, task {self.task_id}"


class FirstLook(models.Model):
    """What an adjudicator chose before seeing any annotator's value. Append-only.

    A null score means that the question does not apply.
    """

    task = models.ForeignKey(Task, models.PROTECT, related_name="first_looks", db_index=False)
    side = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField(help_text=_("Of the property or fact in the rubric"))
    score = models.SmallIntegerField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "side", "position", "by"], name="first_look_once"),
            models.CheckConstraint(condition=Q(side__in=[0, 1, 2]), name="first_look_side"),
        ]

    def __str__(self) -> str:
        return f"first look of {self.by_id} at task {self.task_id}"
