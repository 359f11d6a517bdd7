"""When the text of a turn's slots is shown: as it comes, at one rate on all sides, or all at once at the end.

Pure: what is known of the slots and the time in, what may be shown out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from conversations.protocols import CADENCE, STREAM

from .wire import SlotText

Slots = Mapping[str, SlotText]
RATE = 150.0  # characters a second and slot: several times what people read, less than most models write
LONGEST_STEP = 0.2  # seconds of text at once, however long nobody looked
RESERVE = 12  # characters of every slot that wait for the end of all


@dataclass
class Pace:
    """What of a turn may be shown now.

    With one cadence every event carries text of all slots until the last event of the turn, so that when text
    arrives is the same for all of them. While a model still speaks, all slots are shown to the same length,
    which those that are slow limit; once all are over, the rest of each is spread over the same time.
    """

    rule: str
    at: float = 0.0
    length: float = 0.0
    since: float | None = None
    begun: dict[str, int] = field(default_factory=dict)

    def shown(self, slots: Slots, now: float) -> Slots:
        if self.rule == STREAM:
            return slots
        is_over = bool(slots) and all(slot.is_over for slot in slots.values())
        if self.rule != CADENCE:
            return slots if is_over else _cut(slots, dict.fromkeys(slots, 0))
        if not is_over:
            self._go_on(slots, now)
            return _cut(slots, dict.fromkeys(slots, int(self.length)))
        share = self._share(slots, now)
        if share >= 1:
            return slots
        return _cut(
            slots,
            {
                name: self._begun(name, slot) + int(share * (len(slot.text) - self._begun(name, slot)))
                for name, slot in slots.items()
            },
        )

    def resume(self, slots: Slots, lengths: Iterable[int]) -> None:
        """A browser says that it has so much already, from another process; never further than may be."""
        self.length = max(self.length, min(max(lengths, default=0), _ready(slots)))

    def _go_on(self, slots: Slots, now: float) -> None:
        waited, self.at = now - self.at, now
        ready = _ready(slots)
        if ready > self.length:
            self.length = min(self.length + RATE * min(waited, LONGEST_STEP), ready)

    def _share(self, slots: Slots, now: float) -> float:
        """How much of what was left when all were over may be shown: 0 to 1."""
        if self.since is None:
            self.since = now
            self.begun = {name: min(int(self.length), len(slot.text)) for name, slot in slots.items()}
        rest = max(len(slot.text) - self._begun(name, slot) for name, slot in slots.items())
        return min(1.0, (now - self.since) * RATE / rest) if rest else 1.0

    def _begun(self, name: str, slot: SlotText) -> int:
        return min(self.begun.get(name, 0), len(slot.text))


def _ready(slots: Slots) -> int:
    """The length to which all slots may be shown; those that ended without any text do not count."""
    lengths = [len(slot.text) for slot in slots.values() if slot.text or not slot.is_over]
    return max(0, min(lengths, default=0) - RESERVE)


def _cut(slots: Slots, lengths: Mapping[str, int]) -> Slots:
    """The slots as if they had no more text than this, and none was over."""
    return {
        name: replace(slot, text=slot.text[: lengths[name]], state="streaming")
        for name, slot in slots.items()
    }
