"""Celery tasks of the accounts."""

from celery import shared_task
from django.core.management import call_command


@shared_task(name="accounts.tasks.clear_sessions")
def clear_sessions() -> None:
    """Drop expired sessions."""
    call_command("clearsessions")
