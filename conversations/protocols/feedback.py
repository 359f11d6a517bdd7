"""The part of a protocol that says what is asked at the end of a conversation."""

from collections.abc import Mapping
from dataclasses import dataclass

from conversations.protocols.reading import Part, maximum_characters


@dataclass(frozen=True)
class Block:
    text: str
    low: str
    high: str


NO_BLOCK = Block("", low="", high="")


@dataclass(frozen=True)
class FeedbackForm:
    performance: Block
    choice: Block
    attributes: Mapping[str, str]
    open_text: str
    open_maximum: int
    open_required: bool


def read_feedback(part: Part) -> FeedbackForm:
    part.only("performance", "choice", "attributes", "open")
    attributes, text = (
        part.part("attributes"),
        part.part("open").only("text", "maximum_characters", "required"),
    )
    return FeedbackForm(
        performance=_block(part.part("performance")),
        choice=_block(part.part("choice")),
        attributes={key: attributes.text(key) for key in attributes.value},
        open_text=text.text("text"),
        open_maximum=maximum_characters(text),
        open_required=text.flag("required"),
    )


def _block(part: Part) -> Block:
    part.only("text", "low", "high")
    return Block(part.text("text"), low=part.text("low"), high=part.text("high"))
