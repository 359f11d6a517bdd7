"""Celery tasks of exports and of the leaderboard: load, call one function, return."""

from celery import shared_task
from django.db import transaction

from analysis.dissecting import jobs as dissection_jobs
from analysis.exports import jobs
from analysis.imports import jobs as import_jobs
from analysis.leaderboard import keeping
from analysis.models import Dissection, Export, Import


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


@shared_task(name="analysis.tasks.make_leaderboard_table")
def make_leaderboard_table(table_id: int) -> None:
    keeping.make(table_id)


@shared_task(name="analysis.tasks.run_import")
def run_import(import_id: int) -> None:
    """A slice of an import; what is left waits behind other work."""
    row = import_jobs.run(import_id)
    if row and row.state == Import.State.WAITING:
        run_import.delay(import_id)


@shared_task(name="analysis.tasks.sweep_imports", expires=30)
def sweep_imports() -> None:
    """For beat: hand imports to a worker again that the broker forgot or whose worker is gone."""
    for pk in import_jobs.lost():
        run_import.delay(pk)


@shared_task(name="analysis.tasks.run_dissection")
def run_dissection(dissection_id: int) -> None:
    dissection_jobs.run(dissection_id)


@shared_task(name="analysis.tasks.sweep_dissections", expires=30)
def sweep_dissections() -> None:
    """For beat: hand runs to a worker again that the broker forgot or whose worker is gone."""
    for pk in dissection_jobs.lost():
        run_dissection.delay(pk)


def enqueue_dissection(row: Dissection) -> None:
    transaction.on_commit(lambda: run_dissection.delay(row.pk), robust=True)


def enqueue_import(row: Import) -> None:
    transaction.on_commit(lambda: run_import.delay(row.pk), robust=True)


def enqueue(export: Export) -> None:
    """Hand a requested export to a worker once it is stored. Without a broker it waits for beat."""
    transaction.on_commit(lambda: run_export.delay(export.pk), robust=True)
