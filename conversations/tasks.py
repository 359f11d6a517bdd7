"""Celery tasks of the conversations: load, call one function, return."""

from importlib import import_module
from typing import Any

from celery import shared_task
from celery.signals import celeryd_after_setup

from conversations.endpoints import checking
from conversations.live import answering, recovery


@celeryd_after_setup.connect
def load_the_sdk(instance: Any, **details: object) -> None:
    """Before the first answer is asked for; workers of other queues do without it."""
    if "live" in instance.app.amqp.queues.consume_from:
        import_module("conversations.live.provider")


@shared_task(name="conversations.tasks.answer")
def answer(*response_ids: int) -> None:
    answering.answer(*response_ids)


@shared_task(name="conversations.tasks.sweep", expires=10)
def sweep() -> None:
    recovery.sweep()


@shared_task(name="conversations.tasks.check_providers", expires=60)
def check_providers() -> None:
    checking.check_due()
