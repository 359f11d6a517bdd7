"""How far judgements can be relied on in a study: counts of what was drawn, and how second ratings agree."""

from collections import defaultdict
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

from django.db.models import Count, Q

from conversations.models import Opening, Rating, Repeat, RepeatRating
from prism.lib.intervals import Interval, wilson
from surveys.models import Study
from surveys.quality.deciding import excluded


@dataclass(frozen=True)
class Mean:
    """A mean with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Agreement:
    """Of the answers that were rated twice by the same person.

    `difference`: of the two scores, in points of the scale and whatever its sign; the mean of each person
    counts once. `same_best`: in how many sets an answer that was best is best again.
    """

    due: int
    rated: int
    people: int
    difference: Mean | None
    same_best: Interval | None


@dataclass(frozen=True)
class GivenMessage:
    key: str
    given: int
    answered: int


def agreement(study: Study) -> Agreement:
    """Without test data and without people who were excluded from the data."""
    mine = Q(after__study=study, after__enrolment__is_test=False) & ~Q(after__enrolment__in=excluded(study))
    drawn = Repeat.objects.filter(mine, turn__isnull=False)
    given = RepeatRating.objects.filter(repeat__in=drawn.values("pk"), response__rating__isnull=False)
    gaps: dict[int, list[int]] = defaultdict(list)
    sets: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in given.select_related("repeat__after", "response__rating"):
        first = row.response.rating
        if first.score is not None and row.score is not None:
            gaps[row.repeat.after.enrolment_id].append(abs(first.score - row.score))
        if (once := worth(first)) is not None and (twice := worth(row)) is not None:
            sets[row.repeat_id].append((once, twice))
    return Agreement(
        due=drawn.count(),
        rated=len(sets),
        people=given.order_by().values("repeat__after__enrolment").distinct().count(),
        difference=mean([fmean(found) for found in gaps.values()]),
        same_best=wilson(sum(map(_has_same_best, sets.values())), len(sets)),
    )


def worth(rating: Rating | RepeatRating) -> int | None:
    """More is better, on any scale; None for what was erased."""
    if rating.score is not None:
        return rating.score
    return None if rating.rank is None else -rating.rank


def _has_same_best(worths: list[tuple[int, int]]) -> bool:
    """Whether an answer that was best the first time is best the second time."""
    return (max(once for once, _ in worths), max(twice for _, twice in worths)) in worths


def mean(values: list[float], confidence: float = 0.95) -> Mean | None:
    """With a normal interval, one value a person; None without any, and no interval below two."""
    if not values:
        return None
    middle = fmean(values)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    reach = z * stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("inf")
    return Mean(middle, middle - reach, middle + reach, len(values))


def given_messages(study: Study) -> list[GivenMessage]:
    """How many conversations begin with each of the common messages."""
    given = Opening.objects.filter(conversation__study=study, conversation__enrolment__is_test=False).exclude(
        key=""
    )
    counted = given.values("key").annotate(
        given=Count("pk"), answered=Count("pk", filter=Q(conversation__state="complete"))
    )
    return [GivenMessage(row["key"], row["given"], row["answered"]) for row in counted.order_by("key")]
