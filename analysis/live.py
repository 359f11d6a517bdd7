"""One study's live picture: where its people are, how often each model was shown, and what went wrong.

Everything is counted in PostgreSQL; the number of queries does not depend on the number of people.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Avg, Count, Exists, FloatField, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise

from conversations.models import Attempt, Conversation, LanguageModel, PoolEntry, Response
from conversations.models.response import FINISHED
from conversations.protocols import RatingScale
from conversations.protocols.rating import FULL_SLIDER
from prism.lib.intervals import Interval, wilson
from prism.lib.remembering import remembered
from surveys.models import Consent, Enrolment, Study
from surveys.quality.deciding import excluded

ACTIVE_MINUTES = 5
PROBLEMS = 10
# Problems and waits are looked for in the study's newest conversations only: a search through all calls of a
# large study would read every one of them, every five seconds.
NEWEST = 1000
ANY_SCALE = Q()


@dataclass(frozen=True)
class Journey:
    """How many people came how far; `outcomes` are (value, label, count) of every way it can end."""

    arrived: int
    consented: int
    in_survey: int
    in_conversation: int
    complete: int
    active: int
    outcomes: Sequence[tuple[str, str | Promise, int]]
    test: int


@dataclass(frozen=True)
class Exposure:
    """How a model fared. `drawn`: at openings; `shown`: answers that kept their slot, in any turn.

    The score and its number are of the data: usually without people whom a coordinator excluded. They are of
    the newest protocol's scale, for scores of different scales have no mean; where that one compares answers
    `best_rate` says how often the model was first of its turn, of `compared` times, ties left out.
    """

    name: str
    is_drawable: bool
    drawn: int
    shown: int
    replaced: int
    failed: int
    finished: int
    failure_rate: Interval | None
    first_text_ms: float | None
    score: float | None
    ratings: int
    best_rate: Interval | None
    compared: int


@dataclass(frozen=True)
class Problem:
    """A call that failed or was lost; for coordinators, so it names the model."""

    at: datetime
    model: str
    conversation: str
    kind: str
    detail: str


class Median(Aggregate):
    """percentile_cont(0.5), the interpolated median."""

    function = "PERCENTILE_CONT"
    name = "median"
    output_field = FloatField()
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"


def journey(study: Study, *, with_test: bool = False) -> Journey:
    """One query over the study's enrolments."""
    who = Q(is_imported=False) if with_test else Q(is_test=False)
    agreed = Consent.objects.filter(enrolment=OuterRef("pk"), agreed=True)
    outcomes = [(str(value), label) for value, label in Enrolment.Outcome.choices if value]
    counts = study.enrolments.aggregate(
        arrived=Count("pk", filter=who),
        consented=Count("pk", filter=who & Q(Exists(agreed))),
        in_survey=Count("pk", filter=who & Q(outcome="", stage="survey")),
        in_conversation=Count("pk", filter=who & Q(outcome="", stage="conversations")),
        active=Count("pk", filter=who & Q(seen_at__gte=timezone.now() - timedelta(minutes=ACTIVE_MINUTES))),
        test=Count("pk", filter=Q(is_test=True, is_imported=False)),
        **{f"outcome_{value}": Count("pk", filter=who & Q(outcome=value)) for value, _label in outcomes},
    )
    ends = [(value, label, counts.pop(f"outcome_{value}")) for value, label in outcomes]
    complete = next(count for value, _label, count in ends if value == Enrolment.Outcome.COMPLETE)
    return Journey(**counts, complete=complete, outcomes=ends)


@dataclass(frozen=True)
class ModelTable:
    """The models' figures, when they were counted, and how many people are excluded from the data."""

    at: datetime
    rows: list[Exposure]
    excluded: int
    scale: RatingScale = FULL_SLIDER


def model_table(study: Study, *, with_test: bool = False, with_excluded: bool = False) -> ModelTable:
    """The figures of `exposures`, a little older in a large study, where counting takes about a second.

    Scores are without people excluded from the data, or `with_excluded`.
    """
    outside = excluded(study)
    left_out = frozenset() if with_excluded else frozenset(outside)
    # A decision is seen at once: what was counted without it is not asked for any more.
    key = f"live-scores:{study.pk}:{int(with_test)}:{len(outside)}:{hash(left_out)}"
    return remembered(
        key,
        lambda: _table(study, left_out, len(outside), with_test=with_test),
    )


def _table(study: Study, left_out: Set[int], outside: int, *, with_test: bool) -> ModelTable:
    scale, on_scale = _newest_scale(study)
    rows = exposures(study, left_out, on_scale, with_test=with_test)
    return ModelTable(timezone.now(), rows, outside, scale)


def exposures(
    study: Study, left_out: Set[int] = frozenset(), on_scale: Q = ANY_SCALE, *, with_test: bool = False
) -> list[Exposure]:
    """Every model that the study may draw or ever drew, by name; scores without those of `left_out`.

    `on_scale` narrows responses down to those rated on one scale.
    """
    responses = _responses(study, with_test)
    rows = _counts(responses, left_out, on_scale)
    medians = _medians(study, responses)
    in_pool = Exists(PoolEntry.objects.filter(study=study, is_on=True, model=OuterRef("pk")))
    known = LanguageModel.objects.annotate(is_drawable=in_pool).order_by("name")
    models = known.filter(Q(is_drawable=True) | Q(pk__in=rows.keys()))
    return [_exposure(m, m.is_drawable, rows.get(m.pk, {}), medians.get(m.pk)) for m in models]


def _newest(study: Study) -> QuerySet[Conversation, Any]:
    held = Conversation.objects.filter(study=study, enrolment__is_imported=False)
    return held.order_by("-pk").values("pk")[:NEWEST]


def _responses(study: Study, with_test: bool) -> QuerySet[Response]:
    responses = Response.objects.filter(turn__conversation__study=study)
    which = "is_imported" if with_test else "is_test"
    return responses.filter(**{f"turn__conversation__enrolment__{which}": False})


def _newest_scale(study: Study) -> tuple[RatingScale, Q]:
    """The scale of the newest protocol, and what narrows responses down to those that were rated on it."""
    known = [(protocol.pk, protocol.parsed().rating) for protocol in study.protocols.order_by("-version")]
    newest = known[0][1] if known else FULL_SLIDER
    same = [pk for pk, scale in known if _range(scale) == _range(newest)]
    return newest, Q() if len(same) == len(known) else Q(turn__conversation__protocol__in=same)


def _range(scale: RatingScale) -> tuple[str, int, int]:
    return scale.kind, scale.minimum, scale.maximum


def _counts(responses: QuerySet[Response], left_out: Set[int], on_scale: Q) -> dict[int, dict[str, Any]]:
    """One pass over the responses; a response has one rating at most, so joining it doubles nothing."""
    in_data = ~Q(turn__conversation__enrolment__in=left_out) & on_scale
    compared = in_data & Q(rating__tie="")
    rows = responses.values("model").annotate(
        drawn=Count("pk", filter=Q(turn__number=0, copied_from=None)),
        shown=Count("pk", filter=Q(is_replaced=False)),
        replaced=Count("pk", filter=Q(is_replaced=True)),
        failed=Count("pk", filter=Q(state=Response.State.FAILED)),
        finished=Count("pk", filter=Q(state__in=FINISHED)),
        score=Avg("rating__score", filter=in_data),
        ratings=Count("rating__score", filter=in_data),
        best=Count("pk", filter=compared & Q(rating__rank=1)),
        compared=Count("rating__rank", filter=compared),
    )
    return {row["model"]: dict(row) for row in rows.order_by()}


def _medians(study: Study, responses: QuerySet[Response]) -> dict[int, float | None]:
    """Median time to the first text of each model, in milliseconds, in the newest conversations."""
    recent = responses.filter(turn__conversation__in=_newest(study))
    rows = recent.values("model").annotate(median=Median("first_text_ms")).order_by()
    return {row["model"]: row["median"] for row in rows}


def _exposure(model: LanguageModel, is_drawable: bool, row: dict[str, Any], median: float | None) -> Exposure:
    names = ("drawn", "shown", "replaced", "failed", "finished", "ratings", "compared")
    counts = {key: row.get(key, 0) for key in names}
    return Exposure(
        name=model.name,
        is_drawable=is_drawable,
        **counts,
        failure_rate=wilson(counts["failed"], counts["finished"]),
        first_text_ms=median,
        score=row.get("score"),
        best_rate=wilson(row.get("best", 0), counts["compared"]),
    )


def problems(study: Study, *, with_test: bool = False) -> list[Problem]:
    """The newest calls of the study that failed or were lost."""
    attempts = Attempt.objects.filter(
        state__in=[Attempt.State.FAILED, Attempt.State.LOST], response__turn__conversation__in=_newest(study)
    )
    if not with_test:
        attempts = attempts.filter(response__turn__conversation__enrolment__is_test=False)
    found = attempts.select_related("response__model", "response__turn__conversation").order_by("-pk")
    return [_problem(attempt) for attempt in found[:PROBLEMS]]


def _problem(attempt: Attempt) -> Problem:
    return Problem(
        at=attempt.started_at,
        model=attempt.response.model.name,
        conversation=attempt.response.turn.conversation.code,
        kind=attempt.failure or attempt.get_state_display(),
        detail=attempt.detail,
    )
