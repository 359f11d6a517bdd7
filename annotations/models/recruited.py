"""What recruited participants of a study annotate."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from surveys.models import Study

from .batch import Batch


class RecruitedTasks(models.Model):
    """A study whose participants annotate: the batch they work on, and how many of its tasks each of them.

    Without a batch it is not settled yet, as in a study that was made from files. What batches ask for is
    read from the survey: the answers to `tags_from` are expertise, those to `languages_from` languages.
    """

    study = models.OneToOneField(Study, models.CASCADE, related_name="recruited_tasks")
    batch = models.ForeignKey(Batch, models.SET_NULL, null=True, blank=True, related_name="recruited_for")
    tasks = models.PositiveSmallIntegerField(default=10, help_text=_("So many each, training not counted"))
    tags_from = models.JSONField(
        default=list, blank=True, help_text=_("Questions whose answers are expertise")
    )
    languages_from = models.JSONField(
        default=list, blank=True, help_text=_("Questions whose answers are codes of languages")
    )

    class Meta:
        verbose_name_plural = "recruited tasks"
        constraints = [models.CheckConstraint(condition=Q(tasks__gte=1), name="recruited_tasks_has_one")]

    def __str__(self) -> str:
        return f"{self.tasks} tasks for each participant of study {self.study_id}"
