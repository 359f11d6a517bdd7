"""The part of a protocol that says what is asked at the end of a conversation."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from conversations.protocols.blocks import read_blocks
from conversations.protocols.reading import Part, maximum_characters
from conversations.protocols.words import words
from surveys.questionnaires import Questionnaire

SLIDERS = ("performance", "choice")


@dataclass(frozen=True)
class Block:
    text: str
    low: str
    high: str


NO_BLOCK = Block("", low="", high="")


@dataclass(frozen=True)
class FeedbackForm:
    """PRISM's three parts, each blank where a study leaves it out, and `blocks` of the study's own."""

    performance: Block
    choice: Block
    attributes: Mapping[str, str]
    open_text: str
    open_maximum: int
    open_required: bool
    blocks: Questionnaire | None = None

    @property
    def sliders(self) -> tuple[str, ...]:
        """The names of the parts with a slider for each attribute."""
        return tuple(name for name in SLIDERS if getattr(self, name) != NO_BLOCK)


NO_FEEDBACK = FeedbackForm(NO_BLOCK, NO_BLOCK, {}, "", 1, open_required=False)


def read_feedback(part: Part) -> FeedbackForm:
    """Raises ProtocolError, with place and reason."""
    part.only(*SLIDERS, "attributes", "open", "blocks")
    own = read_blocks(part)
    # Who asks questions of their own may leave out any of PRISM's.
    left_out = {name for name in (*SLIDERS, "open") if own and name not in part.value}
    found = FeedbackForm(
        performance=NO_BLOCK if "performance" in left_out else _block(part.part("performance")),
        choice=NO_BLOCK if "choice" in left_out else _block(part.part("choice")),
        attributes=_attributes(part) if not left_out.issuperset(SLIDERS) else {},
        open_text="",
        open_maximum=1,
        open_required=False,
        blocks=own,
    )
    return found if "open" in left_out else replace(found, **_open(part.part("open")))


def _attributes(part: Part) -> Mapping[str, str]:
    attributes = part.part("attributes")
    return {key: words(attributes, key) for key in attributes.value}


def _open(part: Part) -> dict[str, Any]:
    part.only("text", "maximum_characters", "required")
    most, is_required = maximum_characters(part), part.flag("required")
    return {"open_text": words(part, "text"), "open_maximum": most, "open_required": is_required}


def _block(part: Part) -> Block:
    part.only("text", "low", "high")
    return Block(words(part, "text"), low=words(part, "low"), high=words(part, "high"))
