"""Which texts of a study are to be coded, how far each is, and writing codes and rulings down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet, Subquery, Window
from django.utils.translation import gettext as _

from accounts.models import User
from surveys import audit
from surveys.models import (
    Answer,
    Coding,
    CodingRuling,
    CodingScheme,
    Enrolment,
    Membership,
    PageSubmission,
    Study,
)
from surveys.models.journey import TEXT_SUFFIX
from surveys.models.people import Role
from surveys.quotas.following import follow

from . import schemes
from .agreement import Agreement, agreement
from .categories import Standing, newest, standing
from .described import Described, described
from .schemes import Scheme


class CodingError(Exception):
    """The code or ruling was refused; the message says why and what to do."""


def schemes_of(study: Study) -> list[CodingScheme]:
    """The schemes by which texts of the study's people are coded."""
    wanted = {question.scheme for question in _described_in(study)}
    return [schemes.current(key) for key in schemes.KEYS if key in wanted]


def _described_in(study: Study) -> Sequence[Described]:
    return described(study.questionnaire.parsed()) if study.questionnaire else ()


def scheme_of(row: CodingScheme) -> Scheme:
    return schemes.parsed(row.document)


def words(answer: Answer) -> str:
    """The person's own words; "" where they were erased."""
    if isinstance(answer.value, str):
        return answer.value.strip()
    texts = answer.value if isinstance(answer.value, dict) else {}
    return " / ".join(str(text) for text in texts.values()).strip()


def to_code(study: Study, row: CodingScheme) -> QuerySet[Answer]:
    """The current texts of a study's people, without test data and without what was erased."""
    keys = [question.words for question in _described_in(study) if question.scheme == row.key]
    return _to_code(study, keys)


def _to_code(study: Study, keys: Sequence[str]) -> QuerySet[Answer]:
    people = Answer.objects.filter(submission__enrolment__study=study, submission__enrolment__is_test=False)
    if all(key.endswith(TEXT_SUFFIX) for key in keys):
        # Says nothing new of the answers, but lets the index of own words find them.
        people = people.filter(question__endswith=TEXT_SUFFIX)
    return newest(people, keys).filter(value__isnull=False)


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
    scheme = {question.words: question.scheme for question in _described_in(study)}
    groups = _groups(study, rows, coder, list(scheme))
    return {row.key: _progress(g for g in groups if scheme[g["question"]] == row.key) for row in rows}


def _groups(
    study: Study, rows: Sequence[CodingScheme], coder: User, keys: Sequence[str]
) -> list[dict[str, Any]]:
    """How many texts have which codes and ruling. A question has one scheme, so that a code tells which."""
    codings = Coding.objects.filter(answer=OuterRef("pk"), scheme__in=rows)
    rulings = CodingRuling.objects.filter(answer=OuterRef("pk"), scheme__in=rows)
    answers = _to_code(study, keys).annotate(
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
    """The next text for a coder: those that wait for a second code first. With `left`: how many there are."""
    codings = Coding.objects.filter(scheme=row, answer=OuterRef("pk"))
    left = to_code(study, row).filter(~Exists(codings.filter(coder=coder)), ~Exists(codings.filter(place=2)))
    waiting = left.annotate(is_half=Exists(codings), left=Window(Count("pk")))
    return waiting.order_by("-is_half", "pk").first()


def code(study: Study, row: CodingScheme, answer: Answer, coder: User, category: str) -> Coding:
    """Write a coder's category down, once; the person's place follows the second of two equal ones, in the
    same transaction. Raises CodingError where two others were faster."""
    _refuse_unknown(row, category)
    suggested = schemes.suggestion(scheme_of(row), words(answer))
    with transaction.atomic():
        person = _hold(answer)
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
            except IntegrityError:
                continue
            _write_down(person, row, answer, coder, "coding.coded")
            return coding
    raise CodingError(_("This text has its codes already; yours was not needed. Here is the next one."))


def rule(
    study: Study, row: CodingScheme, answer: Answer, by: User, category: str, reason: str
) -> CodingRuling:
    """Decide a contested text; the person's place follows in the same transaction. Raises CodingError for its
    coders (unless an owner), or once it is decided."""
    _refuse_unknown(row, category)
    if not may_rule(study, row, answer, by):
        raise CodingError(_("You coded this text yourself; a third person or an owner decides."))
    with transaction.atomic():
        person = _hold(answer)
        coded = with_codes(Answer.objects.filter(pk=answer.pk), [row]).get()
        if standing_of(coded) != Standing.CONTESTED:
            raise CodingError(_("This text is not contested any more."))
        ruling = CodingRuling.objects.create(
            answer=answer, scheme=row, by=by, category=category, reason=reason
        )
        _write_down(person, row, answer, by, "coding.ruled")
        return ruling


def _hold(answer: Answer) -> Enrolment:
    """The person who wrote the text, locked before any of their seats: one decision about them at a time."""
    submission = PageSubmission.objects.only("enrolment_id").get(pk=answer.submission_id)
    return (
        Enrolment.objects.select_for_update(of=("self",))
        .select_related("study")
        .get(pk=submission.enrolment_id)
    )


def _write_down(person: Enrolment, row: CodingScheme, answer: Answer, by: User, act: str) -> None:
    """The audit of a code or ruling, with what moved in the quotas by it."""
    audit.record(by, act, study=person.study, subject=row, answer=answer.pk, **follow(person))


def may_rule(study: Study, row: CodingScheme, answer: Answer, by: User) -> bool:
    """A third person, or an owner."""
    return answer.pk in open_to(study, row, [answer], by)


def open_to(study: Study, row: CodingScheme, answers: Iterable[Answer], by: User) -> set[int]:
    """The keys of those of the texts on which this person may rule, in two queries however many they are."""
    keys = {answer.pk for answer in answers}
    if Membership.objects.filter(study=study, user=by, role=Role.OWNER).exists():
        return keys
    own = Coding.objects.filter(answer__in=keys, scheme=row, coder=by)
    return keys.difference(own.values_list("answer", flat=True))


def contested(study: Study, row: CodingScheme) -> list[Answer]:
    """The texts whose two codes differ and on which nobody has ruled, with their codes."""
    firsts = Coding.objects.filter(scheme=row, answer=OuterRef("answer"), place=1)
    seconds = Coding.objects.filter(scheme=row, answer=OuterRef("pk"), place=2)
    differ = seconds.exclude(category=Subquery(firsts.values("category")))
    ruled = CodingRuling.objects.filter(scheme=row, answer=OuterRef("pk"))
    return list(with_codes(to_code(study, row).filter(Exists(differ), ~Exists(ruled)).order_by("pk"), [row]))


def _refuse_unknown(row: CodingScheme, category: str) -> None:
    if category not in scheme_of(row).values:
        raise CodingError(_("Choose one of the categories."))
