"""The part of a protocol that says which models answer after the first message."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from conversations.protocols.reading import Part

WINNER, ALL, PARTICIPANT = ("winner", "all", "participant")
BOTH = "both"  # what `all` may be called where there are two
MOST_ANSWERS = 8


@dataclass(frozen=True)
class Continuation:
    """`winner`: the answer rated best goes on; `participant`: the one that the person chooses; `all`: each
    model with its own answers.

    The model that goes on gives `samples` answers; `models` counts it with those that are drawn to stand
    beside it in the same conversation.
    """

    who: str = WINNER
    models: int = 1
    samples: int = 1


def read_continuation(part: Part, opening_models: int) -> Continuation:
    """Raises ProtocolError, with place and reason."""
    who = part.only("who", "models", "samples").one_of("who", (WINNER, ALL, BOTH, PARTICIPANT), WINNER)
    if who in {ALL, BOTH}:
        return _all(part, opening_models)
    models = part.whole("models", 1, MOST_ANSWERS, default=1)
    if models == 1:
        return Continuation(who, samples=part.whole("samples", 1, MOST_ANSWERS))
    if part.whole("samples", 1, MOST_ANSWERS, default=1) > 1:
        raise part.wrong(_("only one model alone can give several answers"), "samples")
    return Continuation(who, models)


def _all(part: Part, opening_models: int) -> Continuation:
    for key, only in (("models", opening_models), ("samples", 1)):
        if part.whole(key, 1, MOST_ANSWERS, default=only) != only:
            raise part.wrong(_("every model of the opening goes on, with one answer each"), key)
    return Continuation(ALL, opening_models)
