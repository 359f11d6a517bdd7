"""Raw texts: the one place that reads them back, and it leaves a trace."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from conversations.models import RawText, TextCheck
from prism.lib.crypto import UnreadableSecret, decrypt
from surveys import audit
from surveys.models import Study


@dataclass(frozen=True)
class Opened:
    """The text as it was typed, and the places that were found in it: what, kind, rule."""

    text: str
    places: Sequence[tuple[str, str, str]]


def raw_texts(study: Study) -> QuerySet[RawText]:
    """Those that are there still, the newest first."""
    found = RawText.objects.filter(check_of__conversation__study=study).exclude(encrypted_text="")
    return found.select_related("check_of__conversation__enrolment", "check_of__turn").order_by("-pk")


def open_text(raw: RawText, by: User, reason: str) -> Opened:
    """The audit event is committed first, so that nobody reads without a trace. Raises UnreadableSecret."""
    check = raw.check_of
    with transaction.atomic():
        study, code = check.conversation.study, check.conversation.code
        audit.record(by, "privacy.raw_text_opened", study=study, subject=code, check=check.pk, reason=reason)
    stored = json.loads(decrypt(raw.encrypted_text))
    text = stored["text"] if stored["text"] is not None else _sent(raw)
    spans = check.spans or stored.get("spans", [])  # older checks have theirs with the raw text
    return Opened(text, [(text[start:end], kind, rule) for start, end, kind, rule, _ in spans])


def as_typed(check: TextCheck | None) -> dict[str, str]:
    """For the person's own record: what they typed, where something else was sent. It is theirs to read."""
    raw = getattr(check, "raw", None)
    if raw is None or not raw.encrypted_text:
        return {}
    try:
        typed = json.loads(decrypt(raw.encrypted_text))["text"]
    except UnreadableSecret:
        return {}
    return {} if typed is None else {"as_typed": typed}


def _sent(raw: RawText) -> str:
    """A message that was sent as it was typed stands in its turn alone."""
    turn = raw.check_of.turn
    return turn.text if turn else ""
