"""What a single answer shows by itself: one value throughout, pasting, typing. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from surveys.quality.rules import Typing


def repeated(value: Any, least_items: int) -> tuple[str, int] | None:
    """The value that stands in every item of a block and their number; None when they differ or are few.

    Items without a value or marked as not applicable say nothing and are not counted.
    """
    if not isinstance(value, Mapping):
        return None
    given = [str(item) for item in value.values() if item is not None and item != "not_applicable"]
    return (given[0], len(given)) if len(given) >= least_items and len(set(given)) == 1 else None


@dataclass(frozen=True)
class Typed:
    """How a text came to be, as the page counted it."""

    keys: int
    pastes: int
    pasted: int
    seconds: float

    @classmethod
    def read(cls, trace: Any) -> "Typed | None":
        """From the trace of an answer; None where nothing sensible was counted."""
        typing = trace.get("typing") if isinstance(trace, Mapping) else None
        if not isinstance(typing, Mapping):
            return None
        names = ("keys", "pastes", "pasted_chars", "first_ms", "last_ms")
        counts = [_whole(typing.get(name)) for name in names]
        keys, pastes, pasted, first, last = counts
        return cls(keys, pastes, pasted, max(0, last - first) / 1000)


def _whole(value: Any) -> int:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return max(0, int(value)) if is_number and abs(value) < 1e12 else 0


def typing_signal(text: str, typed: Typed, rules: Typing) -> tuple[str, dict[str, Any]] | None:
    """The kind of signal that pasting or typing gives, with its figures; of several the plainest one."""
    length = len(text)
    if length < rules.least_characters:
        return None
    if typed.pasted >= rules.pasted_share * length:
        return "pasted", {"pasted": min(typed.pasted, length), "characters": length, "pastes": typed.pastes}
    # Suggestions of a phone's keyboard insert whole words: a fifth of the characters is still typing.
    if typed.pasted + 5 * typed.keys < length:
        return "no_keys", {"keys": typed.keys, "characters": length}
    speed = typed.keys / typed.seconds if typed.seconds > 0 else 0.0
    if speed > rules.characters_per_second:
        return "fast_typing", {"speed": round(speed, 1), "characters": length}
    return None
