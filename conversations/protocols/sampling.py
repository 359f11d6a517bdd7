"""The part of a protocol that says by what rule models are drawn, and which never meet."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from conversations.protocols.reading import Part

# Which models are drawn for an opening: those drawn less weigh more; all alike; the least drawn ones.
EXPOSURE, UNIFORM, LEAST = RULES = ("exposure", "uniform", "least")
MOST_PAIRS = 100  # so few that it is soon known whether a pool can be drawn apart


@dataclass(frozen=True)
class Sampling:
    """`exposure`: weight 1/(n+s)^a, n = times the model was drawn in the study. `uniform`: all alike.

    `least`: those with the smallest n. The models of a pair in `apart`, by name, never stand side by side.
    """

    rule: str = EXPOSURE
    a: float = 1.0
    s: float = 1.0
    apart: tuple[tuple[str, str], ...] = ()


def read_sampling(part: Part) -> Sampling:
    part.only("rule", "a", "s", "apart")
    # Within these bounds no weight falls to 0, however often a model was drawn.
    return Sampling(
        rule=part.one_of("rule", RULES, default=EXPOSURE),
        a=float(part.number("a", 0, 10, default=1.0)),
        s=float(part.number("s", 0.001, 1_000_000, default=1.0)),
        apart=_pairs(part),
    )


def _pairs(part: Part) -> tuple[tuple[str, str], ...]:
    pairs = part.get("apart", [])
    if not isinstance(pairs, list) or len(pairs) > MOST_PAIRS:
        raise part.wrong(_("must be a list of at most %d pairs") % MOST_PAIRS, "apart")
    for number, pair in enumerate(pairs):
        if not _is_pair(pair):
            raise part.wrong(_("must be the names of two different models: [name, name]"), "apart", number)
    return tuple((pair[0], pair[1]) for pair in pairs)


def _is_pair(pair: Any) -> bool:
    is_two = isinstance(pair, list) and len(pair) == 2 and pair[0] != pair[1]
    return is_two and all(isinstance(name, str) and name.strip() for name in pair)
