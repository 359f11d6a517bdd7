"""Celery tasks of surveys: load, call one function, return."""

from celery import shared_task

from surveys.models import Study
from surveys.quality import assessing
from surveys.quotas import seats


@shared_task(name="surveys.tasks.assess", expires=600)
def assess(study_id: int) -> None:
    """Look one study through for signals of quality."""
    assessing.assess(Study.objects.get(pk=study_id))


@shared_task(name="surveys.tasks.sweep_assessments", expires=60)
def sweep_assessments() -> None:
    """For beat: look through again the studies in which somebody submitted something since the last time."""
    for study in assessing.outdated():
        assess.delay(study.pk)


@shared_task(name="surveys.tasks.sweep_seats", expires=30)
def sweep_seats() -> None:
    """For beat: release the seats that ran out."""
    seats.sweep()
