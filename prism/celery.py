"""The Celery application: rows in PostgreSQL are the truth, tasks carry ids."""

import os

from celery import Celery
from celery.signals import worker_ready
from kombu import Queue
from kombu.transport import TRANSPORT_ALIASES

from prism.embedded import hold
from prism.lib.memory import settle

# A worker loads what its tasks need. Checks would load every page too, a third of its start;
# the web server and every deployment run them.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
hold()  # embedded servers stay for as long as this process works
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prism.settings")

# The address of a broker names its transport, so that is where ours is put in.
TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "prism.lib.broker:Transport"))
app = Celery("prism")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_ignore_result=True,
    task_default_queue="work",
    # A message to the queues but `work` that is lost with its worker is made again from the rows, sooner than
    # the broker would notice; the acknowledgements were a fifth of a live worker's processor time.
    task_queues=[
        Queue("work"),
        Queue("live", no_ack=True),
        Queue("sweep", no_ack=True),
        Queue("bulk", no_ack=True),
    ],
    task_serializer="json",
    accept_content=["json"],
    task_routes={
        "conversations.tasks.answer": {"queue": "live"},
        "conversations.tasks.sweep": {"queue": "sweep"},
        "annotations.tasks.judge": {"queue": "bulk"},
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
    "try providers": {"task": "conversations.tasks.check_providers", "schedule": 20.0},
    "clear expired sessions": {"task": "accounts.tasks.clear_sessions", "schedule": 24 * 3600.0},
    "hand over lost imports": {"task": "analysis.tasks.sweep_imports", "schedule": 30.0},
    "hand over lost dissections": {"task": "analysis.tasks.sweep_dissections", "schedule": 30.0},
    "hand over lost exports": {"task": "analysis.tasks.sweep_exports", "schedule": 30.0},
    "recompute the leaderboard": {"task": "analysis.tasks.recompute_leaderboard", "schedule": 600.0},
    "listen to panels": {"task": "surveys.tasks.sweep_panels", "schedule": 60.0},
    "release seats that ran out": {"task": "surveys.tasks.sweep_seats", "schedule": 30.0},
    "erase what studies keep no longer": {"task": "surveys.tasks.enforce_retention", "schedule": 3600.0},
    "hand over batches to be filled": {"task": "annotations.tasks.sweep_batches", "schedule": 30.0},
    "give back late annotations": {"task": "annotations.tasks.expire_assignments", "schedule": 60.0},
    "hand over lanes of judges": {"task": "annotations.tasks.sweep_judging", "schedule": 10.0},
    "look studies through": {"task": "surveys.tasks.sweep_assessments", "schedule": 120.0},
}
app.autodiscover_tasks()


@worker_ready.connect
def settle_worker(**details: object) -> None:
    settle()
