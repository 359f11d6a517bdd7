"""The part of a protocol that goes to every model with a call."""

from typing import Any

from django.utils.translation import gettext as _

from conversations.protocols.reading import Part

# What the caller of a model decides itself; a protocol must not overrule it.
RESERVED = ("model", "messages", "stream", "stream_options", "seed", "n")


def read_generation(part: Part) -> dict[str, Any]:
    for key in part.value:
        if key in RESERVED:
            raise part.wrong(_("is set for every call and cannot be changed"), key)
    if "max_tokens" in part.value:
        part.whole("max_tokens", 1, 1_000_000)
    return dict(part.value)
