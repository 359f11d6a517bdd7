from .charge import Charge
from .chat import Choice, Conversation, Draw, Feedback, Rating, Turn
from .drafts import ProtocolDraft
from .imported import Dataset, ImportedPerson, ImportedTalk
from .portal import Embedding, Portal
from .privacy import PrivacyRules, RawText, TextCheck
from .prompt import SystemPrompt
from .registry import Check, LanguageModel, PoolEntry, Protocol, Provider
from .reliability import Opening, Repeat, RepeatRating
from .response import Attempt, Response
from .vote import Reaction, Report, Vote
from .watching import Goal, VoteSignals

__all__ = [
    "Attempt",
    "Charge",
    "Check",
    "Choice",
    "Conversation",
    "Dataset",
    "Draw",
    "Embedding",
    "Feedback",
    "Goal",
    "ImportedPerson",
    "ImportedTalk",
    "LanguageModel",
    "Opening",
    "PoolEntry",
    "Portal",
    "PrivacyRules",
    "Protocol",
    "ProtocolDraft",
    "Provider",
    "Rating",
    "RawText",
    "Reaction",
    "Repeat",
    "RepeatRating",
    "Report",
    "Response",
    "SystemPrompt",
    "TextCheck",
    "Turn",
    "Vote",
    "VoteSignals",
]
