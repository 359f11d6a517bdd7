"""Celery tasks of annotations: load, call one function, return."""

from celery import shared_task

from annotations import assigning
from annotations.models import Assignment


@shared_task(name="annotations.tasks.expire_assignments", expires=60)
def expire_assignments() -> None:
    """For beat: give back the tasks that were opened and not finished in time."""
    assigning.expire(Assignment.objects.all())
