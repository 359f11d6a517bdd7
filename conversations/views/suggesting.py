"""Messages that people may begin with, in the language that they read."""

from typing import Any

from django.utils.translation import get_language

from conversations.ballots import Suggestion
from conversations.models import Conversation
from conversations.protocols import Protocol


def offered(rules: Protocol, kind: str) -> list[dict[str, Any]]:
    """The topics with a message in this language for a type, each as the template shows it."""
    language = get_language() or ""
    found = [(one, one.texts(language)) for one in rules.suggestions if one.fits(kind)]
    return [
        {"topic": one.topic, "label": one.label(language), "texts": texts} for one, texts in found if texts
    ]


def chosen(rules: Protocol, kind: str, use: str) -> tuple[str, str]:
    """The message and topic that an address names as `topic:number`; blank for what is none."""
    topic, _sep, number = use.rpartition(":")
    for one in rules.suggestions:
        texts = one.texts(get_language() or "")
        is_meant = one.topic == topic and one.fits(kind) and number.isdecimal()
        if is_meant and int(number[:3]) < len(texts):
            return texts[int(number[:3])], topic
    return "", ""


def note_topic(conversation: Conversation, topic: str) -> None:
    """Remember with which suggestion the conversation began; a topic that is not offered is none."""
    fitting: list[Suggestion] = [
        one for one in conversation.protocol.parsed().suggestions if one.fits(conversation.type)
    ]
    if topic in {one.topic for one in fitting}:
        Conversation.objects.filter(pk=conversation.pk, topic="").update(topic=topic)
