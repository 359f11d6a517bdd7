"""The rules of a study's conversations, as a validated document. Pure: no database, no Django models.

Each part of the document has a module with its dataclass and the function that reads it.
"""

from conversations.protocols.document import CADENCE, PACINGS, STREAM, TOGETHER, Protocol, parse, preset
from conversations.protocols.feedback import NO_BLOCK, Block, FeedbackForm
from conversations.protocols.generation import RESERVED
from conversations.protocols.kinds import ConversationType
from conversations.protocols.rating import RatingScale
from conversations.protocols.reading import Part, ProtocolError
from conversations.protocols.sampling import EXPOSURE, LEAST, RULES, UNIFORM, Sampling

__all__ = [
    "CADENCE",
    "EXPOSURE",
    "LEAST",
    "NO_BLOCK",
    "PACINGS",
    "RESERVED",
    "RULES",
    "STREAM",
    "TOGETHER",
    "UNIFORM",
    "Block",
    "ConversationType",
    "FeedbackForm",
    "Part",
    "Protocol",
    "ProtocolError",
    "RatingScale",
    "Sampling",
    "parse",
    "preset",
]
