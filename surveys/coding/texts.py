"""Which texts of a study are to be coded, how far each is, and writing codes and rulings down."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from accounts.models import User
from surveys import audit
from surveys.models import Answer, Coding, CodingRuling, CodingScheme, Enrolment, Membership, Study
from surveys.models.people import Role

from . import schemes
from .agreement import Agreement, agreement
from .schemes import Scheme


class CodingError(Exception):
    """The code or ruling was refused; the message says why and what to do."""


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


def schemes_of(study: Study) -> list[CodingScheme]:
    """The schemes for which people of the study may have written texts."""
    if study.questionnaire is None:
        return []
    questions = study.questionnaire.parsed().questions()
    asked = {question.key for question in questions if any(o.needs_coding for o in question.options)}
    keys = [key for key in schemes.KEYS if schemes.parsed(schemes.shipped(key)).question in asked]
    return [schemes.current(key) for key in keys]


def scheme_of(row: CodingScheme) -> Scheme:
    return schemes.parsed(row.document)


def words(answer: Answer) -> str:
    """The person's own words; "" where they were erased."""
    texts = answer.value if isinstance(answer.value, dict) else {}
    return " / ".join(str(text) for text in texts.values()).strip()


def to_code(study: Study, row: CodingScheme) -> QuerySet[Answer]:
    """The current texts of a study's people, without test data and without what was erased."""
    return _to_code(study, [scheme_of(row).text_key])


def _to_code(study: Study, keys: Sequence[str]) -> QuerySet[Answer]:
    people = Answer.objects.filter(submission__enrolment__study=study, submission__enrolment__is_test=False)
    return _current(people, keys).filter(value__isnull=False)


def _current(given: QuerySet[Answer], keys: Sequence[str]) -> QuerySet[Answer]:
    """Each person's newest answer to each question, where a text was given; it may be erased by now."""
    person_and_question = ("submission__enrolment_id", "question")
    newest = (
        given.filter(question__in=keys).order_by(*person_and_question, "-pk").distinct(*person_and_question)
    )
    return Answer.objects.filter(pk__in=newest.values("pk"), status=Answer.Status.ANSWERED)


def with_codes(answers: QuerySet[Answer], rows: Sequence[CodingScheme]) -> QuerySet[Answer]:
    """The answers with `codes` and `rulings` under the schemes, as lists, in a fixed number of queries."""
    codings = Coding.objects.filter(scheme__in=rows).order_by("place")
    rulings = CodingRuling.objects.filter(scheme__in=rows)
    return answers.prefetch_related(
        Prefetch("codings", codings, to_attr="codes"), Prefetch("coding_rulings", rulings, to_attr="rulings")
    )


def standing_of(answer: Answer) -> Standing:
    """Of an answer that came with its codes."""
    codes, ruling = _codes(answer)
    return standing(codes, ruling)


def _codes(answer: Answer) -> tuple[list[str], str | None]:
    codes: list[Coding] = answer.codes  # type: ignore[attr-defined]
    rulings: list[CodingRuling] = answer.rulings  # type: ignore[attr-defined]
    return [coding.category for coding in codes], rulings[0].category if rulings else None


@dataclass(frozen=True)
class Progress:
    """How many texts are how far, how far the two codes of each agree, and what is left for one coder."""

    counts: Counter[Standing]
    agreement: Agreement
    left: int


def progress(study: Study, rows: Sequence[CodingScheme], coder: User) -> dict[str, Progress]:
    """By the scheme's key. One query that counts, however many texts there are."""
    groups = _groups(study, rows, coder)
    return {row.key: _progress(g for g in groups if g["question"] == scheme_of(row).text_key) for row in rows}


def _groups(study: Study, rows: Sequence[CodingScheme], coder: User) -> list[dict[str, Any]]:
    """How many texts have which codes and ruling. A question has one scheme, so that a code tells which."""
    codings = Coding.objects.filter(answer=OuterRef("pk"), scheme__in=rows)
    rulings = CodingRuling.objects.filter(answer=OuterRef("pk"), scheme__in=rows)
    answers = _to_code(study, [scheme_of(row).text_key for row in rows]).annotate(
        first=Subquery(codings.filter(place=1).values("category")[:1]),
        second=Subquery(codings.filter(place=2).values("category")[:1]),
        ruling=Subquery(rulings.values("category")[:1]),
        is_own=Exists(codings.filter(coder=coder)),
    )
    columns = answers.order_by().values("question", "first", "second", "ruling", "is_own")
    return [dict(group) for group in columns.annotate(texts=Count("pk"))]


def _progress(groups: Iterable[dict[str, Any]]) -> Progress:
    counts: Counter[Standing] = Counter()
    pairs: list[tuple[str, str]] = []
    left = 0
    for group in groups:
        codes = [code for code in (group["first"], group["second"]) if code is not None]
        counts[standing(codes, group["ruling"])] += group["texts"]
        if len(codes) == 2:
            pairs += [(codes[0], codes[1])] * group["texts"]
        elif not group["is_own"]:
            left += group["texts"]
    return Progress(counts, agreement(pairs), left)


def next_text(study: Study, row: CodingScheme, coder: User) -> Answer | None:
    """The next text for a coder: those that wait for a second code first."""
    own = Coding.objects.filter(scheme=row, coder=coder, answer=OuterRef("pk"))
    waiting = to_code(study, row).annotate(coded=Count("codings", filter=Q(codings__scheme=row)))
    return waiting.filter(~Exists(own), coded__lt=2).order_by("-coded", "pk").first()


def code(study: Study, row: CodingScheme, answer: Answer, coder: User, category: str) -> Coding:
    """Write a coder's category down, once. Raises CodingError where two others were faster."""
    _refuse_unknown(row, category)
    suggested = schemes.suggestion(scheme_of(row), words(answer))
    for place in (1, 2):
        try:
            with transaction.atomic():
                coding = Coding.objects.create(
                    answer=answer,
                    scheme=row,
                    coder=coder,
                    place=place,
                    category=category,
                    suggested=suggested,
                )
                audit.record(coder, "coding.coded", study=study, subject=row, answer=answer.pk)
                return coding
        except IntegrityError:
            continue
    raise CodingError(_("This text has its codes already; yours was not needed. Here is the next one."))


def rule(
    study: Study, row: CodingScheme, answer: Answer, by: User, category: str, reason: str
) -> CodingRuling:
    """Decide a contested text. Raises CodingError for its coders (unless an owner), or once it is decided."""
    _refuse_unknown(row, category)
    if not may_rule(study, row, answer, by):
        raise CodingError(_("You coded this text yourself; a third person or an owner decides."))
    coded = with_codes(Answer.objects.filter(pk=answer.pk), [row]).get()
    if standing_of(coded) != Standing.CONTESTED:
        raise CodingError(_("This text is not contested any more."))
    try:
        with transaction.atomic():
            ruling = CodingRuling.objects.create(
                answer=answer, scheme=row, by=by, category=category, reason=reason
            )
            audit.record(by, "coding.ruled", study=study, subject=row, answer=answer.pk)
            return ruling
    except IntegrityError as error:
        raise CodingError(_("Somebody else ruled on this text just now.")) from error


def may_rule(study: Study, row: CodingScheme, answer: Answer, by: User) -> bool:
    """A third person, or an owner."""
    if Membership.objects.filter(study=study, user=by, role=Role.OWNER).exists():
        return True
    return not Coding.objects.filter(answer=answer, scheme=row, coder=by).exists()


def contested(study: Study, row: CodingScheme) -> list[Answer]:
    """The texts whose two codes differ, with their codes; each of them has both."""
    both = to_code(study, row).annotate(coded=Count("codings", filter=Q(codings__scheme=row)))
    answers = with_codes(both.filter(coded=2).order_by("pk"), [row])
    return [answer for answer in answers if standing_of(answer) == Standing.CONTESTED]


def _refuse_unknown(row: CodingScheme, category: str) -> None:
    if category not in scheme_of(row).values:
        raise CodingError(_("Choose one of the categories."))


def coded_value(enrolment: Enrolment, question: str) -> str | None:
    """The category of a person's text to a question under the present scheme; None until it is decided."""
    return coded_values([enrolment.pk]).get(enrolment.pk, {}).get(question)


def coded_values(enrolments: Iterable[int]) -> dict[int, dict[str, str]]:
    """The decided categories of several people's texts, by enrolment and question."""
    rows = [schemes.current(key) for key in schemes.KEYS]
    questions = {scheme_of(row).text_key: scheme_of(row).question for row in rows}
    current = _current(Answer.objects.filter(submission__enrolment__in=enrolments), list(questions))
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for answer in with_codes(current.select_related("submission"), rows):
        value = decided(*_codes(answer))
        if value is not None:
            found[answer.submission.enrolment_id][questions[answer.question]] = value
    return found
