"""The part of a protocol that says how answers are rated: each on a scale, or against each other."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from conversations.ballots import Labels
from conversations.protocols.reading import Part

SLIDER, LIKERT, PAIRWISE, RANKING = SCALES = ("slider", "likert", "pairwise", "ranking")
EQUAL, BOTH_GOOD, BOTH_BAD = TIES = ("equal", "both_good", "both_bad")
FEWEST_POINTS, MOST_POINTS = 2, 11


@dataclass(frozen=True)
class RatingScale:
    """`slider` and `likert`: every answer gets a score from `minimum` to `maximum`, whose ends, or all of
    whose `points`, have words. `pairwise`: the best is named, or one of `ties` instead. `ranking`: every
    answer gets a place, which several may share where `ties` is not empty.
    """

    minimum: int
    maximum: int
    low: Labels = field(default_factory=dict)
    high: Labels = field(default_factory=dict)
    kind: str = SLIDER
    points: tuple[Labels, ...] = ()
    ties: tuple[str, ...] = ()

    @property
    def compares(self) -> bool:
        """Whether answers are judged against each other, so that one alone cannot be judged."""
        return self.kind in {PAIRWISE, RANKING}

    @property
    def may_tie(self) -> bool:
        return not self.compares or bool(self.ties)


FULL_SLIDER = RatingScale(1, 100)


def read_rating(part: Part) -> RatingScale:
    """Raises ProtocolError, with place and reason."""
    return _READERS[part.one_of("kind", SCALES, default=SLIDER)](part)


def _slider(part: Part) -> RatingScale:
    part.only("kind", "minimum", "maximum", "low", "high")
    minimum = part.whole("minimum", 1, 99)
    maximum = part.whole("maximum", minimum + 1, 100)
    return RatingScale(minimum, maximum, low=part.labels("low"), high=part.labels("high"))


def _likert(part: Part) -> RatingScale:
    """Words at every point, or a number of points with words at both ends."""
    if "labels" in part.only("kind", "points", "low", "high", "labels").value:
        part.only("kind", "labels")
        points = part.label_list("labels", FEWEST_POINTS, MOST_POINTS)
        return RatingScale(1, len(points), kind=LIKERT, points=points)
    most = part.whole("points", FEWEST_POINTS, MOST_POINTS)
    return RatingScale(1, most, low=part.labels("low"), high=part.labels("high"), kind=LIKERT)


def _pairwise(part: Part) -> RatingScale:
    ties = part.only("kind", "ties").get("ties", [])
    if not isinstance(ties, list) or any(tie not in TIES for tie in ties):
        raise part.wrong(_("must be a list of some of: %s") % ", ".join(TIES), "ties")
    return RatingScale(1, 2, kind=PAIRWISE, ties=tuple(dict.fromkeys(ties)))


def _ranking(part: Part) -> RatingScale:
    may_tie = part.only("kind", "ties").flag("ties")
    return RatingScale(1, 8, kind=RANKING, ties=(EQUAL,) if may_tie else ())


_READERS = {SLIDER: _slider, LIKERT: _likert, PAIRWISE: _pairwise, RANKING: _ranking}
