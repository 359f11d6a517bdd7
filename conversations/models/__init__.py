from .chat import Choice, Conversation, Draw, Feedback, Rating, Turn
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
    "Protocol",
    "Provider",
    "Rating",
    "Reaction",
    "Report",
    "Response",
    "Turn",
    "Vote",
]
