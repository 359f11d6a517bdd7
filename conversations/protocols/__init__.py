"""The rules of a study's conversations, as a validated document. Pure: no database, no Django models.

Each part of the document has a module with its dataclass and the function that reads it.
"""

from conversations.protocols.continuation import ALL, PARTICIPANT, WINNER, Continuation
from conversations.protocols.document import (
    CADENCE,
    CHOOSE,
    PACINGS,
    RANDOM,
    STREAM,
    TOGETHER,
    Protocol,
    parse,
    preset,
    spoken,
)
from conversations.protocols.feedback import NO_BLOCK, Block, FeedbackForm
from conversations.protocols.generation import RESERVED
from conversations.protocols.kinds import ConversationType
from conversations.protocols.rating import LIKERT, PAIRWISE, RANKING, SLIDER, RatingScale
from conversations.protocols.reading import Part, ProtocolError
from conversations.protocols.reveal import AFTER, AT_END, NEVER
from conversations.protocols.sampling import EXPOSURE, LEAST, RULES, UNIFORM, Sampling

__all__ = [
    "AFTER",
    "ALL",
    "AT_END",
    "CADENCE",
    "CHOOSE",
    "EXPOSURE",
    "LEAST",
    "LIKERT",
    "NEVER",
    "NO_BLOCK",
    "PACINGS",
    "PAIRWISE",
    "PARTICIPANT",
    "RANDOM",
    "RANKING",
    "RESERVED",
    "RULES",
    "SLIDER",
    "STREAM",
    "TOGETHER",
    "UNIFORM",
    "WINNER",
    "Block",
    "Continuation",
    "ConversationType",
    "FeedbackForm",
    "Part",
    "Protocol",
    "ProtocolError",
    "RatingScale",
    "Sampling",
    "parse",
    "preset",
    "spoken",
]
