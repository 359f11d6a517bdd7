"""What goes into a release and under which codes.

The chosen people and conversations are written into two temporary tables of the connection, with the number
each has in this release. They fix the choice for the whole run, let the database sort by released number, and
keep memory the same for ten people and ten thousand.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL

from conversations.models import Conversation, Protocol, Response, Turn
from conversations.models.imported import ALL, IMPORTED, LIVE
from conversations.models.response import FINISHED
from conversations.protocols import SLIDER, WINNER
from prism.lib.numbering import numbering
from surveys.models import Decision, Enrolment, Study
from surveys.quality.deciding import stands

ARENA = "arena"  # the format whose people need not finish anything, and whose conversations have two sides
PROPERTIES = "properties"  # of annotations; whose conversations they are of need not finish anything either
UNFINISHED = (ARENA, PROPERTIES)
PEOPLE_AT_ONCE = 50
ROWS_AT_ONCE = 1000
TURNED_AWAY = [
    Enrolment.Outcome.SCREENED_OUT,
    Enrolment.Outcome.QUOTA_FULL,
    Enrolment.Outcome.NO_CONSENT,
    Enrolment.Outcome.FAILED_CHECKS,
]
# Why somebody who finished the survey is not in a release. Of several reasons the first one counts.
GONE, AWAY, TEST, EXCLUDED = REASONS = ("withdrawn_or_erased", "turned_away", "test", "excluded")

DROP = "DROP TABLE IF EXISTS release_person, release_conversation"
CREATE = """
CREATE TEMPORARY TABLE release_person (enrolment_id bigint PRIMARY KEY, number bigint NOT NULL UNIQUE);
CREATE TEMPORARY TABLE release_conversation (
    conversation_id bigint PRIMARY KEY,
    enrolment_id bigint NOT NULL,
    number bigint NOT NULL UNIQUE,
    turns bigint NOT NULL,
    first_interaction bigint
);
CREATE INDEX ON release_conversation (enrolment_id, number)
"""
# PRISM numbers the turns of all conversations in the order of their ids read as text: c1, c10, c2.
NUMBER_INTERACTIONS = """
UPDATE release_conversation SET first_interaction = counted.before FROM (
    SELECT conversation_id, sum(turns) OVER (ORDER BY number::text COLLATE "C") - turns AS before
    FROM release_conversation
) AS counted WHERE counted.conversation_id = release_conversation.conversation_id
"""
TALKS_OF = """
SELECT enrolment_id, conversation_id, number, first_interaction FROM release_conversation
WHERE enrolment_id = ANY(%s) ORDER BY number
"""
CHOSEN_PEOPLE = RawSQL("SELECT enrolment_id FROM release_person", [])
CHOSEN_CONVERSATIONS = RawSQL("SELECT conversation_id FROM release_conversation", [])


@dataclass(frozen=True)
class Scope:
    """What is asked for. Without a release seed the study's own codes are used."""

    study: Study
    is_full: bool = True
    include_test: bool = False
    include_excluded: bool = False
    release_seed: str = ""
    format: str = "prism"
    source: str = LIVE  # who was here; IMPORTED, ALL, or the key of an imported dataset


@dataclass(frozen=True)
class NumberedConversation:
    pk: int
    code: str
    first_interaction: int


@dataclass(frozen=True)
class NumberedPerson:
    pk: int
    code: str
    conversations: Sequence[NumberedConversation]


@dataclass(frozen=True)
class Size:
    people: int
    conversations: int
    turns: int
    answers: int


def people(scope: Scope) -> QuerySet[Enrolment]:
    """Those who finished the survey, were not turned away or excluded, and did not withdraw.

    In the arena whoever wrote a message has finished.
    """
    return finished(scope).filter(left_out="")


def finished(scope: Scope) -> QuerySet[Any]:
    """Everybody who finished the survey, with the reason in `left_out` for which a person is not released."""
    is_gone = (
        Q(outcome=Enrolment.Outcome.WITHDRAWN)
        | Q(erased_at__isnull=False)
        | Q(participant__erased_at__isnull=False)
    )
    reasons = [When(is_gone, Value(GONE)), When(outcome__in=TURNED_AWAY, then=Value(AWAY))]
    if not scope.include_test:
        reasons.append(When(is_test=True, is_imported=False, then=Value(TEST)))
    if not scope.include_excluded:
        reasons.append(When(stands(Decision.Value.EXCLUDE), Value(EXCLUDED)))
    all_of_them = Enrolment.objects.filter(_has_taken_part(scope), study=scope.study)
    return all_of_them.filter(of_source(scope.source)).annotate(left_out=Case(*reasons, default=Value("")))


def of_source(source: str, path: str = "") -> Q:
    """Of enrolments, or of rows from which `path` leads to one: those of a source."""
    if source == ALL:
        return Q()
    if source in (LIVE, IMPORTED):
        return Q(**{f"{path}is_imported": source == IMPORTED})
    return Q(**{f"{path}imported__dataset__key": source})


def _has_taken_part(scope: Scope) -> Q:
    if scope.format not in UNFINISHED:
        return Q(survey_finished_at__isnull=False)
    return Q(Exists(Turn.objects.filter(conversation__enrolment=OuterRef("pk"))))


def took_part_by(scope: Scope, moment: datetime) -> Q:
    """Of enrolments: whose part in the study a release of that moment could hold."""
    if scope.format not in UNFINISHED:
        return Q(survey_finished_at__lte=moment)
    return Q(Exists(Turn.objects.filter(conversation__enrolment=OuterRef("pk"), at__lte=moment)))


def conversations(scope: Scope) -> QuerySet[Conversation]:
    """The arena's conversations of its people: those with a message, and no more than two sides."""
    more = Response.objects.filter(turn__conversation=OuterRef("pk"), slot__gt="B")
    asked = Turn.objects.filter(conversation=OuterRef("pk"))
    held = Conversation.objects.filter(study=scope.study, enrolment__in=people(scope).values("pk"))
    return held.filter(Exists(asked), ~Exists(more))


def answers() -> QuerySet[Response]:
    """The responses a participant could read: not replaced, and with text, be it cut off."""
    return Response.objects.shown().filter(state__in=FINISHED, text__regex=r"\S")


def answered_turns() -> QuerySet[Turn]:
    """The turns in which at least one model said something."""
    return Turn.objects.filter(Exists(answers().filter(turn=OuterRef("pk"))))


@contextmanager
def chosen(scope: Scope) -> Iterator[Counter[str]]:
    """The release's people and conversations, chosen and numbered for as long as the context lasts.

    Gives how many who finished the survey were left out, by reason.
    """
    _execute(DROP)
    _execute(CREATE)
    try:
        left_out = _choose_people(scope)
        _execute("ANALYZE release_person")
        _choose_conversations(scope)
        _execute(NUMBER_INTERACTIONS)
        _execute("ANALYZE release_conversation")
        yield left_out
    finally:
        _execute(DROP)


def numbered_people() -> Generator[list[NumberedPerson], None, None]:
    """Batches of people in the order of their released number, each with their conversations."""
    with connection.chunked_cursor() as cursor:
        cursor.execute("SELECT enrolment_id, number FROM release_person ORDER BY number")
        while rows := cursor.fetchmany(PEOPLE_AT_ONCE):
            talks = _talks_of([pk for pk, _ in rows])
            yield [NumberedPerson(pk, f"user{number}", talks[pk]) for pk, number in rows]


def size() -> Size:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM release_person")
        (persons,) = cursor.fetchone()
        cursor.execute("SELECT count(*), coalesce(sum(turns), 0)::bigint FROM release_conversation")
        talks, turns = cursor.fetchone()
    shown = answers().filter(turn__conversation__in=CHOSEN_CONVERSATIONS)
    return Size(persons, talks, turns, shown.count())


def followed() -> QuerySet[Protocol]:
    """The protocols of the release's conversations."""
    return Protocol.objects.filter(conversation__in=CHOSEN_CONVERSATIONS).distinct().order_by("version")


def has_other_scales() -> bool:
    """Whether answers of the release were rated otherwise than by PRISM's sliders."""
    return any(protocol.parsed().rating.kind != SLIDER for protocol in followed())


def has_other_continuations() -> bool:
    """Whether another answer than the one rated best may have gone on."""
    return any(protocol.parsed().continuation.who != WINNER for protocol in followed())


def is_still_allowed(scope: Scope) -> bool:
    """Whether nobody in the release withdrew, was erased or was excluded since it was chosen."""
    return (
        not Enrolment.objects.filter(pk__in=CHOSEN_PEOPLE).exclude(pk__in=people(scope).values("pk")).exists()
    )


def _choose_people(scope: Scope) -> Counter[str]:
    """Fill the table of people; one look at the study, so that those in it and those left out add up."""
    renumber = numbering(scope.study.slug, "person", scope.release_seed)
    left_out: Counter[str] = Counter()
    found = finished(scope).values_list("pk", "number", "left_out").iterator(chunk_size=ROWS_AT_ONCE)

    def rows() -> Iterator[tuple[int, int]]:
        for pk, number, reason in found:
            if reason:
                left_out[reason] += 1
            else:
                yield pk, renumber(number)

    _insert("INSERT INTO release_person VALUES (%s, %s)", rows())
    return left_out


def _choose_conversations(scope: Scope) -> None:
    renumber = numbering(scope.study.slug, "conversation", scope.release_seed)
    if scope.format in UNFINISHED:
        wanted = conversations(scope).filter(enrolment__in=CHOSEN_PEOPLE)
    else:
        wanted = Conversation.objects.complete().filter(
            study=scope.study, enrolment__in=CHOSEN_PEOPLE, turns__responses__in=answers()
        )
    found = (
        wanted.annotate(answered=Count("turns", distinct=True))
        .values_list("pk", "enrolment_id", "number", "answered")
        .iterator(chunk_size=ROWS_AT_ONCE)
    )
    _insert(
        "INSERT INTO release_conversation VALUES (%s, %s, %s, %s)",
        ((pk, enrolment, renumber(number), turns) for pk, enrolment, number, turns in found),
    )


def _talks_of(persons: list[int]) -> dict[int, list[NumberedConversation]]:
    talks: dict[int, list[NumberedConversation]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(TALKS_OF, [persons])
        for person, pk, number, first in cursor.fetchall():
            talks[person].append(NumberedConversation(pk, f"c{number}", first))
    return talks


def _insert(statement: str, rows: Iterable[tuple[int, ...]]) -> None:
    waiting = iter(rows)
    with connection.cursor() as cursor:
        while batch := list(islice(waiting, ROWS_AT_ONCE)):
            cursor.executemany(statement, batch)


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
