"""Celery tasks of the conversations: load, call one function, return."""

from celery import shared_task

from conversations.live import answering, recovery


@shared_task(name="conversations.tasks.answer")
def answer(response_id: int) -> None:
    answering.answer(response_id)


@shared_task(name="conversations.tasks.sweep", expires=10)
def sweep() -> None:
    recovery.sweep()
