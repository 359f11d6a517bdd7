"""A study of two short pages with quotas, and people who fill them in."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any

import yaml
from django.test import Client

from surveys.models import Cell, Enrolment, Questionnaire, Quota, Seat, Study
from surveys.quotas import versions
from tests.factories import make_enrolment, make_user, submit_page
from tests.surveys.visitors import arrive, new_panel_id, submit

ASKS = """\
format: prism-questionnaire/1
key: quotas
title: Who and what
language: en
pages:
  - key: who
    title: About you
    minutes: 1
    questions:
      - key: gender
        type: single
        text: What is your gender?
        declinable: true
        options: [Woman, Man, Another]
      - {key: age, type: number, text: "How old are you?", minimum: 0, maximum: 120, declinable: true}
  - key: what
    title: What you think
    minutes: 1
    questions:
      - {key: words, type: text, text: "In a few words?"}
"""
STRATA: list[dict[str, Any]] = [
    {"key": "sex", "question": "gender", "categories": {"Female": ["Woman"], "Male": ["Man"]}},
    {"key": "age", "question": "age", "bands": {"young": [18, 39], "old": [40]}},
]
# The same with an option for people's own words, and categories that these may be coded as.
DESCRIBES = ASKS.replace(
    """        options: [Woman, Man, Another]
""",
    """        coding: gender
        options:
          - Woman
          - Man
          - {value: Another, asks_text: true, needs_coding: true}
""",
)
DESCRIBED_STRATA: list[dict[str, Any]] = [
    {
        "key": "sex",
        "question": "gender",
        "categories": {"Female": ["Woman", "Female"], "Male": ["Man", "Male"]},
    },
    STRATA[1],
]
WOMAN = {"gender": "Woman", "age": "30"}
MAN = {"gender": "Man", "age": "50"}
_numbers = count(1)


def by_sex(female: int = 1, male: int = 1, undisclosed: Any = "outside") -> dict[str, Any]:
    targets = [{"cell": ["Female"], "places": female}, {"cell": ["Male"], "places": male}]
    return {"key": "sex", "strata": ["sex"], "targets": targets, "undisclosed": undisclosed}


def by_age(young: int = 1, old: int = 1, undisclosed: Any = "outside") -> dict[str, Any]:
    targets = [{"cell": ["young"], "places": young}, {"cell": ["old"], "places": old}]
    return {"key": "age", "strata": ["age"], "targets": targets, "undisclosed": undisclosed}


def document(*tables: dict[str, Any], **more: Any) -> str:
    whole = {"format": "prism-quotas/1", "strata": STRATA, "tables": list(tables), **more}
    return yaml.safe_dump(whole, sort_keys=False)


def make_quota_study(*tables: dict[str, Any], **fields: Any) -> Study:
    """An open study of a survey alone, with these tables; without one it has no quotas."""
    study = Study.objects.create(
        **{
            "slug": f"quotas-{next(_numbers)}",
            "title": "Quotas",
            "state": Study.State.OPEN,
            "questionnaire": Questionnaire.load(ASKS),
            "panel": {"codes": {"complete": "DONE1", "quota_full": "FULL1", "screened_out": "OUT1"}},
            **fields,
        }
    )
    if tables:
        store(study, *tables)
    return study


def store(study: Study, *tables: dict[str, Any], **more: Any) -> Quota:
    return versions.store(study, document(*tables, **more), make_user(), before=study.quota_id)


def come(study: Study, client: Client | None = None) -> tuple[Client, Enrolment]:
    """Somebody arrives by the panel's link."""
    client, known = client or Client(), set(study.enrolments.values_list("pk", flat=True))
    assert arrive(client, study, new_panel_id()).status_code == 303
    return client, study.enrolments.exclude(pk__in=known).get()


def tell(study: Study, profile: dict[str, Any]) -> tuple[Client, Enrolment]:
    """Somebody arrives and sends the page that makes their profile."""
    client, person = come(study)
    submit(client, study, "who", profile)
    person.refresh_from_db()
    return client, person


def make_known(study: Study, gender: str | None = "Woman", age: int | None = 30, **fields: Any) -> Enrolment:
    """Somebody whose profile is stored, without a seat so far."""
    person = make_enrolment(study, **fields)
    submit_page(person, person.devices.get(), "who", {"gender": gender, "age": age})
    return person


def make_described(
    study: Study,
    gender: str | None = "Another",
    age: int | None = 30,
    words: str | None = "my own",
    **fields: Any,
) -> Enrolment:
    """As make_known, in a study that asks for own words; they stand beside the choice "Another"."""
    person = make_enrolment(study, **fields)
    describe(person, gender, age, words)
    return person


def describe(person: Enrolment, gender: str | None, age: int | None, words: str | None = "my own") -> None:
    beside = {"Another": words} if gender == "Another" and words else None
    submit_page(person, person.devices.get(), "who", {"gender": gender, "gender_text": beside, "age": age})


def counts(study: Study) -> dict[str, tuple[int, int, int]]:
    """Reserved, complete and refused of each cell in force; the key of the outside is empty."""
    cells = Cell.objects.filter(quota=study.quota_id)
    return {f"{c.table}:{c.key}": (c.reserved, c.complete, c.refused) for c in cells}


def check_counts(study: Study) -> None:
    """Counts are those of the rows, and never above what may be."""
    rows = Counter(Seat.objects.filter(enrolment__study=study).values_list("cell", "state"))
    for cell in Cell.objects.filter(quota__study=study):
        assert cell.reserved == rows[cell.pk, "reserved"]
        assert cell.complete == rows[cell.pk, "confirmed"]
        assert cell.target is None or cell.reserved + cell.complete <= cell.target + cell.extra
