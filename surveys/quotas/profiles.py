"""The answers that make a profile: as people declared them, and where they used their own words, as these
were decided. Until then the declared answer alone counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from surveys.coding import coded_values
from surveys.coding.described import Described, described
from surveys.models import Enrolment, Questionnaire, Study

from .definition import Definition

Answers = Mapping[str, Any]


def coded_questions(study: Study, definition: Definition) -> Sequence[Described]:
    """The questions of the definition to which people may answer in their own words."""
    if study.questionnaire_id is None:
        return ()
    document = Questionnaire.document_of(study.questionnaire_id)
    return [question for question in described(document) if question.question in definition.questions]


def with_codes(enrolment: Enrolment, definition: Definition, answers: dict[str, Any]) -> dict[str, Any]:
    """A person's answers, with what was decided about their own words in the place of these."""
    asked = _own_words(coded_questions(enrolment.study, definition), answers)
    codes = coded_values([enrolment.pk]).get(enrolment.pk, {}) if asked else {}
    return _categorised(answers, asked, codes)


def by_code(
    asked: Sequence[Described],
    answers: Answers,
    people: Sequence[int],
    codes: Mapping[int, Mapping[str, str]],
) -> list[tuple[dict[str, Any], list[int]]]:
    """People with the same answers, apart by what was decided about their own words: the answers that count,
    and the places in `people` of those who have them."""
    own = _own_words(asked, answers)
    if not own:
        return [(dict(answers), list(range(len(people))))]
    groups: dict[tuple[str | None, ...], list[int]] = defaultdict(list)
    for place, person in enumerate(people):
        groups[tuple(codes.get(person, {}).get(question.question) for question in own)].append(place)
    return [(_categorised(answers, own, _given(own, found)), places) for found, places in groups.items()]


def _given(own: Sequence[Described], found: Sequence[str | None]) -> dict[str, str]:
    pairs = zip(own, found, strict=True)
    return {question.question: code for question, code in pairs if code is not None}


def _own_words(asked: Sequence[Described], answers: Answers) -> list[Described]:
    return [question for question in asked if question.is_own_words(answers.get(question.question))]


def _categorised(answers: Answers, own: Sequence[Described], codes: Mapping[str, str]) -> dict[str, Any]:
    counted = {
        question.question: question.categorised(answers[question.question], codes.get(question.question))
        for question in own
    }
    return {**answers, **counted}
