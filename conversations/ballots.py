"""The part of a protocol in which two blind answers are compared by a vote. Pure: no database.

Modes of drawing, reasons and suggested messages are data, with a label per language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from conversations.protocols import Part

RANDOM, SMALL, DUEL, CUSTOM = MODES = ("random", "small", "big-vs-small", "custom")
SIDES = ("A", "B")
Labels = Mapping[str, str]


@dataclass(frozen=True)
class Reason:
    """Why an answer was liked (`is_praise`) or not."""

    key: str
    labels: Labels
    is_praise: bool

    def label(self, language: str) -> str:
        return spoken(self.labels, language)


@dataclass(frozen=True)
class Suggestion:
    """A topic with messages that people may begin with; a part in [brackets] is to be filled in."""

    topic: str
    labels: Labels
    messages: Mapping[str, tuple[str, ...]]
    types: tuple[str, ...] = ()

    def fits(self, kind: str) -> bool:
        """Whether it is offered in conversations of a type; in all where it names none."""
        return not self.types or kind in self.types

    def label(self, language: str) -> str:
        return spoken(self.labels, language)

    def texts(self, language: str) -> tuple[str, ...]:
        """The messages in this very language: a message is of no use in another one."""
        return self.messages.get(language.partition("-")[0], ())


@dataclass(frozen=True)
class Ballot:
    """`small_up_to` and `big_from` are billions of parameters; models in between belong to neither."""

    modes: tuple[str, ...]
    small_up_to: float
    big_from: float
    reasons: tuple[Reason, ...]
    most_reasons: int
    comment_maximum: int
    suggestions: tuple[Suggestion, ...]

    def known_reasons(self, keys: list[str]) -> list[str]:
        """Those of `keys` that can be given, each once, in the order of the protocol."""
        return [reason.key for reason in self.reasons if reason.key in keys][: self.most_reasons]

    def fitting_reasons(self, keys: Sequence[str], liked: bool | None) -> tuple[str, ...]:
        """Those of `keys` that say why one answer was liked, or why it was not; none where neither is so."""
        kind = {reason.key for reason in self.reasons if reason.is_praise is liked}
        return tuple(self.known_reasons([key for key in keys if key in kind]))


def spoken(labels: Labels, language: str) -> str:
    """The label in a language, in one that it is a variety of, or else in the first that there is."""
    return labels.get(language) or labels.get(language.partition("-")[0]) or next(iter(labels.values()))


def read_ballot(part: Part) -> Ballot:
    """Raises ProtocolError, with place and reason."""
    part.only("modes", "small_up_to", "big_from", "reasons", "most_reasons", "comment", "suggestions")
    small = float(part.number("small_up_to", 0, 100_000, default=60))
    return Ballot(
        modes=_modes(part),
        small_up_to=small,
        big_from=float(part.number("big_from", small, 100_000, default=max(100, small))),
        reasons=_reasons(part.part("reasons").only("praise", "criticism")),
        most_reasons=part.whole("most_reasons", 1, 100, default=20),
        comment_maximum=part.part("comment").only("maximum_characters").whole("maximum_characters", 1, 5000),
        suggestions=read_suggestions(part),
    )


def _modes(part: Part) -> tuple[str, ...]:
    modes = part.get("modes")
    if not isinstance(modes, list) or not modes or any(mode not in MODES for mode in modes):
        raise part.wrong(_("must be a list of some of: %s") % ", ".join(MODES), "modes")
    return tuple(dict.fromkeys(modes))


def _reasons(part: Part) -> tuple[Reason, ...]:
    found = [
        Reason(entry.text("key", most=40), _labels(entry, "label"), kind == "praise")
        for kind in ("praise", "criticism")
        for entry in (inner.only("key", "label") for inner in part.parts(kind))
    ]
    if len({reason.key for reason in found}) < len(found):
        raise part.wrong(_("two reasons have the same key"))
    return tuple(found)


def read_suggestions(part: Part) -> tuple[Suggestion, ...]:
    """Those of `suggestions`, if it is there. Raises ProtocolError, with place and reason."""
    return tuple(map(_suggestion, part.parts("suggestions"))) if "suggestions" in part.value else ()


def _suggestion(part: Part) -> Suggestion:
    part.only("topic", "label", "messages", "types")
    messages = part.part("messages")
    for language, texts in messages.value.items():
        if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
            raise messages.wrong(_("must be a list of texts"), language)
    return Suggestion(
        topic=part.text("topic", most=40),
        labels=_labels(part, "label"),
        messages={str(language): tuple(texts) for language, texts in messages.value.items()},
        types=_types(part),
    )


def _types(part: Part) -> tuple[str, ...]:
    known = [kind.get("key") for kind in part.tree.value["types"]]
    types = part.get("types", [])
    if not isinstance(types, list) or any(key not in known for key in types):
        raise part.wrong(_("must be a list of keys of the document's types"), "types")
    return tuple(types)


def _labels(part: Part, key: str) -> Labels:
    labels = part.part(key)
    found = {str(language): labels.text(language, most=200) for language in labels.value}
    if not found:
        raise part.wrong(_("a label in at least one language is needed"), key)
    return found
