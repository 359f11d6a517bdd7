"""What measures how far judgements hold: answers rated twice, and messages that several people get. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from conversations.protocols.reading import Part

FRESH, STORED = ANSWERS = ("fresh", "stored")
MOST_MESSAGES = 1000


@dataclass(frozen=True)
class Repeats:
    """How often the answers of an opening are rated once more.

    `number`: so many times for each person, after conversations drawn by chance. Without it: after each
    conversation with `chance`, and `most` times a person (0: as often as it comes).
    """

    chance: float = 0.0
    most: int = 0
    number: int = 0

    def chance_after(self, ended: int, total: int, had: int) -> float:
        """The chance that one is due now: `ended` of `total` conversations are over, `had` were due before.

        With a number by selection sampling (Fan, Muller and Rezucha 1962, JASA 57:387–402): exactly so many
        are drawn in the end, and each moment is as likely as any other.
        """
        if self.number:
            return min(1.0, max(0, self.number - had) / max(1, total - ended + 1))
        return 0.0 if self.most and had >= self.most else self.chance


NO_REPEATS = Repeats()


@dataclass(frozen=True)
class CommonMessage:
    """A first message that several people get; blank `type`: in conversations of any type."""

    key: str
    texts: Mapping[str, str]
    type: str = ""

    def text(self, language: str) -> str:
        """In this very language: who writes in another one would not send it."""
        return self.texts.get(language) or self.texts.get(language.partition("-")[0], "")


@dataclass(frozen=True)
class Overlap:
    """`chance`: of a conversation for which there is a message; `most` times a person (0: no bound).

    `answers`: `stored` shows the answers that the first person got, in another order of slots.
    """

    chance: float = 0.0
    most: int = 0
    answers: str = FRESH
    messages: tuple[CommonMessage, ...] = ()

    def messages_for(self, kind: str, language: str) -> list[CommonMessage]:
        return [one for one in self.messages if one.type in ("", kind) and one.text(language)]


NO_OVERLAP = Overlap()


def read_repeats(part: Part) -> Repeats:
    """Raises ProtocolError, with place and reason."""
    if "number" in part.value:
        return Repeats(number=part.only("number").whole("number", 1, 100))
    part.only("chance", "most")
    return Repeats(float(part.number("chance", 0, 1)), part.whole("most", 0, 100, default=0))


def read_overlap(part: Part, types: tuple[str, ...]) -> Overlap:
    """Raises ProtocolError, with place and reason. `types` are the keys of the document's types."""
    part.only("chance", "most", "answers", "messages")
    messages = tuple(_message(one, types) for one in part.parts("messages"))
    if not messages or len(messages) > MOST_MESSAGES:
        raise part.wrong(_("must be a list of 1 to %d messages") % MOST_MESSAGES, "messages")
    if len({one.key for one in messages}) < len(messages):
        raise part.wrong(_("two messages have the same key"), "messages")
    return Overlap(
        chance=float(part.number("chance", 0, 1)),
        most=part.whole("most", 0, 100, default=0),
        answers=part.one_of("answers", ANSWERS, default=FRESH),
        messages=messages,
    )


def _message(part: Part, types: tuple[str, ...]) -> CommonMessage:
    part.only("key", "type", "texts")
    texts = part.part("texts")
    found = {str(language): texts.text(language) for language in texts.value}
    if not found:
        raise part.wrong(_("a text in at least one language is needed"), "texts")
    kind = part.one_of("type", types) if "type" in part.value else ""
    return CommonMessage(key=part.text("key", most=40), texts=found, type=kind)
