"""Many bots at once, and what came of each."""

import asyncio
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx2

from conversations.bots.browser import Browser, Stopwatch, Unexpected, new_client
from conversations.bots.journal import Check, Journal, compare
from conversations.bots.journey import Journey
from conversations.bots.people import Person

BEFORE = "complete before"  # somebody of an earlier run, whom a new browser shows nothing of it
# How a study ends the part of somebody who would go on.
TURNED_AWAY = {"screened_out", "quota_full", "failed_checks", "timed_out"}
PANEL_STUDY = "5f" + "0" * 22


@dataclass
class Outcome:
    """How it went for one person. `checks` is everything sent beside everything stored; `enrolment` is the
    code of the person in the study, `meant` an outcome that the person brought about on purpose."""

    person: Person
    watch: Stopwatch
    journal: Journal
    code: str = ""
    enrolment: str = ""
    ended: str = ""
    error: str = ""
    has_left: bool = False
    meant: str = ""
    checks: list[Check] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """The study says so, showed a code, and everything could be compared."""
        return bool(self.code and self.ended in {"complete", BEFORE} and not self.error)

    @property
    def is_accounted_for(self) -> bool:
        """Ended as the person meant, complete or turned away; or left for good, and the study still waits."""
        if self.error or self.has_left:
            return not (self.error or self.ended)
        return self.ended == self.meant if self.meant else self.is_complete or self.ended in TURNED_AWAY

    @property
    def lost(self) -> list[Check]:
        return [check for check in self.checks if not check.is_kept]


@dataclass(frozen=True)
class Site:
    """Where to play. `test_token` marks the rows as test data on a live study."""

    base_url: str
    slug: str
    test_token: str = ""

    @property
    def study_url(self) -> str:
        return f"{self.base_url}/studies/{self.slug}/"

    def entry(self, person: Person) -> str:
        query = {"PROLIFIC_PID": person.ids[0], "STUDY_ID": PANEL_STUDY, "SESSION_ID": person.ids[1]}
        return f"{self.study_url}?{urlencode(query | ({'test': self.test_token} if self.test_token else {}))}"


async def play_all(
    site: Site,
    people: list[Person],
    *,
    concurrency: int,
    think: float = 0.0,
    is_rough: bool = False,
    on_end: Callable[[Outcome], None] = lambda outcome: None,
    watch_house: Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Let everybody take part, `concurrency` at a time. `watch_house` is called twice a second."""
    places, certificates = asyncio.Semaphore(concurrency), ssl.create_default_context()

    async def one(person: Person) -> Outcome:
        async with places, new_client(site.base_url, certificates) as client:
            outcome = await play(site, person, client, think, is_rough)
        on_end(outcome)
        return outcome

    watching = asyncio.create_task(_watch(watch_house))
    try:
        return await asyncio.gather(*(one(person) for person in people))
    finally:
        watching.cancel()


async def _watch(watch_house: Callable[[], None]) -> None:
    while True:
        watch_house()
        await asyncio.sleep(0.5)


async def play(
    site: Site, person: Person, client: httpx2.AsyncClient, think: float, is_rough: bool = False
) -> Outcome:
    """One person's part, and the comparison at its end, also when it ended too early."""
    watch = Stopwatch()
    journey = Journey(person, Browser(client, watch), site.study_url, think, is_rough)
    outcome = Outcome(person, watch, journey.journal)
    try:
        await journey.travel(site.entry(person))
    except Unexpected as error:
        outcome.error = str(error)
    except Exception as error:  # a page that could not be understood must not stop the other bots
        outcome.error = f"{type(error).__name__}: {error}"
    outcome.code, outcome.has_left, outcome.meant = journey.code, journey.has_left, journey.meant
    if journey.is_returning:
        outcome.ended = BEFORE
        return outcome
    await _compare(outcome, journey)
    return outcome


async def _compare(outcome: Outcome, journey: Journey) -> None:
    try:
        record = journey.record or await journey.my_record()
    except (Unexpected, httpx2.HTTPError, json.JSONDecodeError) as error:
        outcome.error = outcome.error or f"what is stored could not be read: {error}"
        return
    outcome.enrolment = record["code"]
    outcome.ended = journey.meant if journey.record else record["outcome"]
    outcome.checks = compare(journey.journal, record)
