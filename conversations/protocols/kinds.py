"""The part of a protocol that says what kinds of conversations there are."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from conversations.protocols.reading import Part
from conversations.protocols.words import words

MOST_SYSTEM = 20_000  # characters of a system prompt


@dataclass(frozen=True)
class ConversationType:
    """`most`: so many the study holds over all its people, 0 for no bound. `system` is told to the models."""

    key: str
    label: str
    text: str
    required: int
    hint: str = ""
    most: int = 0
    system: str = ""


def read_types(document: Part) -> tuple[ConversationType, ...]:
    parts = document.parts("types")
    types = tuple(map(_type, parts))
    if not types:
        raise document.wrong(_("at least one conversation type is needed"), "types")
    for number, kind in enumerate(types):
        if kind.key in {other.key for other in types[:number]}:
            raise document.wrong(_("another type has the same key"), "types", number, "key")
    return types


def _type(part: Part) -> ConversationType:
    part.only("key", "label", "text", "required", "hint", "most", "system")
    return ConversationType(
        key=part.text("key", most=40),
        label=words(part, "label"),
        text=words(part, "text"),
        required=part.whole("required", 0, 100),
        hint=words(part, "hint", default=""),
        most=part.whole("most", 0, 10_000_000, default=0),
        system=words(part, "system", default="", most=MOST_SYSTEM),
    )
