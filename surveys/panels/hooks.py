"""Webhooks of the panel: proven by their signature, kept once, and worked on by a task.

Signed are the request's time and the raw body, not the other headers. So a request that was seen before is
known by its signature too, whatever id and time its headers claim.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from prism.lib.crypto import UnreadableSecret, decrypt
from surveys.models import PanelConnection, PanelEvent
from surveys.panels import submissions

WINDOW = timedelta(minutes=5)
LONGEST_BODY = 64_000
STATUS_CHANGE = "submission.status.change"
EVENTS = (STATUS_CHANGE, "study.status.change", "study.progress.change", "study.has_high_return_rate")


class HookRefused(Exception):
    """The request does not hold; the message is for the log."""


def receive(connection: PanelConnection, headers: Mapping[str, str], body: bytes) -> PanelEvent | None:
    """Keep the event of a request that holds; None when it was kept before. Raises HookRefused."""
    stamp = headers.get("X-Prolific-Request-Timestamp", "")
    signature = headers.get("X-Prolific-Request-Signature", "")
    _verify(connection, stamp, body, signature)
    event, sent_at = headers.get("X-Event-ID", ""), _moment(headers.get("X-Timestamp", stamp))
    if not event or len(event) > 100 or sent_at > timezone.now() + WINDOW:
        raise HookRefused("no id, or a time to come")
    return _keep(connection, event, sent_at, hashlib.sha256(signature.encode()).hexdigest(), _content(body))


def _verify(connection: PanelConnection, stamp: str, body: bytes, signature: str) -> None:
    """Raises HookRefused unless the signature is one over these very bytes, made just now."""
    try:
        secret = decrypt(connection.encrypted_secret) if connection.encrypted_secret else ""
        given = base64.b64decode(signature, validate=True)
    except (UnreadableSecret, binascii.Error, ValueError) as error:
        raise HookRefused("no secret, or no signature") from error
    wanted = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
    if not secret or not hmac.compare_digest(wanted, given):
        raise HookRefused("another signature")
    if abs(timezone.now() - _moment(stamp)) > WINDOW:
        raise HookRefused("too old or too new")


def _moment(text: str) -> datetime:
    """A time as seconds or milliseconds since 1970 or as ISO 8601; raises HookRefused for anything else."""
    try:
        number = float(text)
        return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise HookRefused("no time")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _content(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise HookRefused("no JSON") from error
    if not isinstance(found, dict) or not isinstance(found.get("resource_id"), str):
        raise HookRefused("no event")
    return found


def _keep(
    connection: PanelConnection, event: str, sent_at: datetime, signature: str, found: dict[str, Any]
) -> PanelEvent | None:
    resource, person = submissions.digests(
        connection.study, found["resource_id"], str(found.get("participant_id") or "")
    )
    PanelConnection.objects.filter(pk=connection.pk).update(heard_at=timezone.now())
    try:
        with transaction.atomic():
            return PanelEvent.objects.create(
                connection=connection,
                event_id=event,
                signature=signature,
                kind=str(found.get("event_type", ""))[:60],
                resource_digest=resource,
                person_digest=person,
                status=str(found.get("status", ""))[:40],
                sent_at=sent_at,
            )
    except IntegrityError:  # this event, or this very request, came before
        return None


def handle(event_id: int) -> bool:
    """Take over what an event says; may run twice without harm. False when it was done before."""
    event = PanelEvent.objects.select_related("connection__study").get(pk=event_id)
    if event.handled_at:
        return False
    if event.kind == STATUS_CHANGE and event.status:
        found = submissions.find(event.connection.study, event.resource_digest, event.person_digest)
        if found:
            submissions.observe(found, event.status, event.sent_at)
    PanelEvent.objects.filter(pk=event.pk).update(handled_at=timezone.now())
    return True


def lost() -> list[int]:
    """Events that no task worked on within half a minute."""
    limit = timezone.now() - timedelta(seconds=30)
    waiting = PanelEvent.objects.filter(handled_at=None, received_at__lt=limit)
    return list(waiting.order_by("pk").values_list("pk", flat=True)[:1000])
