"""Seats for everybody in the cells of a new version: set by set in the database, for studies may be large.

Python sees each profile once, however many people share it; people and seats stay in PostgreSQL.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from surveys.coding import coded_values
from surveys.models import Cell, Seat, Study

from .definition import Definition
from .profiles import by_code, coded_questions
from .seats import ACTIVE, GIVEN_BACK, State, lock

Cells = Mapping[tuple[str, str], Cell]

# The newest answers to the questions that make a profile, one that says nothing being null; with them those
# who are complete, who have a seat until now, and who are here with every question answered.
PROFILES = """
WITH newest AS (
    SELECT DISTINCT ON (submission.enrolment_id, answer.question) submission.enrolment_id AS person,
        answer.question, CASE WHEN answer.status = 'answered' THEN answer.value END AS value
    FROM surveys_answer answer
    JOIN surveys_pagesubmission submission ON submission.id = answer.submission_id
    JOIN surveys_enrolment enrolment ON enrolment.id = submission.enrolment_id
    WHERE enrolment.study_id = %(study)s AND answer.question = ANY(%(questions)s::text[])
    ORDER BY submission.enrolment_id, answer.question, answer.id DESC
), profile AS (
    SELECT person, jsonb_object_agg(question, value) AS answers, count(*) AS known FROM newest GROUP BY person
), held AS (
    SELECT seat.enrolment_id AS person, max(seat.expires_at) AS until
    FROM surveys_seat seat JOIN surveys_enrolment enrolment ON enrolment.id = seat.enrolment_id
    WHERE enrolment.study_id = %(study)s AND seat.state = 'reserved' GROUP BY seat.enrolment_id
)
SELECT coalesce(answers, '{}')::text, extract(year FROM arrived_at AT TIME ZONE 'UTC')::int,
    array_agg(enrolment.id), array_agg(coalesce(held.until, %(now)s + %(hold)s))
FROM surveys_enrolment enrolment
LEFT JOIN profile ON profile.person = enrolment.id LEFT JOIN held ON held.person = enrolment.id
WHERE study_id = %(study)s AND NOT is_test AND (
    outcome = 'complete' AND NOT EXISTS (
        SELECT 1 FROM surveys_seat lost
        WHERE lost.enrolment_id = enrolment.id AND lost.reason = %(given_back)s
    ) OR outcome = '' AND (
        held.person IS NOT NULL
        OR known = cardinality(%(questions)s::text[]) AND seen_at > %(now)s - %(hold)s
    )
) GROUP BY 1, 2
"""
SEATS = """
INSERT INTO surveys_seat
    (enrolment_id, cell_id, "table", state, reason, hold, reserved_at, expires_at, ended_at)
SELECT person.id, cell.id, cell."table", CASE outcome WHEN '' THEN 'reserved' ELSE 'confirmed' END, '',
    %(hold)s, %(now)s, given.until, person.outcome_at
FROM unnest(%(people)s::bigint[], %(cells)s::bigint[], %(untils)s::timestamptz[])
    AS given (person, cell, until)
JOIN surveys_enrolment person ON person.id = given.person JOIN surveys_cell cell ON cell.id = given.cell
RETURNING cell_id, state
"""


@dataclass(frozen=True)
class Alike:
    """People with the same answers and year of arrival, and until when the seat of each is kept."""

    answers: dict[str, Any]
    year: int
    people: list[int]
    untils: list[datetime]


def close_all(study: Study) -> int:
    """Release every active seat of the study, while nobody else takes or ends one; how many."""
    lock(Cell.objects.filter(quota__study=study, seats__state__in=ACTIVE).values_list("pk", flat=True))
    seats = Seat.objects.filter(enrolment__in=study.enrolments.values("pk"), state__in=ACTIVE)
    closed = seats.update(state=State.RELEASED, reason="version", ended_at=timezone.now())
    Cell.objects.filter(quota__study=study).update(reserved=0, complete=0)
    return closed


def seat_everybody(groups: list[Alike], cells: Cells, definition: Definition) -> int:
    """Seats in the new cells for who is complete, who had a seat, and who is here; how many."""
    people: list[int] = []
    places: list[int] = []
    untils: list[datetime] = []
    for alike in groups:
        pairs = definition.keys(alike.answers, alike.year).items()
        for cell in [cells[pair].pk for pair in pairs if pair in cells]:
            people += alike.people
            places += [cell] * len(alike.people)
            untils += alike.untils
    given: dict[str, Any] = {"people": people, "cells": places, "untils": untils}
    given |= {"hold": definition.hold, "now": timezone.now()}
    with connection.cursor() as cursor:
        cursor.execute(SEATS, given)
        _count(cells, Counter(cursor.fetchall()))
    return len(people)


def alike(study: Study, definition: Definition) -> Iterator[Alike]:
    """Who is to have seats, by their profile; asked before the present seats are closed."""
    given: dict[str, Any] = {"study": study.pk, "questions": sorted(definition.questions)}
    given |= {"hold": definition.hold, "now": timezone.now(), "given_back": GIVEN_BACK}
    with connection.cursor() as cursor:
        cursor.execute(PROFILES, given)
        rows = cursor.fetchall()
    asked = coded_questions(study, definition)
    codes = coded_values(study.enrolments.all()) if asked else {}
    for written, year, people, untils in rows:
        for answers, places in by_code(asked, json.loads(written), people, codes):
            yield Alike(answers, year, [people[at] for at in places], [untils[at] for at in places])


def _count(cells: Cells, counts: Mapping[tuple[int, str], int]) -> None:
    """Write the counts; where an edit set the target below what is taken, the rest is `extra`."""
    for cell in cells.values():
        cell.reserved = counts.get((cell.pk, State.RESERVED), 0)
        cell.complete = counts.get((cell.pk, State.CONFIRMED), 0)
        if cell.target is not None:
            cell.extra = max(0, cell.reserved + cell.complete - cell.target)
    Cell.objects.bulk_update(cells.values(), ["reserved", "complete", "extra"])
