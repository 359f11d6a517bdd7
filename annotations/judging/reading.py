"""Replies of a judge: whether they are what was asked for, and the rows of an annotation they make. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from annotations.judging.asking import SEVERITIES, TIE, Answers, Protocol, Question, Subject
from annotations.judging.prompts import ALONE, Asks
from annotations.models.annotation import Status
from annotations.rubric_documents import FactKind, Property
from surveys.questionnaires.schema import faults

FENCED = re.compile(r"```(?:json)?\s*\n(.*)\n```", re.DOTALL)
INCONSISTENT = "inconsistent"
OTHER_SIDE = {"response_1": "response_2", "response_2": "response_1", TIE: TIE}
MOST_TOLD = 5

Row = dict[str, Any]


class NotValid(ValueError):
    """A reply that cannot be used: `reason` quotes nothing of it; the message, for the judge, may."""

    def __init__(self, reason: str, told: str = "") -> None:
        super().__init__(told or reason)
        self.reason = reason[:300]


@dataclass
class Said:
    """Fields of Values, ItemAnswer and ErrorFound, by sides of the source."""

    values: list[Row] = field(default_factory=list)
    items: list[Row] = field(default_factory=list)
    errors: list[Row] = field(default_factory=list)


def read(question: Question, text: str, finish_reason: str) -> Any:
    """What a reply says. Raises NotValid."""
    if finish_reason == "length":
        raise NotValid("cut at the greatest length")
    if question.schema is None:
        return {"text": text}
    fenced = FENCED.fullmatch(text.strip())
    try:
        answer = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError) as error:
        raise NotValid("not JSON", f"It is not JSON: {error}") from error
    found = list(faults(answer, question.schema))[:MOST_TOLD]
    if found:
        places = [".".join(map(str, path)) or "the whole" for path, _message in found]
        told = "\n".join(f"{place}: {message}" for place, (_path, message) in zip(places, found, strict=True))
        raise NotValid(f"not as asked at {', '.join(places)}", told)
    return answer


def preference(protocol: Protocol, subject: Subject, answers: Answers) -> str:
    """The response that is preferred, in the order of the source; `tie`; or `inconsistent`."""
    key = protocol.prompts.steps[0].key
    said = [
        OTHER_SIDE[answers[key, is_swapped]["better"]] if is_swapped else answers[key, is_swapped]["better"]
        for is_swapped in protocol.orders(subject)
    ]
    return said[0] if len(set(said)) == 1 else INCONSISTENT


def annotation(protocol: Protocol, subject: Subject, answers: Answers, *, is_swapped: bool) -> Said:
    """The rows of what was said in one order, with the responses put back in their places."""
    said = Said()
    rows = {side: _Side(len(protocol.rubric.fields)) for side in range(len(subject.responses) + 1)}
    _put_facts(protocol, answers, rows[0], said)
    for step in protocol.prompts.steps:
        answer = answers.get((step.key, is_swapped))
        if answer is None or step.asks in (Asks.FACTS, Asks.REFERENCE, *ALONE):
            continue
        for name, given in answer.items():
            side = _side(name, is_swapped)
            if step.asks == Asks.ERRORS:
                _put_errors(protocol, side, given, rows[side], said)
            else:
                _put_ratings(protocol, answers, side, given, rows[side], said, is_swapped)
    said.values = [{"side": side, **row.fields} for side, row in rows.items()]
    return said


class _Side:
    """The scores of one side while they are put together."""

    def __init__(self, length: int) -> None:
        self.scores: list[int | None] = [None] * length
        self.statuses = [int(Status.NOT_ASKED)] * length
        self.is_checkable: bool | None = None

    def put(self, position: int, score: int | None) -> None:
        self.scores[position] = score
        self.statuses[position] = int(Status.CHOSEN)

    @property
    def fields(self) -> Row:
        return {"scores": self.scores, "statuses": self.statuses, "is_checkable": self.is_checkable}


def _side(name: str, is_swapped: bool) -> int:
    if name == "pair":
        return 0
    place = int(name.removeprefix("response_"))
    return 3 - place if is_swapped else place


def _put_facts(protocol: Protocol, answers: Answers, row: _Side, said: Said) -> None:
    facts = protocol.facts(answers)
    for fact in protocol.rubric.facts:
        given = facts.get(fact.slug)
        if given is None:
            continue
        if fact.kind == FactKind.YES_NO:
            row.put(fact.position, int(given))
            continue
        row.put(fact.position, len(given))
        said.items += [
            {"side": 0, "position": fact.position, "number": number, "text": text}
            for number, text in enumerate(given, start=1)
        ]


def _put_ratings(
    protocol: Protocol, answers: Answers, side: int, given: Row, row: _Side, said: Said, is_swapped: bool
) -> None:
    for slug, value in given.items():
        one = protocol.rubric.property(slug)
        if not one.is_per_item:
            row.put(one.position, -value if one.mirrored and is_swapped else value)
            continue
        row.put(one.position, None)
        items = protocol.facts(answers)[one.items]
        said.items += [
            _item(one, side, number, text, value[str(number)]) for number, text in enumerate(items, 1)
        ]


def _item(one: Property, side: int, number: int, text: str, value: int) -> Row:
    assert one.scale is not None
    level = one.scale.level(value)
    label = level.label[:60] if level else ""
    return {
        "side": side,
        "position": one.position,
        "number": number,
        "text": text,
        "label": label,
        "score": value,
    }


def _put_errors(protocol: Protocol, side: int, given: Row, row: _Side, said: Said) -> None:
    row.is_checkable = given["applicable"]
    if not given["applicable"]:
        return
    counts = Counter(error["severity"] for error in given["errors"])
    counted = {severity: protocol.rubric.counted(severity) for severity in SEVERITIES}
    for severity, one in counted.items():
        if one is not None:
            row.put(one.position, counts[severity])
    said.errors += [
        {"side": side, "position": one.position, "number": number, **error}
        for number, error in enumerate(given["errors"], start=1)
        if (one := counted[error["severity"]]) is not None
    ]
