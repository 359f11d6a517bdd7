"""How long a study keeps what people gave: days after each person's end, enforced every hour.

A person's clock begins with their outcome, or when they were last seen if they never came to an end.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Min, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from surveys import audit, erasure, journey
from surveys.erasure import GONE_AT, Part
from surveys.models import Enrolment, Study

KEYS = {
    "identity_days": Part.IDENTITY,
    "texts_days": Part.TEXTS,
    "everything_days": Part.REST,
}
LABELS: dict[Part, str | Promise] = {
    Part.IDENTITY: _("the id that the panel gave, links and devices"),
    Part.TEXTS: _("what was written"),
    Part.REST: _("everything"),
}
MOST_DAYS = 36_500
AT_ONCE = 200


@dataclass(frozen=True)
class Due:
    """What of a study is to be erased now, and when it comes next."""

    study: Study
    part: Part
    days: int
    people: int
    next_at: datetime | None

    @property
    def label(self) -> str | Promise:
        return LABELS[self.part]


def days(study: Study) -> dict[Part, int]:
    """After how many days each part goes, for those parts that the study says something about."""
    rules: Mapping[str, Any] = study.retention
    return {part: int(rules[key]) for key, part in KEYS.items() if rules.get(key) is not None}


def problems(rules: Mapping[str, Any], withdrawal_days: int) -> list[str]:
    """What is wrong with a study's periods, in sentences; nothing where they can be kept."""
    given = {key: value for key, value in rules.items() if value is not None}
    found = [str(_("“%(key)s” is not known.") % {"key": key}) for key in given if key not in KEYS]
    for key, value in given.items():
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_DAYS:
            found.append(str(_("“%(key)s” should be a whole number of days.") % {"key": key}))
    identity = given.get("identity_days")
    if not found and identity is not None and identity < withdrawal_days:
        message = _(
            "Without links nobody can withdraw by themselves: identities are needed for %(days)d days."
        )
        found.append(str(message % {"days": withdrawal_days}))
    return found


def due(study: Study, part: Part, now: datetime) -> "QuerySet[Any]":
    """The enrolments of which this part is to be erased now."""
    limit = days(study).get(part)
    if limit is None:
        return Enrolment.objects.none()
    return _waiting(study, part).filter(ended_at__lte=now - timedelta(days=limit))


def plan(study: Study, now: datetime | None = None) -> list[Due]:
    """For every period of the study: how many people it has come for, and when it comes next."""
    now = now or timezone.now()
    return [
        Due(study, part, number, due(study, part, now).count(), _next(study, part, number, now))
        for part, number in days(study).items()
    ]


def enforce(study: Study, now: datetime | None = None) -> dict[Part, int]:
    """Erase what is due, people in small groups; returns how many people for each part.

    May run twice at once: a group is locked, and who was cleared by the other run is not due any more.
    """
    now = now or timezone.now()
    done = {part: _enforce_part(study, part, now) for part in days(study)}
    if any(done.values()):
        audit.record(
            None, "retention.enforced", study=study, **{str(part): n for part, n in done.items() if n}
        )
    return done


def _enforce_part(study: Study, part: Part, now: datetime) -> int:
    total = 0
    while people := _clear_some(study, part, now):
        total += people
    return total


def _clear_some(study: Study, part: Part, now: datetime) -> int:
    parts = frozenset(Part) if part is Part.REST else frozenset({part})
    with transaction.atomic():
        some = due(study, part, now).order_by("pk")[:AT_ONCE]
        chosen = list(some.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True))
        if chosen:
            reason = f"retention: {part} after {days(study)[part]} days"
            people = Enrolment.objects.filter(pk__in=chosen)
            erasure.clear(people, parts, reason=reason, action="retention.erased")
            _time_out(Enrolment.objects.filter(pk__in=chosen).in_progress())
    return len(chosen)


def _time_out(people: Iterable[Enrolment]) -> None:
    """Nothing lets them in again. Their end was when they were last seen, so that no clock begins anew."""
    for enrolment in people:
        journey.finish(enrolment, Enrolment.Outcome.TIMED_OUT)
        Enrolment.objects.filter(pk=enrolment.pk).update(outcome_at=F("seen_at"))


def _waiting(study: Study, part: Part) -> "QuerySet[Any]":
    """With `ended_at`, from which the days are counted."""
    kept = Enrolment.objects.filter(study=study, **{GONE_AT[part]: None})
    return kept.annotate(ended_at=Coalesce("outcome_at", "seen_at"))


def _next(study: Study, part: Part, number: int, now: datetime) -> datetime | None:
    later = _waiting(study, part).filter(ended_at__gt=now - timedelta(days=number))
    first: datetime | None = later.aggregate(first=Min("ended_at"))["first"]
    return first + timedelta(days=number) if first else None
