"""Looking a study through: all signals worked out anew from stored rows, their table brought up to date."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from surveys.models import Answer, Assessment, Enrolment, PageSubmission, Questionnaire, Signal, Study
from surveys.monitor import pages
from surveys.quality import devices, rules, timing
from surveys.quality.answers import Typed, repeated, typing_signal
from surveys.quality.documents import BLOCKS, Documents, PageText, failed_checks
from surveys.quality.found import Found
from surveys.quality.texts import Text, contained, matches, words_of
from surveys.questionnaires.definitions import TEXTS, Question

# A study of ten thousand people rests so for about eight minutes between two assessments.
PEOPLE_A_SECOND = 20


@dataclass(frozen=True)
class Row:
    """A current answer: who gave it, in which version, to which question, and how."""

    enrolment: int
    questionnaire: int
    question: str
    value: Any
    trace: Any


def assess(study: Study) -> Assessment:
    """Store the signals that hold now and drop those that no longer do; test participants are not looked at.

    One assessment of a study runs at a time. Reads the answers once and compares no text with all others.
    """
    with transaction.atomic():
        Assessment.objects.get_or_create(study=study)
        assessment = Assessment.objects.select_for_update().get(study=study)
        ruled = rules.in_force(study)
        assessment.last_submission = last_submission(study)
        _store(study, signals(study, ruled), ruled.version)
        assessment.at, assessment.rules_version = timezone.now(), ruled.version
        assessment.norms = pages.stored(study)
        assessment.people = study.enrolments.counted().count()
        assessment.save()
    return assessment


def last_submission(study: Study) -> int:
    newest = PageSubmission.objects.filter(enrolment__study=study).aggregate(newest=Max("pk"))
    return newest["newest"] or 0


def outdated() -> list[Study]:
    """The studies in which a page was submitted since they were last looked through, some time ago."""
    studies = Study.objects.annotate(newest=Max("enrolments__page_submissions__pk"))
    behind = Q(assessment=None) | Q(assessment__last_submission__lt=F("newest"))
    found = studies.filter(behind, newest__isnull=False).select_related("assessment")
    return [study for study in found if _is_rested(study)]


def _is_rested(study: Study) -> bool:
    """Whether enough time passed since the last assessment: of a large study it takes a worker a while."""
    before: Assessment | None = getattr(study, "assessment", None)
    if before is None:
        return True
    return timezone.now() - before.at >= timedelta(seconds=before.people / PEOPLE_A_SECOND)


def signals(study: Study, ruled: rules.Rules) -> list[Found]:
    """Everything that the rules notice about the study's participants."""
    versions = Questionnaire.objects.filter(pagesubmission__enrolment__study=study).distinct()
    documents = Documents(versions)
    found = [*timing.fast(study, ruled.timing, documents), *devices.signals(study, ruled.devices)]
    texts: list[Text] = []
    for row in rows(study, documents.keys()):
        asked = documents.question(row.questionnaire, row.question)
        if asked is None:
            continue
        found += _of_answer(row, asked.question, ruled)
        if asked.question.type in TEXTS and isinstance(row.value, str):
            words = words_of(row.value)
            if len(words) >= ruled.texts.least_words:
                texts.append(Text(row.enrolment, row.question, words))
                found += _copied(row, words, documents.text(row.questionnaire, asked.page), ruled)
    return found + _same(texts, ruled)


def rows(study: Study, questions: list[str]) -> Iterator[Row]:
    """The newest answer of each person to each question, without those that were hidden or declined."""
    answers = (
        Answer.objects.filter(
            submission__enrolment__study=study,
            submission__enrolment__is_test=False,
            question__in=questions,
        )
        .order_by("submission__enrolment_id", "question", "-id")
        .distinct("submission__enrolment_id", "question")
        .values_list(
            "submission__enrolment_id", "submission__questionnaire_id", "question", "value", "trace", "status"
        )
    )
    for *row, status in answers.iterator(chunk_size=5000):
        if status == Answer.Status.ANSWERED:
            yield Row(*row)


def _of_answer(row: Row, question: Question, ruled: rules.Rules) -> list[Found]:
    found = [Found(row.enrolment, "failed_check", key) for key in failed_checks(question, row.value)]
    line = repeated(row.value, ruled.lines.least_items) if question.type in BLOCKS else None
    if line:
        detail = {"value": line[0], "items": line[1]}
        found.append(Found(row.enrolment, "straight_line", row.question, detail))
    typed = Typed.read(row.trace) if isinstance(row.value, str) else None
    typing = typing_signal(row.value, typed, ruled.typing) if typed else None
    if typing:
        found.append(Found(row.enrolment, typing[0], row.question, typing[1]))
    return found


def _copied(row: Row, words: tuple[str, ...], page: PageText, ruled: rules.Rules) -> list[Found]:
    if sum(word in page.words for word in words) < ruled.texts.share * len(words):
        return []  # whose words do not stand there cannot have been copied from there
    share = contained(words, page.shingles)
    if share < ruled.texts.share:
        return []
    detail = {"percent": round(100 * share), "words": len(words)}
    return [Found(row.enrolment, "copied_page", row.question, detail)]


def _same(texts: list[Text], ruled: rules.Rules) -> list[Found]:
    matched = matches(texts, ruled.texts.share)
    near = {other for match in matched for other in match.others}
    numbers = dict(Enrolment.objects.filter(pk__in=near).values_list("pk", "number"))
    people = len({text.owner for text in texts})
    return [
        Found(
            match.text.owner,
            "same_text",
            match.text.question,
            {
                "percent": round(100 * match.share),
                "words": len(match.text.words),
                "others": match.count,
                "with": [f"user{numbers[other]}" for other in match.others],
            },
            people,
        )
        for match in matched
    ]


def _store(study: Study, found: list[Found], version: int) -> None:
    """Write what is new or changed, delete what no longer holds; a signal that stays keeps its time."""
    known = {
        (row.enrolment_id, row.kind, row.key): row for row in Signal.objects.filter(enrolment__study=study)
    }
    wanted = {(signal.enrolment, signal.kind, signal.key[:80]): signal for signal in found}
    gone = [row.pk for key, row in known.items() if key not in wanted]
    Signal.objects.filter(pk__in=gone).delete()
    changed = [_changed(known[key], signal) for key, signal in wanted.items() if key in known]
    Signal.objects.bulk_update([row for row in changed if row], ["detail", "n"], batch_size=1000)
    fresh = [
        Signal(enrolment_id=pk, kind=kind, key=key, detail=signal.detail, n=signal.n, rules_version=version)
        for (pk, kind, key), signal in wanted.items()
        if (pk, kind, key) not in known
    ]
    erased = _erased({row.enrolment_id for row in fresh})
    Signal.objects.bulk_create(
        [row for row in fresh if row.enrolment_id not in erased], batch_size=2000, ignore_conflicts=True
    )


def _erased(enrolments: set[int]) -> set[int]:
    """Those of the enrolments whose person was erased meanwhile; nobody is erased until we have stored."""
    rows = Enrolment.objects.filter(pk__in=enrolments).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk"))
    return set(rows.exclude(participant__erased_at=None).values_list("pk", flat=True))


def _changed(row: Signal, signal: Found) -> Signal | None:
    if row.detail == signal.detail and row.n == signal.n:
        return None
    row.detail, row.n = signal.detail, signal.n
    return row
