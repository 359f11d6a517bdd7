"""From a posted form to the rows of an annotation, and back for a correction. Touches no database.

Four things are kept apart: what nobody touched, a usual value that one act confirmed for its section, what
was chosen, and what was not asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from annotations.models import Annotation, ItemAnswer, Status, Values
from annotations.rubric_documents import OTHER, Fact, FactKind, Kind, Property, RubricDocument
from annotations.sheets import (
    ERRORS,
    FACTS,
    NO_ERRORS,
    NOT_CHECKABLE,
    ONCE,
    SHOWN,
    SOME_ERRORS,
    Form,
    error_lines,
    facts_told,
    is_confirmed,
    section_key,
)
from annotations.submitting import Row, Said

Value = tuple[int | None, Status]
NOTHING: Value = (None, Status.UNTOUCHED)
NOT_ASKED: Value = (None, Status.NOT_ASKED)
LONGEST = 2000


class NotTold(ValueError):
    """The form lacks something; each text says what, for the person."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__(" ".join(faults))


@dataclass(frozen=True)
class Reading:
    """A rubric with how a task was shown: `sides` leads from `a` and `b` to the sides of the source."""

    document: RubricDocument
    sides: dict[str, int]
    is_swapped: bool = False

    @classmethod
    def of(cls, document: RubricDocument, *, is_pair: bool, is_swapped: bool) -> Reading:
        numbers = (2, 1) if is_swapped else (1, 2)
        return cls(document, dict(zip(SHOWN, numbers if is_pair else (1,), strict=False)), is_swapped)


def read(reading: Reading, form: Form) -> Said:
    """What the form says. Raises NotTold where an error is half named, or nothing is said at all."""
    errors = list(_errors(reading, form))
    said = Said(comment=form.get("comment", "").strip()[:LONGEST], flag=form.get("flag", "")[:40])
    said.errors = errors
    said.values = [*_once(reading, form), *_by_side(reading, form, errors)]
    said.items = [*_listed(reading, form), *_met(reading, form)]
    touched = {Status.CONFIRMED, Status.CHOSEN}
    if not any(touched.intersection(row["statuses"]) for row in said.values):
        raise NotTold([_("Nothing is chosen or confirmed yet.")])
    return said


def _once(reading: Reading, form: Form) -> Iterator[Row]:
    """The facts, and what is asked of the pair as a whole."""
    document = reading.document
    if not document.facts and not any(p.of_pair for p in document.properties):
        return
    facts = facts_told(document, form)
    values = [
        _scored(p, form, ONCE, mirror=reading.is_swapped and p.mirrored)
        if p.of_pair and p.is_scored and p.is_asked(facts)
        else NOT_ASKED
        for p in document.properties
    ]
    values += [_fact(fact, form, facts.get(fact.slug)) for fact in document.facts]
    yield _row(0, values)


def _by_side(reading: Reading, form: Form, errors: list[Row]) -> Iterator[Row]:
    document = reading.document
    if all(p.of_pair or p.kind == Kind.COMPUTED for p in document.properties):
        return
    facts = facts_told(document, form)
    for shown, side in reading.sides.items():
        found = [row for row in errors if row["side"] == side]
        values = [
            _value(p, form, shown, found) if p.is_asked(facts) and not p.of_pair else NOT_ASKED
            for p in document.properties
        ]
        checkable = _is_checkable(form, shown, found) if document.errors else None
        yield _row(side, values + [NOT_ASKED] * len(document.facts)) | {"is_checkable": checkable}


def _row(side: int, values: list[Value]) -> Row:
    return {"side": side, "scores": [v for v, _s in values], "statuses": [int(s) for _v, s in values]}


def _value(p: Property, form: Form, shown: str, found: list[Row]) -> Value:
    if p.kind == Kind.ERRORS:
        return _counted(p, form, shown, found)
    if p.is_per_item:
        answered = any(key.startswith(f"i{p.id}-{shown}-") and form[key] for key in form)
        return (None, Status.CHOSEN) if answered else NOTHING
    return _scored(p, form, shown)


def _scored(p: Property, form: Form, shown: str, *, mirror: bool = False) -> Value:
    chosen = _level(p, form.get(f"p{p.id}-{shown}", ""))
    if chosen is not None:
        return (-chosen if mirror else chosen), Status.CHOSEN
    if p.usual is not None and is_confirmed(form, section_key(p)):
        return (-p.usual if mirror else p.usual), Status.CONFIRMED
    return NOTHING


def _level(p: Property, given: str) -> int | None:
    values = {str(value): value for value in p.scale.values} if p.scale else {}
    return values.get(given)


def _fact(fact: Fact, form: Form, told: bool | list[str] | None) -> Value:
    if told is None:
        return NOTHING
    score = len(told) if isinstance(told, list) else int(told)
    is_chosen = bool(form.get(f"fact-{fact.slug}", "").strip())
    return score, Status.CHOSEN if is_chosen else Status.CONFIRMED


def _counted(p: Property, form: Form, shown: str, found: list[Row]) -> Value:
    said = form.get(f"errors-{shown}", "")
    if said == NOT_CHECKABLE:
        return None, Status.CHOSEN
    if found or said in (NO_ERRORS, SOME_ERRORS):
        return sum(row["position"] == p.position for row in found), Status.CHOSEN
    return (0, Status.CONFIRMED) if is_confirmed(form, ERRORS) else NOTHING


def _is_checkable(form: Form, shown: str, found: list[Row]) -> bool | None:
    said = form.get(f"errors-{shown}", "")
    if said == NOT_CHECKABLE:
        return False
    return True if found or said or is_confirmed(form, ERRORS) else None


def _errors(reading: Reading, form: Form) -> Iterator[Row]:
    """The errors that are named, by side. None count where the person says that there are none to find."""
    if not reading.document.errors:
        return
    for shown, side in reading.sides.items():
        if form.get(f"errors-{shown}") in (NO_ERRORS, NOT_CHECKABLE):
            continue
        named = [line for line in error_lines(form, shown) if line.type or line.severity or line.text]
        if form.get(f"errors-{shown}") == SOME_ERRORS and not named:
            raise NotTold([_("You said that there are errors: name one at least, or choose “None”.")])
        for number, line in enumerate(named, start=1):
            counter = reading.document.counted(line.severity) if line.severity else None
            if counter is None or not line.type:
                raise NotTold([_("Choose a type and a severity for each error.")])
            yield {
                "side": side,
                "position": counter.position,
                "number": number,
                "type": reading.document.errors.read(line.type),
                "severity": line.severity,
                "description": line.text[:LONGEST],
            }


def _listed(reading: Reading, form: Form) -> Iterator[Row]:
    """The items found in the query."""
    facts = facts_told(reading.document, form)
    for fact in reading.document.facts:
        told = facts.get(fact.slug)
        for number, text in enumerate(told if isinstance(told, list) else [], start=1):
            yield {"side": 0, "position": fact.position, "number": number, "text": text}


def _met(reading: Reading, form: Form) -> Iterator[Row]:
    """How far each response meets each item."""
    facts = facts_told(reading.document, form)
    for p in reading.document.asked(facts):
        items = facts.get(p.items) if p.is_per_item else None
        for number, text in enumerate(items if isinstance(items, list) else [], start=1):
            for shown, side in reading.sides.items():
                score = _level(p, form.get(f"i{p.id}-{shown}-{number}", ""))
                level = p.scale.level(score) if p.scale and score is not None else None
                if level:
                    row = {"side": side, "position": p.position, "number": number, "text": text}
                    yield row | {"label": level.label[:60], "score": score}


def form_of(reading: Reading, annotation: Annotation) -> dict[str, str]:
    """The form as it must have been filled in to say what the annotation says."""
    form = {"comment": annotation.comment, "flag": annotation.flag}
    shown = {side: key for key, side in reading.sides.items()} | {0: ONCE}
    errors = list(annotation.errors.all())
    for values in annotation.values.all():
        pairs = zip(reading.document.fields, values.scores, values.statuses, strict=True)
        for asked, score, status in pairs:
            form |= dict(_filled(reading, asked, score, status, shown[values.side]))
        named = any(error.side == values.side for error in errors)
        form |= _of_errors(reading.document, values, shown[values.side], named=named)
    form |= _of_items(reading.document, list(annotation.items.all()), shown)
    for error in errors:
        prefix = f"error-{shown[error.side]}-{error.number}"
        form |= {f"{prefix}-type": error.type or OTHER, f"{prefix}-severity": error.severity}
        form[f"{prefix}-text"] = error.description
    return form


def _of_items(document: RubricDocument, items: list[ItemAnswer], shown: dict[int, str]) -> dict[str, str]:
    form: dict[str, str] = {}
    for item in items:
        if item.side:
            form[f"i{item.position}-{shown[item.side]}-{item.number}"] = str(item.score)
        else:
            name = f"fact-{document.fields[item.position].slug}"
            form[name] = f"{form[name]}\n{item.text}" if name in form else item.text
    return form


def _of_errors(document: RubricDocument, values: Values, shown: str, *, named: bool) -> dict[str, str]:
    counters = [p.position for p in document.properties if p.kind == Kind.ERRORS]
    if not any(values.statuses[place] == Status.CHOSEN for place in counters):
        return {}
    judged = SOME_ERRORS if named else NO_ERRORS
    return {f"errors-{shown}": judged if values.is_checkable else NOT_CHECKABLE}


def _filled(
    reading: Reading, asked: Property | Fact, score: int | None, status: int, shown: str
) -> Iterator[tuple[str, str]]:
    if status == Status.CONFIRMED:
        yield f"confirm-{FACTS if isinstance(asked, Fact) else section_key(asked)}", "1"
    if status != Status.CHOSEN or score is None:
        return
    if isinstance(asked, Fact):
        if asked.kind == FactKind.YES_NO:
            yield f"fact-{asked.slug}", str(score)
    elif asked.is_scored:
        mirror = shown == ONCE and asked.mirrored and reading.is_swapped
        yield f"p{asked.id}-{shown}", str(-score if mirror else score)
