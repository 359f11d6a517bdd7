"""When the text of a turn's slots is shown: as it comes, at one rate on all sides, or all at once at the end.

What a person sees must not tell which text is by the slow model, and in the end everybody sees how long each
text is. So what is shown when follows from the lengths, and from how fast the slots write in a way that would
be the same if two slots changed their speeds: from the longest wait and the slowest pace of all, whoever's
they are. A slot that is over counts as if it wrote on at its pace.

Pure: what is known of the slots and the time in, what may be shown out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from conversations.protocols import CADENCE, STREAM

from .wire import Cursor, SlotText, mark

Slots = Mapping[str, SlotText]
RATE = 150.0  # characters a second and slot: several times what people read, less than most models write
LEAST_RATE = 25.0  # what people read: nobody waits longer because a slower model has stopped
SLACK = 0.85  # how much of the slowest pace is used, since models write by fits and starts
LEAD = 1.5  # seconds from the first text of the last slot to begin, for the same reason
LONGEST_STEP = 0.2  # seconds of text at once, however long nobody looked
RESERVE = 12  # characters of every slot that still writes, which wait for more


@dataclass
class Hand:
    """How a slot writes: when its first text was seen, and when the latest before its end.

    The last piece is left out: it is shorter than the others, and would make whoever is over seem slower.
    """

    begun: float
    had: int
    at: float
    has: int

    def see(self, slot: SlotText, now: float) -> None:
        if len(slot.text) > self.has and not slot.is_over:
            self.at, self.has = now, len(slot.text)

    @property
    def pace(self) -> float:
        """Seconds for each character; 0 where all came at once."""
        return (self.at - self.begun) / (self.has - self.had) if self.has > self.had else 0.0


@dataclass
class Pace:
    """What of a turn may be shown now; all slots are shown to the same length, those that are longer."""

    rule: str
    at: float = 0.0
    length: float = 0.0
    hands: dict[tuple[str, int], Hand] = field(default_factory=dict)

    def shown(self, slots: Slots, now: float) -> Slots:
        if self.rule == STREAM:
            return slots
        self._look(slots, now)
        if self.rule == CADENCE:
            self._go_on(slots, now)
            is_all = self.length >= _longest(slots)
        else:
            is_all = now >= self._due(slots)
        if is_all and _are_over(slots):
            return slots
        return _cut(slots, int(self.length))

    def resume(self, slots: Slots, cursor: Cursor) -> None:
        """A browser shows by the marks of its cursor that it has so much already, from another process."""
        had = [
            offset
            for name, (known, offset) in cursor.items()
            if name in slots and mark(slots[name].text[:offset]) == known and offset <= len(slots[name].text)
        ]
        if self.rule == CADENCE:
            self.length = max(self.length, *had, 0)

    def _look(self, slots: Slots, now: float) -> None:
        for name, slot in slots.items():
            if slot.text:
                size = len(slot.text)
                self.hands.setdefault((name, slot.run), Hand(now, size, now, size)).see(slot, now)

    def _go_on(self, slots: Slots, now: float) -> None:
        waited, self.at = now - self.at, now
        ready = self._ready(slots, now)
        if ready > self.length:
            rate = SLACK / max(self._slowest(slots), SLACK / RATE)
            self.length = min(self.length + rate * min(waited, LONGEST_STEP), ready)

    def _ready(self, slots: Slots, now: float) -> float:
        """The length to which all slots may be shown; those that are over do not limit it."""
        writing = [slot for slot in slots.values() if not slot.is_over]
        if any(not slot.text for slot in writing) or now < self._begun(slots) + LEAD:
            return 0.0
        return min((len(slot.text) - RESERVE for slot in writing), default=_longest(slots))

    def _due(self, slots: Slots) -> float:
        """When the longest text would end, were it written after the longest wait and at the slowest pace."""
        return self._begun(slots) + _longest(slots) * self._slowest(slots)

    def _begun(self, slots: Slots) -> float:
        return max(
            (self.hands[name, slot.run].begun for name, slot in slots.items() if slot.text), default=0.0
        )

    def _slowest(self, slots: Slots) -> float:
        """Seconds for each character."""
        paces = [self.hands[name, slot.run].pace for name, slot in slots.items() if slot.text]
        return min(max(paces, default=0.0), SLACK / LEAST_RATE)


def _longest(slots: Slots) -> int:
    return max((len(slot.text) for slot in slots.values()), default=0)


def _are_over(slots: Slots) -> bool:
    return bool(slots) and all(slot.is_over for slot in slots.values())


def _cut(slots: Slots, length: int) -> Slots:
    """The slots as if they had no more text than this, and none was over.

    One that began again comes back when it has as much as was shown, so that it is not seen to hurry after.
    """
    return {
        name: replace(
            slot,
            text=slot.text[:length] if slot.is_over or len(slot.text) >= length else "",
            state="streaming",
        )
        for name, slot in slots.items()
    }
