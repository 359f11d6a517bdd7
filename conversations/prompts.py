"""The system prompt of a call: the model's own header, then what the protocol says and asks for."""

from conversations import protocols
from conversations.models import Conversation, LanguageModel


def system_prompt(model: LanguageModel, conversation: Conversation) -> str:
    """What is sent before all messages, in the language in which the conversation began; "" for nothing."""
    rules = protocols.spoken(conversation.protocol.document, conversation.language)
    return joined(model.header, rules.system_for(conversation.type))


def joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part.strip())
