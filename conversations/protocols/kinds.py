"""The part of a protocol that says what kinds of conversations there are."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from conversations.protocols.reading import Part


@dataclass(frozen=True)
class ConversationType:
    key: str
    label: str
    text: str
    required: int
    hint: str = ""


def read_types(document: Part) -> tuple[ConversationType, ...]:
    parts = document.parts("types")
    types = tuple(_type(part.only("key", "label", "text", "required", "hint")) for part in parts)
    if not types:
        raise document.wrong(_("at least one conversation type is needed"), "types")
    for number, kind in enumerate(types):
        if kind.key in {other.key for other in types[:number]}:
            raise document.wrong(_("another type has the same key"), "types", number, "key")
    return types


def _type(part: Part) -> ConversationType:
    return ConversationType(
        key=part.text("key", most=40),
        label=part.text("label"),
        text=part.text("text"),
        required=part.whole("required", 0, 100),
        hint=part.text("hint", default=""),
    )
