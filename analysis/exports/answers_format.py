"""An export of answers: a row for each person and question of any questionnaire, with what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.exports import release, talk_rows
from analysis.exports.codebook import codebook, is_free_text
from analysis.exports.gate import Gate
from analysis.exports.lines import CsvLines, JsonLines, Row
from analysis.exports.people import publishes_texts
from analysis.exports.release import CHOSEN_PEOPLE, NumberedPerson, Scope
from surveys.coding import coded_values
from surveys.models import Answer, Enrolment, Presentation, Questionnaire
from surveys.questionnaires import page_name, question_order, statuses
from surveys.wording import document_for

ANSWERS_CSV = "answers.csv"
ANSWERS = "answers.jsonl"
CODEBOOK = "codebook.jsonl"
FILES = (ANSWERS_CSV, ANSWERS, CODEBOOK, *talk_rows.FILES)
SCHEMA_VERSION = "1"
COLUMNS = (
    "code",
    "questionnaire",
    "version",
    "page",
    "page_place",
    "question",
    "question_place",
    "status",
    "value",
    "coded",
    "order_shown",
    "submitted_at",
)

MEANING: dict[str, Any] = {
    "schema_version": SCHEMA_VERSION,
    "not_computed": {},
    "null_means": {
        "value": "status says why: declined, not_shown or not_reached; or withheld",
        "value.*": "a slider left alone, or a row without an answer",
        "coded": "not in the person's own words, or these are not coded yet",
        "order_shown": "in the order of the codebook",
        "submitted_at": "nothing was submitted; or withheld",
        **talk_rows.NULL_MEANS,
    },
    "notes": [
        "Each question has one row for each person, and one more where texts can be typed beside its "
        "choices; the codebook has the same names. The value is the newest answer, in the version that the "
        "person answered.",
        "In answers.csv lists and objects are JSON, null is an empty cell, and a text that begins like a "
        "formula has an apostrophe before it; answers.jsonl has every text as it was typed.",
        "page_place and question_place count from 1 in the order in which this person met them.",
        "Where people were asked whether what they write may be published, the texts of those who did not "
        "agree are null in every release.",
        *talk_rows.NOTES,
    ],
}
# Where people wrote, for the gate; what they chose is looked through with it, and holds nothing.
TEXTS = {ANSWERS_CSV: ["value"], ANSWERS: ["value"], **talk_rows.TEXTS}
WITHHELD = {
    "value": "free text, where the codebook says is_free_text",
    "submitted_at": "date and time",
}


@dataclass(frozen=True)
class Given:
    """A person's newest answer to a question."""

    value: Any
    status: str
    at: datetime


@dataclass
class Answers:
    """What one person answered of the version they were asked last."""

    version: int = 0
    language: str = ""
    given: dict[str, Given] = field(default_factory=dict)
    orders: dict[str, list[str]] = field(default_factory=dict)


Versions = Mapping[int, Questionnaire]


def meaning(scope: Scope) -> dict[str, Any]:
    """What the manifest says of these files."""
    withheld = {ANSWERS: WITHHELD, ANSWERS_CSV: WITHHELD, **talk_rows.WITHHELD}
    return {**MEANING, "withheld": {} if scope.is_full else withheld}


def write(
    scope: Scope, folder: Path, progress: Callable[[int, int], None], gate: Gate
) -> dict[str, dict[str, Any]]:
    """Write the files of the release that is chosen now; rows, bytes and SHA-256 of each."""
    versions = _versions()
    withheld = () if scope.is_full else ("submitted_at",)
    with ExitStack() as stack:
        table = stack.enter_context(CsvLines(folder / ANSWERS_CSV, COLUMNS, withheld, gate))
        lines = stack.enter_context(JsonLines(folder / ANSWERS, withheld, gate))
        book = stack.enter_context(JsonLines(folder / CODEBOOK))
        for version in versions.values():
            for row in codebook(version):
                book.write(row)
        beside = {name: stack.enter_context(JsonLines(folder / name, (), gate)) for name in talk_rows.FILES}
        expected = book.rows + 2 * release.size().people * _most_variables(versions)
        for batch in stack.enter_context(closing(release.numbered_people())):
            for row in rows(batch, versions, with_texts=scope.is_full):
                table.write(dict(row))
                lines.write(row)
            for name, row in talk_rows.rows(batch, with_texts=scope.is_full):
                beside[name].write(row)
            progress(table.rows + lines.rows + book.rows, expected)
    written = {ANSWERS_CSV: table, ANSWERS: lines, CODEBOOK: book, **beside}
    return {name: file.facts() for name, file in written.items()}


def _versions() -> dict[int, Questionnaire]:
    """Every version that somebody in the release answered, by key and number."""
    answered = Questionnaire.objects.filter(pagesubmission__enrolment__in=CHOSEN_PEOPLE).distinct()
    return {version.pk: version for version in answered.order_by("key", "version")}


def _most_variables(versions: Versions) -> int:
    pages = ((page for page in version.parsed().pages) for version in versions.values())
    return max((sum(len(page.answer_keys) for page in of_one) for of_one in pages), default=0)


def rows(batch: Sequence[NumberedPerson], versions: Versions, *, with_texts: bool) -> Iterator[Row]:
    """The rows of some people, in a fixed number of queries."""
    pks = [person.pk for person in batch]
    people = Enrolment.objects.select_related("study").in_bulk(pks)
    answers, coded, published = _answers(pks), coded_values(pks), publishes_texts(pks)
    for person in batch:
        if person.pk in answers:
            has_texts = with_texts and published.get(person.pk, True)
            found = _rows(
                people[person.pk], answers[person.pk], versions, coded.get(person.pk, {}), has_texts
            )
            yield from ({"code": person.code, **row} for row in found)


def _rows(
    person: Enrolment, answers: Answers, versions: Versions, coded: Mapping[str, str], has_texts: bool
) -> Iterator[Row]:
    version = versions[answers.version]
    document = document_for(person, version.pk, answers.language)
    shown = {
        key: given.value for key, given in answers.given.items() if given.status != Answer.Status.NOT_SHOWN
    }
    status = statuses(document, shown, {key: given.status for key, given in answers.given.items()})
    for place, page in enumerate(document.pages, start=1):
        order = answers.orders.get(page_name(page)) or question_order(page, person.order_seed)
        for question in page.questions:
            for variable in question.answer_keys:
                is_held_back = is_free_text(question, variable) and not has_texts
                yield {
                    "questionnaire": version.key,
                    "version": version.version,
                    "page": page.key,
                    "page_place": place,
                    "question": variable,
                    "question_place": order.index(question.key) + 1,
                    "status": status[variable],
                    "value": None if is_held_back else shown.get(variable),
                    "coded": coded.get(question.key) if variable == question.key else None,
                    "order_shown": answers.orders.get(variable),
                    "submitted_at": _stamp(answers.given.get(variable)),
                }


def _stamp(given: Given | None) -> str | None:
    return given.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if given else None


def _answers(pks: Sequence[int]) -> dict[int, Answers]:
    """By enrolment, as the journey reads them: the version last submitted and its newest row a question."""
    found: dict[int, Answers] = defaultdict(Answers)
    submitted = Answer.objects.filter(submission__enrolment__in=pks).order_by("submission_id", "id")
    columns = ("enrolment", "questionnaire", "language", "submitted_at")
    names = (*(f"submission__{column}" for column in columns), "question", "value", "status")
    for pk, version, language, at, question, value, status in submitted.values_list(*names):
        if found[pk].version != version:
            found[pk] = Answers(version)
        found[pk].language = language
        found[pk].given[question] = Given(value, status, at)
    orders = Presentation.objects.filter(enrolment__in=pks)
    for pk, version, name, order in orders.values_list("enrolment", "questionnaire", "question", "order"):
        if pk in found and version == found[pk].version:
            found[pk].orders[name] = order
    return found
