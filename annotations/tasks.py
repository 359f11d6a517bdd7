"""Celery tasks of annotations: load, call one function, return."""

from celery import shared_task
from django.db import transaction

from accounts.models import User
from annotations import agreement_reports, assigning
from annotations.batches import filling, uploads
from annotations.imports import masking
from annotations.judging import lanes, runs
from annotations.models import Assignment, Batch, JudgeRun
from annotations.scenarios import suggesting
from surveys import audit


@shared_task(name="annotations.tasks.expire_assignments", expires=60)
def expire_assignments() -> None:
    """For beat: give back the tasks that were opened and not finished in time."""
    assigning.expire(Assignment.objects.all())


@shared_task(name="annotations.tasks.make_agreement_report")
def make_agreement_report(batch_id: int, of: str, with_excluded: bool = False) -> None:
    batch = Batch.objects.filter(pk=batch_id).first()
    if batch is not None:
        agreement_reports.make(batch, of, with_excluded=with_excluded)


def enqueue_report(batch: Batch, of: str, by: User, *, with_excluded: bool = False) -> None:
    """Ask a worker for a batch's agreement report, unless one is at it."""
    if agreement_reports.claim(batch, of, with_excluded=with_excluded):
        make_agreement_report.delay(batch.pk, of, with_excluded)
        asked = {"of": of, "with_excluded": with_excluded}
        audit.record(by, "agreement.asked", study=batch.study, subject=batch.slug, **asked)


@shared_task(name="annotations.tasks.fill_batch")
def fill_batch(batch_id: int) -> None:
    """Of a draft its tasks are stored, of imported records the texts masked."""
    if filling.fill(batch_id) is None:
        masking.look_through(batch_id)


@shared_task(name="annotations.tasks.sweep_batches", expires=30)
def sweep_batches() -> None:
    """For beat: fill batches that the broker forgot or whose worker is gone, and drop files nobody used."""
    for pk in filling.lost():
        fill_batch.delay(pk)
    uploads.drop_old(filling.files_in_use())


def enqueue_filling(batch: Batch) -> None:
    """Hand a new batch to a worker once it is stored. Without a broker it waits for beat."""
    transaction.on_commit(lambda: fill_batch.delay(batch.pk), robust=True)


@shared_task(name="annotations.tasks.suggest_scenarios")
def suggest_scenarios(batch_id: int) -> None:
    batch = Batch.objects.select_related("study").filter(pk=batch_id).first()
    if batch is not None:
        suggesting.suggest(batch)


def enqueue_suggestions(batch: Batch) -> None:
    transaction.on_commit(lambda: suggest_scenarios.delay(batch.pk), robust=True)


@shared_task(name="annotations.tasks.judge")
def judge(run_id: int) -> None:
    """A lane of a judge's run for a while; then other runs have their turn."""
    if lanes.work(run_id):
        send_lanes(run_id, 1)


def send_lanes(run_id: int, number: int) -> None:
    """Ask for so many lanes; what no worker takes soon is asked for anew by beat."""
    for _lane in range(number):
        judge.apply_async((run_id,), expires=60)


def enqueue_judging(run: JudgeRun) -> None:
    transaction.on_commit(lambda: send_lanes(run.pk, runs.wanted_lanes(run)), robust=True)


@shared_task(name="annotations.tasks.sweep_judging", expires=10)
def sweep_judging() -> None:
    """For beat: put back what dead workers held, and ask for the lanes that runs could use."""
    for pk, number in runs.sweep().items():
        send_lanes(pk, number)
