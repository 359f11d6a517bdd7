"""Asking the panel ourselves, in case its webhooks do not come, and noticing when they do not."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from surveys.models import PanelConnection, PanelSubmission, Study
from surveys.panels import submissions
from surveys.panels.client import PanelError, client_for

PAUSE = timedelta(minutes=10)
SILENCE = timedelta(minutes=15)
log = logging.getLogger(__name__)


def due() -> list[int]:
    """Connections to ask: of open studies, and of others that have undecided submissions."""
    undecided = PanelSubmission.objects.filter(enrolment__study=OuterRef("study")).exclude(
        state__in=submissions.FINAL
    )
    asked = _may_be_asked().exclude(encrypted_token="").exclude(panel_study="")
    return list(
        asked.filter(Q(study__state=Study.State.OPEN) | Exists(undecided)).values_list("pk", flat=True)
    )


def _may_be_asked() -> QuerySet[PanelConnection]:
    return PanelConnection.objects.filter(Q(polled_at=None) | Q(polled_at__lt=timezone.now() - PAUSE))


def poll(connection_id: int) -> int:
    """Take over the panel's states, at most once in ten minutes; returns how many were news."""
    now = timezone.now()
    if not _may_be_asked().filter(pk=connection_id).update(polled_at=now):
        return 0
    connection = PanelConnection.objects.select_related("study").get(pk=connection_id)
    try:
        rows = client_for(connection).submissions(connection.panel_study)
        news = sum(_take_over(connection, row, now) for row in rows)
    except PanelError as error:
        PanelConnection.objects.filter(pk=connection.pk).update(problem=str(error)[:200])
        return 0
    PanelConnection.objects.filter(pk=connection.pk).exclude(problem="").update(problem="")
    if news:
        _notice_silence(connection)
    return news


def _take_over(connection: PanelConnection, row: dict[str, Any], at: datetime) -> bool:
    """Whether a row of the panel's list told us something new."""
    status = row.get("status")
    if not isinstance(status, str) or not status:
        return False
    digests = submissions.digests(connection.study, str(row["id"]), str(row.get("participant_id") or ""))
    found = submissions.find(connection.study, *digests)
    return found is not None and submissions.observe(found, status, at)


def _notice_silence(connection: PanelConnection) -> None:
    """Remember, and log once, that the panel's webhooks do not come though it has news."""
    if not connection.subscribed_at:
        return
    last = max(filter(None, [connection.heard_at, connection.subscribed_at]))
    if timezone.now() - last > SILENCE:
        PanelConnection.objects.filter(pk=connection.pk).update(missed_at=timezone.now())
        if not is_silent(connection):
            log.error("the panel's webhooks of study %s are silent", connection.study.slug)


def is_silent(connection: PanelConnection) -> bool:
    """Whether polling found news since the last webhook came."""
    missed, heard = connection.missed_at, connection.heard_at
    return missed is not None and (heard is None or heard < missed)
