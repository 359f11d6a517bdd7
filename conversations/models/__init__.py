from .chat import Choice, Conversation, Draw, Feedback, Rating, Turn
from .privacy import PrivacyRules, RawText, TextCheck
from .registry import Check, LanguageModel, PoolEntry, Protocol, Provider
from .response import Attempt, Response
from .vote import Reaction, Report, Vote

__all__ = [
    "Attempt",
    "Check",
    "Choice",
    "Conversation",
    "Draw",
    "Feedback",
    "LanguageModel",
    "PoolEntry",
    "PrivacyRules",
    "Protocol",
    "Provider",
    "Rating",
    "RawText",
    "Reaction",
    "Report",
    "Response",
    "TextCheck",
    "Turn",
    "Vote",
]
