"""Which messages and answers of a study become tasks. Whatever is drawn is drawn by a recorded seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from django.db.models import Q

from conversations.models import Conversation
from surveys.models import Decision, Enrolment, Study
from surveys.quality.deciding import stands

TURNED_AWAY = (
    Enrolment.Outcome.WITHDRAWN,
    Enrolment.Outcome.NO_CONSENT,
    Enrolment.Outcome.SCREENED_OUT,
    Enrolment.Outcome.QUOTA_FULL,
    Enrolment.Outcome.FAILED_CHECKS,
)


@dataclass(frozen=True)
class Choice:
    """`most` 0 means all. `is_each`: every answer or pair of a message becomes a task, not a drawn one.

    `with_excluded`: also of people whom a coordinator excluded from the data.
    """

    languages: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    since: str = ""  # days as 2026-01-31, both included, UTC
    until: str = ""
    is_first_only: bool = False
    is_each: bool = False
    with_imported: bool = False
    with_excluded: bool = False
    most: int = 0
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"languages": list(self.languages), "types": list(self.types)}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Choice:
        """What `as_json` made."""
        return cls(**given | {"languages": tuple(given["languages"]), "types": tuple(given["types"])})

    def turns(self, study: Study) -> Q:
        """The chosen messages, as a condition on turns: of people who are in the study and not erased."""
        wanted = Q(conversation__study=study, conversation__enrolment__is_test=False)
        wanted &= Q(conversation__enrolment__texts_erased_at=None, conversation__enrolment__erased_at=None)
        wanted &= ~Q(conversation__enrolment__outcome__in=TURNED_AWAY)
        wanted &= ~Q(conversation__state=Conversation.State.ABANDONED) & ~Q(text="")
        if not self.with_excluded:
            wanted &= Q(~stands(Decision.Value.EXCLUDE, "conversation__enrolment"))
        if not self.with_imported:
            wanted &= Q(conversation__enrolment__is_imported=False)
        if self.is_first_only:
            wanted &= Q(number=0)
        if self.types:
            wanted &= Q(conversation__type__in=self.types)
        return wanted & self._spoken() & self._in_time()

    def _spoken(self) -> Q:
        spoken = Q()
        for language in self.languages:
            spoken |= Q(conversation__language__iexact=language)
            spoken |= Q(conversation__language__istartswith=f"{language}-")
        return spoken

    def _in_time(self) -> Q:
        within = Q()
        if self.since:
            within &= Q(at__gte=_midnight(self.since))
        if self.until:
            within &= Q(at__lt=_midnight(self.until) + timedelta(days=1))
        return within


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), UTC)


@dataclass(frozen=True)
class Pick:
    """The answers of one task in the order of its sides, and which of them its person preferred, if known."""

    responses: tuple[int, ...]
    preference: str = ""


def sampled(picks: Sequence[Pick], choice: Choice) -> list[Pick]:
    """So many as are wanted, drawn by the seed, in the order in which they were."""
    if not 0 < choice.most < len(picks):
        return list(picks)
    places = Random(f"sample {choice.seed}").sample(range(len(picks)), choice.most)
    return [picks[place] for place in sorted(places)]
