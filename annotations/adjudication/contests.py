"""What annotators disagree about so far that somebody must decide. Pure but for the models' words."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from annotations import agreement_rows
from annotations.agreement import dawid_skene
from annotations.agreement.tables import Bools, Integers
from annotations.agreement_rows import GONE, Question, Rows
from annotations.models import Contest, ContestRule
from annotations.rubric_documents import Fact, Kind, RubricDocument

STARTS = 3  # of the computation; a doubt tells where they end in different places
SMOOTHING = 0.5  # with few ratings an annotator it keeps starts from ending in different places


@dataclass
class Found:
    """A contested value; `opinion` is what the model of annotators' errors makes of it."""

    task: int
    side: int
    position: int
    kind: str
    opinion: dict[str, Any] = field(default_factory=dict)


def find(rows: Rows, rubric: RubricDocument, rule: ContestRule, tasks: Collection[int]) -> list[Found]:
    """The contested values of these tasks, by the rule; at least two must have answered."""
    rows = rows.where(np.isin(rows.tasks, list(tasks)))
    if not len(rows.tasks):
        return []
    found: list[Found] = []
    unjudged = _differs(rows, rows.checkable, -1) if rule.applicability else set()
    for question in agreement_rows.questions(rubric):
        cells = dict.fromkeys(_contested(rows, question, rule), _kind(question))
        if _counts_errors(question):
            cells |= dict.fromkeys(unjudged, Contest.Kind.APPLICABILITY)
        for unit, kind in cells.items():
            found.append(Found(unit // 3, unit % 3, question.position, kind))
    return found


def _counts_errors(question: Question) -> bool:
    return not isinstance(question.field, Fact) and question.field.kind == Kind.ERRORS


def _kind(question: Question) -> Contest.Kind:
    if isinstance(question.field, Fact):
        return Contest.Kind.PREREQUISITE
    return Contest.Kind.CATEGORY if question.metric == "nominal" else Contest.Kind.RANGE


def _contested(rows: Rows, question: Question, rule: ContestRule) -> set[int]:
    """The units in which answers lie too far apart."""
    given = agreement_rows.answers(rows, question)
    kind = _kind(question)
    if kind == Contest.Kind.RANGE:
        return _differs(rows, given, GONE, rule.least_range) if rule.least_range else set()
    asked = rule.prerequisites if kind == Contest.Kind.PREREQUISITE else rule.categories
    return _differs(rows, given, GONE) if asked else set()


def _differs(rows: Rows, given: Integers, missing: int, least: int = 1) -> set[int]:
    """The units whose lowest and highest answers are `least` apart or more."""
    known: Bools = given != missing
    units, starts = np.unique(rows.units[known], return_index=True)
    order = np.argsort(starts)
    if not len(units):
        return set()
    starts, said = starts[order], given[known]
    apart = np.maximum.reduceat(said, starts) - np.minimum.reduceat(said, starts)
    return set(units[order][apart >= least].tolist())


def with_opinions(found: list[Found], rows: Rows, rubric: RubricDocument, seed: int) -> list[Found]:
    """The same contests, each with a second opinion where one can be had: not of counts."""
    for question in agreement_rows.questions(rubric):
        here = [one for one in found if one.position == question.position]
        if here and question.levels:
            told = dict(_opinions(rows, question, seed))
            for one in here:
                one.opinion = told.get(one.task * 3 + one.side, {})
    return found


def _opinions(rows: Rows, question: Question, seed: int) -> Iterator[tuple[int, dict[str, Any]]]:
    table = agreement_rows.table(rows, question)
    opinion = dawid_skene.opinion(table, smoothing=SMOOTHING, starts=STARTS, seed=seed)
    doubts = [str(doubt) for doubt in opinion.doubts]
    for unit, shares in zip(table.units, np.round(opinion.posterior, 3).tolist(), strict=True):
        levels = map(str, table.levels)
        yield unit, {"shares": dict(zip(levels, shares, strict=True)), "doubts": doubts}  # type: ignore[misc]
