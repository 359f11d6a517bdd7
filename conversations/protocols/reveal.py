"""The part of a protocol that says when people learn which models answered."""

from conversations.protocols.reading import Part

NEVER, AFTER, AT_END = ("never", "after", "at_end")
# What `reveal` may say; a vote and a rating are the same moment.
_WORDS = {"never": NEVER, "after_rating": AFTER, "after_vote": AFTER, "at_end": AT_END}


def read_reveal(document: Part, default: str) -> str:
    """Raises ProtocolError, with place and reason."""
    return _WORDS[document.one_of("reveal", tuple(_WORDS), default)]
