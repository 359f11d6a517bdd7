"""How text travels: entries of a turn's Redis stream, and the cursor that names what a browser has.

An entry's field `d` is a JSON list of [slot, run, offset, text, state]; a slot's run grows whenever it starts
again (a replacement, a lost worker). The cursor is ours, such as `A48392.120-B7110.98`: slot, a mark of the
text that the browser has, and its characters. It is the event id that browsers send back, so any web process
can go on from Redis or from PostgreSQL. No event has a run, which would tell that a model failed.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

OVER = {"done": "done", "failed": "stopped", "stopped": "stopped"}  # states, and what browsers are told
Entry = list[tuple[str, int, int, str, str]]
Cursor = dict[str, tuple[int, int]]  # {slot: (mark of the text, characters)}
MARKS = 1_000_000
STREAM_SECONDS = 3600
_PART = re.compile(r"([A-H])(\d{1,6})\.(\d{1,8})")


def stream_key(turn: int) -> str:
    return f"prism:turn:{turn}"


def pack(entry: Entry) -> dict[Any, Any]:
    return {"d": json.dumps(entry, ensure_ascii=False, separators=(",", ":"))}


def unpack(fields: dict[bytes, bytes]) -> Entry:
    return [tuple(part) for part in json.loads(fields[b"d"])]


def mark(text: str) -> int:
    """By which a text is known again; two texts share one once in a million times."""
    return crc32(text.encode("utf-8", "surrogatepass")) % MARKS


def cursor_of(texts: Mapping[str, str]) -> Cursor:
    """Of a browser that has these texts; slots without any are left out."""
    return {slot: (mark(text), len(text)) for slot, text in texts.items() if text}


def read_cursor(text: str) -> Cursor:
    """The cursor in an event id; what cannot be read counts as nothing seen."""
    return {slot: (int(known), int(offset)) for slot, known, offset in _PART.findall(text[:500])}


def write_cursor(cursor: Cursor) -> str:
    return "-".join(f"{slot}{known}.{offset}" for slot, (known, offset) in sorted(cursor.items()))


@dataclass
class SlotText:
    """What is known of a slot: its run, the text of that run so far, and its state."""

    run: int = 0
    text: str = ""
    state: str = "waiting"

    def add(self, run: int, offset: int, text: str, state: str) -> bool:
        """Take in a piece; False when pieces before it are missing (then PostgreSQL or a resend heals it)."""
        if run < self.run:
            return True
        if run > self.run:
            self.run, self.text, self.state = run, "", "waiting"
        if self.state == "stopped":
            return True  # what its worker still sends came after the stop
        if offset > len(self.text):
            return False
        if offset + len(text) > len(self.text):
            self.text = self.text[:offset] + text
        if not self.is_over:
            self.state = state
        return True

    @property
    def is_over(self) -> bool:
        return self.state in OVER


def news(slots: Mapping[str, SlotText], cursor: Cursor) -> tuple[dict[str, object], Cursor]:
    """What a browser that has `cursor` lacks: {slot: text}, `again` for slots that start anew, `over`.

    Slots in `over` are named once: when the browser's cursor first reaches their end.
    """
    found: dict[str, object] = {}
    again = []
    for name, slot in slots.items():
        known, offset = cursor.get(name, (0, 0))
        if offset and (offset > len(slot.text) or known != mark(slot.text[:offset])):
            again.append(name)
            offset = 0
        if len(slot.text) > offset:
            found[name] = slot.text[offset:]
    if again:
        found["again"] = again
    return found, cursor_of({name: slot.text for name, slot in slots.items()})


def event(data: dict[str, object], cursor: Cursor, name: str = "") -> str:
    """A server-sent event."""
    lines = [f"id: {write_cursor(cursor)}"]
    if name:
        lines.append(f"event: {name}")
    lines.append(f"data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}")
    return "\n".join(lines) + "\n\n"


def endings(slots: Mapping[str, SlotText], known: Iterable[str]) -> dict[str, str]:
    """The slots that are over and not in `known`, as a participant may know it: done or stopped."""
    return {name: OVER[slot.state] for name, slot in slots.items() if slot.is_over and name not in known}
