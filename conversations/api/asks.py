"""What is asked of the person now, so that a program can put the page's question to them in its own way."""

from typing import Any

from conversations.models import Conversation
from conversations.situation import Now, Situation
from conversations.views.blocks import blocks_of
from conversations.views.feedback import attribute_order


def asks(talk: Conversation, here: Situation, context: dict[str, Any]) -> dict[str, Any] | None:
    """The scale, the ballot or the form of the page in the reader's language; None where nothing is asked.

    `context` is what the page of the conversation is made of.
    """
    if here.now == Now.RATING:
        scale: dict[str, Any] = context["scale"]
        return scale
    if here.now == Now.VOTING:
        return _ballot(context["ballot"])
    return _feedback(talk) if here.now == Now.FEEDBACK else None


def _ballot(ballot: dict[str, Any]) -> dict[str, Any]:
    reasons = ballot["sides"][0]["reasons"]
    return {
        "choices": [{"value": one["value"], "label": str(one["label"])} for one in ballot["choices"]],
        "reasons": [{name: one[name] for name in ("key", "label", "is_praise")} for one in reasons],
        "comment_maximum": ballot["comment_maximum"],
    }


def _feedback(talk: Conversation) -> dict[str, Any]:
    rules = talk.protocol.spoken()
    form, page, scale = rules.feedback, blocks_of(talk).page, rules.feedback_scale
    blocks = {name: getattr(form, name) for name in form.sliders}
    return {
        "sliders": [
            {"block": name, "text": block.text, "low": block.low, "high": block.high}
            for name, block in blocks.items()
        ],
        "attributes": [
            {"key": key, "label": form.attributes[key]} for key in attribute_order(talk, rules) if blocks
        ],
        "minimum": scale.minimum,
        "maximum": scale.maximum,
        "text": {"text": form.open_text, "maximum": form.open_maximum, "is_required": form.open_required},
        "questions": [
            {
                "name": question.key,
                "type": question.type,
                "text": question.text,
                "options": [{"value": one.value, "label": one.label} for one in question.options],
                "is_required": question.required,
            }
            for question in (page.questions if page else ())
        ],
    }
