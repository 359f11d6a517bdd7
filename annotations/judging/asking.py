"""What a judge is asked at each step: the message, and the JSON schema its reply must follow. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from string import Template
from typing import Any

from annotations.judging.prompts import Asks, Prompts, Step
from annotations.rubric_documents import Fact, FactKind, Facts, Kind, Property, RubricDocument, Scale
from annotations.scenarios.groups import Groups

Schema = dict[str, Any]
Answers = Mapping[tuple[str, bool], Any]  # by step and whether the responses were exchanged
SEVERITIES = ("minor", "moderate", "severe")
MOST_ITEMS, MOST_ERRORS = 20, 50
RATED = (Kind.SCALE, Kind.CATEGORY)
TIE = "tie"


@dataclass(frozen=True)
class Subject:
    """What is judged. `responses` stand in the order of the source."""

    query: str
    responses: tuple[str, ...]
    context: tuple[tuple[str, str], ...] = ()  # role and text of earlier turns
    reference: str = ""

    @property
    def is_pair(self) -> bool:
        return len(self.responses) == 2


@dataclass(frozen=True)
class Question:
    """One call. Without a schema the reply is taken as it is."""

    step: Step
    is_swapped: bool
    text: str
    schema: Schema | None = field(default=None, hash=False)

    @property
    def messages(self) -> tuple[dict[str, str], ...]:
        return ({"role": "user", "content": self.text},)

    @property
    def parameters(self) -> dict[str, Any]:
        if self.schema is None:
            return {}
        named = {"name": self.step.key, "strict": True, "schema": self.schema}
        return {"response_format": {"type": "json_schema", "json_schema": named}}


@dataclass(frozen=True)
class Protocol:
    """The prompts for one rubric, as one judge uses them."""

    prompts: Prompts
    rubric: RubricDocument
    both_orders: bool
    scenarios: Groups | None = None  # of the study, where the prompts ask for one

    def orders(self, subject: Subject) -> tuple[bool, ...]:
        return (False, True) if self.both_orders and subject.is_pair else (False,)

    def next(self, subject: Subject, answers: Answers) -> Question | None:
        """The first question that has no answer yet; None when nothing is left to ask."""
        return next(self.questions(subject, answers), None)

    def questions(self, subject: Subject, answers: Answers) -> Iterator[Question]:
        """Those without an answer that can be asked with the answers there are."""
        for is_swapped in self.orders(subject):
            for step in self.prompts.steps:
                if (step.key, is_swapped) in answers or (is_swapped and step.is_asked_once):
                    continue
                asked = self.question(step, subject, answers, is_swapped=is_swapped)
                if asked:
                    yield asked

    def question(
        self, step: Step, subject: Subject, answers: Answers, *, is_swapped: bool
    ) -> Question | None:
        """None where the rubric, or the query, has nothing for this step."""
        facts = self.facts(answers)
        asked = self._asked(step, subject, facts)
        if not asked:
            return None
        told = {
            "query": subject.query,
            "context": _context(subject),
            "reference": self.reference(subject, answers),
            "questions": "\n".join(_described(one, facts) for one in asked if one is not True),
            "types": _types(self.rubric),
            "scenarios": _scenarios(self.scenarios),
            **_responses(subject, is_swapped),
        }
        text = Template(step.text).safe_substitute(told)
        return Question(step, is_swapped, text, self._schema(step, asked, subject, facts))

    def _schema(self, step: Step, asked: list[Any], subject: Subject, facts: Facts) -> Schema | None:
        if step.asks == Asks.SCENARIO:
            return _object({"scenario": {"type": "string", "enum": _classes(self.scenarios)}})
        return _schema(step, self.rubric, asked, subject, facts)

    def _asked(self, step: Step, subject: Subject, facts: Facts) -> list[Any]:
        """The parts of the rubric that the step asks for; [True] for what is no part of it."""
        if step.asks == Asks.FACTS:
            return list(self.rubric.facts)
        if step.asks == Asks.PREFERENCE:
            return [True] if subject.is_pair else []
        if step.asks == Asks.SCENARIO:
            return [True] if _classes(self.scenarios) else []
        if step.asks == Asks.REFERENCE:
            return [True] if self.rubric.errors and not subject.reference else []
        if step.asks == Asks.ERRORS:
            return [True] if self.rubric.errors else []
        return [p for p in self.rubric.asked(facts) if self._belongs(p, step.asks, subject)]

    def _belongs(self, one: Property, asks: Asks, subject: Subject) -> bool:
        if not (one.kind in RATED or one.is_per_item) or (one.of_pair and not subject.is_pair):
            return False
        if asks == Asks.SPECIFIC:
            return one.condition is not None
        sees = asks == Asks.SHOWN
        return one.condition is None and one.sees_query == sees

    def facts(self, answers: Answers) -> dict[str, Any]:
        """What the judge said of the query."""
        step = self.prompts.asking(Asks.FACTS)
        return dict(answers.get((step.key, False), {})) if step else {}

    def reference(self, subject: Subject, answers: Answers) -> str:
        step = self.prompts.asking(Asks.REFERENCE)
        written = answers.get((step.key, False), {}) if step else {}
        return subject.reference or written.get("text", "")


def _context(subject: Subject) -> str:
    return "".join(f'<earlier by="{role}">\n{text}\n</earlier>\n\n' for role, text in subject.context)


def _responses(subject: Subject, is_swapped: bool) -> dict[str, str]:
    shown = subject.responses[::-1] if is_swapped else subject.responses
    told = {f"response_{place}": text for place, text in enumerate(shown, start=1)}
    whole = "\n\n".join(f"<{name}>\n{text}\n</{name}>" for name, text in told.items())
    return {"response_2": "", **told, "responses": whole}


def _described(one: Property | Fact, facts: Facts) -> str:
    """One line, or with numbered items several, of what is asked."""
    lines = [f"- {one.slug} ({one.title}): {one.definition}".rstrip(": ")]
    if isinstance(one, Fact):
        return lines[0]
    if one.ignore:
        lines.append(f"  Does not count: {one.ignore}")
    if one.scale:
        lines.append(f"  {_levels(one.scale)}")
    if one.is_per_item:
        lines += [f"  {number}. {item}" for number, item in enumerate(facts.get(one.items, ()), start=1)]
    return "\n".join(lines)


def _levels(scale: Scale) -> str:
    told = (
        f"{level.value} = {level.label}" + (f" ({level.help})" if level.help else "")
        for level in scale.levels
    )
    return "; ".join(told)


def _types(rubric: RubricDocument) -> str:
    return "\n".join(f"- {kind.slug}: {kind.label}" for kind in rubric.errors.types) if rubric.errors else ""


def _scenarios(groups: Groups | None) -> str:
    lines = groups.classes.items() if groups else ()
    return "\n".join(f"- {group}: {', '.join(classes)}" for group, classes in lines if classes)


def _classes(groups: Groups | None) -> list[str]:
    return [one for classes in groups.classes.values() for one in classes] if groups else []


def _schema(
    step: Step, rubric: RubricDocument, asked: list[Any], subject: Subject, facts: Facts
) -> Schema | None:
    if step.asks == Asks.REFERENCE:
        return None
    if step.asks == Asks.FACTS:
        return _object({fact.slug: _fact(fact) for fact in asked})
    sides = [f"response_{place}" for place, _text in enumerate(subject.responses, start=1)]
    if step.asks == Asks.PREFERENCE:
        return _object({"better": {"type": "string", "enum": [*sides, TIE] if step.tie else sides}})
    if step.asks == Asks.ERRORS:
        return _object({side: _errors(rubric) for side in sides})
    of_side = {one.slug: _value(one, facts) for one in asked if not one.of_pair}
    of_pair = {one.slug: _value(one, facts) for one in asked if one.of_pair}
    parts = {side: _object(of_side) for side in sides} if of_side else {}
    return _object(parts | ({"pair": _object(of_pair)} if of_pair else {}))


def _object(properties: dict[str, Schema]) -> Schema:
    """Every key is there and no other, as strict servers demand it."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _fact(fact: Fact) -> Schema:
    if fact.kind == FactKind.YES_NO:
        return {"type": "boolean"}
    return {"type": "array", "items": {"type": "string", "maxLength": 500}, "maxItems": MOST_ITEMS}


def _value(one: Property, facts: Facts) -> Schema:
    assert one.scale is not None  # of what is rated, as the rubric's checks make sure
    level = {"type": "integer", "enum": list(one.scale.values)}
    if not one.is_per_item:
        return level
    # By number: a judge may word an item anew, or two items may have the same text.
    return _object({str(number): level for number, _item in enumerate(facts[one.items], start=1)})


def _errors(rubric: RubricDocument) -> Schema:
    assert rubric.errors is not None
    error: dict[str, Schema] = {
        "type": {"type": "string", "enum": [kind.slug for kind in rubric.errors.types]},
        "severity": {"type": "string", "enum": list(SEVERITIES)},
        "description": {"type": "string", "maxLength": 1000},
    }
    listed = {"type": "array", "items": _object(error), "maxItems": MOST_ERRORS}
    return _object({"applicable": {"type": "boolean"}, "errors": listed})
