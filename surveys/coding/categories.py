"""What was decided about people's own words: from two codes and a ruling to the category of an answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from django.db.models import QuerySet

from surveys.models import Answer, Coding, CodingRuling, Enrolment, PageSubmission, Questionnaire

from . import schemes
from .described import Described, described

People = Iterable[int] | QuerySet[Enrolment]
# The questions of a version of a questionnaire by the answers that hold the words.
ByWords = Mapping[str, Described]


class Standing(StrEnum):
    OPEN = "open"
    HALF = "half"
    AGREED = "agreed"
    CONTESTED = "contested"
    RULED = "ruled"


def standing(codes: Sequence[str], ruling: str | None) -> Standing:
    """How far a text is, from its codes (none to two) and its ruling."""
    if ruling is not None:
        return Standing.RULED
    if len(codes) < 2:
        return Standing.HALF if codes else Standing.OPEN
    return Standing.AGREED if codes[0] == codes[1] else Standing.CONTESTED


def decided(codes: Sequence[str], ruling: str | None) -> str | None:
    """The category of a text; None until two coders agree or somebody has ruled."""
    return {Standing.RULED: ruling, Standing.AGREED: codes[0] if codes else None}.get(standing(codes, ruling))


def newest(given: QuerySet[Answer], keys: Iterable[str]) -> QuerySet[Answer]:
    """Each person's newest answer to each question, where a text was given; it may be erased by now."""
    person_and_question = ("submission__enrolment_id", "question")
    rows = given.filter(question__in=keys).order_by(*person_and_question, "-pk")
    last = rows.distinct(*person_and_question)
    return Answer.objects.filter(pk__in=last.values("pk"), status=Answer.Status.ANSWERED)


def coded_value(enrolment: Enrolment, question: str) -> str | None:
    """The category of a person's text to a question under the present scheme; None until it is decided."""
    return coded_values([enrolment.pk]).get(enrolment.pk, {}).get(question)


def coded_values(people: People) -> dict[int, dict[str, str]]:
    """The decided categories of several people's texts, by enrolment and question. The version that a person
    answered says which scheme is a question's. A fixed number of queries."""
    asked = _asked_of(people)
    keys = {key for by_words in asked.values() for key in by_words}
    found: dict[int, dict[str, str]] = defaultdict(dict)
    if not keys:
        return found
    current = newest(Answer.objects.filter(submission__enrolment__in=people), keys)
    columns = ("pk", "submission__enrolment", "submission__questionnaire", "question")
    decisions = _decisions(people, asked.values())
    for answer, person, version, words in current.values_list(*columns):
        question = asked[version].get(words)
        category = decisions.get((answer, question.scheme)) if question else None
        if question and category is not None:
            found[person][question.question] = category
    return found


def _asked_of(people: People) -> dict[int, ByWords]:
    versions = PageSubmission.objects.filter(enrolment__in=people).order_by().values_list("questionnaire")
    return {
        pk: {question.words: question for question in described(Questionnaire.document_of(pk))}
        for (pk,) in versions.distinct()
    }


def _decisions(people: People, asked: Iterable[ByWords]) -> dict[tuple[int, str], str | None]:
    """What is decided about each text of these people, by answer and scheme."""
    keys = {question.scheme for by_words in asked for question in by_words.values()}
    mine = {"answer__submission__enrolment__in": people, "scheme__in": [schemes.current(key) for key in keys]}
    codes: dict[tuple[int, str], list[str]] = defaultdict(list)
    columns = ("answer", "scheme__key", "category")
    for answer, scheme, category in Coding.objects.filter(**mine).order_by("place").values_list(*columns):
        codes[answer, scheme].append(category)
    ruled = CodingRuling.objects.filter(**mine).values_list(*columns)
    rulings = {(answer, scheme): category for answer, scheme, category in ruled}
    return {text: decided(codes[text], rulings.get(text)) for text in codes.keys() | rulings.keys()}
