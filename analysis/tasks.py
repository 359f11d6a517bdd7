"""Celery tasks of exports and of the leaderboard: load, call one function, return."""

from celery import shared_task
from django.db import transaction

from analysis.exports import jobs
from analysis.leaderboard import keeping
from analysis.models import Export


@shared_task(name="analysis.tasks.run_export")
def run_export(export_id: int) -> None:
    jobs.run(export_id)


@shared_task(name="analysis.tasks.sweep_exports", expires=30)
def sweep_exports() -> None:
    """For beat: hand exports to a worker again that the broker forgot or whose worker is gone."""
    for pk in jobs.lost():
        run_export.delay(pk)


@shared_task(name="analysis.tasks.recompute_leaderboard", expires=600)
def recompute_leaderboard() -> None:
    """For beat: the public votes as they are now, and the table made of them."""
    keeping.recompute()


def enqueue(export: Export) -> None:
    """Hand a requested export to a worker once it is stored. Without a broker it waits for beat."""
    transaction.on_commit(lambda: run_export.delay(export.pk), robust=True)
