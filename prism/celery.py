"""The Celery application: rows in PostgreSQL are the truth, tasks carry ids."""

import os

from celery import Celery
from celery.signals import worker_ready

from prism.embedded import hold
from prism.lib.memory import settle

hold()  # embedded servers stay for as long as this process works
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prism.settings")

app = Celery("prism")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_ignore_result=True,
    task_default_queue="work",
    task_serializer="json",
    accept_content=["json"],
    task_routes={
        "conversations.tasks.answer": {"queue": "live"},
        "conversations.tasks.sweep": {"queue": "sweep"},
    },
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"socket_keepalive": True},
    timezone="UTC",
)
app.conf.beat_schedule = {
    "sweep live responses": {
        "task": "conversations.tasks.sweep",
        "schedule": float(os.environ.get("LIVE_SWEEP_SECONDS", "3")),
    },
    "clear expired sessions": {"task": "accounts.tasks.clear_sessions", "schedule": 24 * 3600.0},
    "hand over lost exports": {"task": "analysis.tasks.sweep_exports", "schedule": 30.0},
}
app.autodiscover_tasks()


@worker_ready.connect
def settle_worker(**details: object) -> None:
    settle()
