"""The conversation that a page of a participant is about: asked by every page of a talk, in one statement."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from conversations.models import Conversation, Protocol
from conversations.models.response import run_number
from prism.lib import statements
from prism.lib.statements import Columns
from surveys.models import Device

# A version of a protocol never changes, but a row may be another one's in a database that was restored.
_FROM = """
    , p.ctid::text, p.xmin::text,
    (SELECT r.id FROM conversations_privacyrules r WHERE r.study_id = c.study_id
     ORDER BY r.version DESC LIMIT 1)
    FROM conversations_conversation c
    JOIN conversations_protocol p ON p.id = c.protocol_id
    WHERE c.enrolment_id = %s AND c.number = %s AND (%s OR c.device_id = %s)
"""
_TURN = """
    SELECT t.id, r.slot, r.depth, r.attempt, r.text, r.state
    FROM conversations_turn t
    JOIN conversations_response r ON r.turn_id = t.id AND NOT r.is_replaced
    WHERE t.conversation_id = %s AND t.number = %s
"""
_NEWEST = """
    SELECT p.id, p.ctid::text, p.xmin::text FROM conversations_protocol p
    WHERE p.study_id = %s ORDER BY p.version DESC LIMIT 1
"""


@dataclass(frozen=True)
class _Kept:
    version: tuple[str, ...]
    protocol: Protocol


_protocols: dict[int, _Kept] = {}


def find(device: Device, code: str) -> Conversation | None:
    """The conversation of this code, if the device may read it, with its protocol."""
    if not re.fullmatch(r"c[1-9][0-9]{8}", code):
        return None
    columns, sql = _statement()
    found = statements.rows(sql, [device.enrolment_id, code[1:], device.is_trusted, device.pk])
    if not found:
        return None
    values = found[0]
    talk = columns.read(values[: len(columns)])
    *version, talk.__dict__["newest_rules"] = values[len(columns) :]
    talk.protocol = kept_protocol(talk.protocol_id, tuple(version))
    return talk


@lru_cache(maxsize=1)
def _statement() -> tuple[Columns[Conversation], str]:
    columns = Columns(Conversation, "c")
    return columns, f"SELECT {columns.sql}{_FROM}"


def kept_protocol(pk: int, version: tuple[str, ...]) -> Protocol:
    """The protocol with this id; `version` is its row's place in its table, and the transaction behind it."""
    kept = _protocols.get(pk)
    if kept is None or kept.version != version:
        kept = _protocols[pk] = _Kept(version, Protocol.objects.get(pk=pk))
    return kept.protocol


def newest_protocol(study_id: int) -> Protocol | None:
    """The version that holds for new conversations."""
    found = statements.rows(_NEWEST, [study_id])
    return kept_protocol(found[0][0], found[0][1:]) if found else None


def texts_of_turn(talk: Conversation, number: int) -> tuple[int, list[tuple[str, int, str, str]]]:
    """The turn's id, and slot, run, text and state of its shown responses; (0, []) where there is none."""
    found: list[Any] = statements.rows(_TURN, [talk.pk, number])
    rows = [(slot, run_number(depth, attempt), text, state) for _, slot, depth, attempt, text, state in found]
    return (found[0][0] if found else 0), rows
