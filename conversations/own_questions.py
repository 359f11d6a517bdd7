"""Answers to the study's own questions after a conversation, as they are stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conversations.models import Conversation
from conversations.privacy import checking
from conversations.privacy.checking import Passed
from conversations.privacy.rules import Place


@dataclass(frozen=True)
class OwnAnswers:
    """`closed`: {key: {value, status, trace}}. `texts`, which are erased earlier: {key: text}, or
    {key: {option: text}} for texts beside options.
    """

    closed: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, Any] = field(default_factory=dict)


NO_ANSWERS = OwnAnswers()


def checked(
    conversation: Conversation, texts: Mapping[str, Any], is_sent_anyway: bool
) -> tuple[dict[str, Any], list[Passed]]:
    """The texts as they may be stored, and what was seen in each. Raises Held."""
    kept: list[Passed] = []

    def passed(text: Any) -> Any:
        if isinstance(text, dict):
            return {name: passed(one) for name, one in text.items()}
        kept.append(checking.check(conversation, Place.FEEDBACK, text, is_sent_anyway))
        return kept[-1].text

    return {key: passed(text) for key, text in texts.items()}, kept
