"""An annotation as a program says it, and the form of the page: one leads to the other. No database.

Responses are `a` and `b` as they are shown, so that nothing tells their order in the source.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from annotations.rubric_documents import OTHER, Fact, FactKind, Kind, Property, RubricDocument
from annotations.sheets import (
    ERRORS,
    FACTS,
    MOST_ERRORS,
    MOST_ITEMS,
    NO_ERRORS,
    NOT_CHECKABLE,
    ONCE,
    SOME_ERRORS,
    Form,
    error_lines,
    facts_told,
    is_confirmed,
    section_key,
)
from annotations.suggestions import TOOK
from annotations.told import Reading

CANNOT = "cannot_be_judged"
Filled = Iterator[tuple[str, str]]


def confirmable(document: RubricDocument) -> list[str]:
    """The parts in which one act can confirm what is usual."""
    keys = {
        section_key(p): True for p in document.properties if p.usual is not None and p.kind != Kind.ERRORS
    }
    return [*([FACTS] if document.facts else []), *keys, *([ERRORS] if document.errors else [])]


class Answers:
    """Reads what was sent into a form, and gathers what is wrong with it by its place."""

    def __init__(self, reading: Reading, given: Mapping[str, Any]) -> None:
        self.reading, self.document, self.given = reading, reading.document, given
        self.faults: dict[str, list[str]] = defaultdict(list)

    def form(self) -> dict[str, str]:
        """Raises ValidationError."""
        given = self.given
        form = {name: given[name] for name in ("comment", "flag") if given.get(name)}
        counted = {"seconds": given.get("seconds"), "active": given.get("active_seconds")}
        form |= {name: f"{value:.3f}" for name, value in counted.items() if value is not None}
        form |= dict(self._confirmed())
        form |= dict(self._facts())
        told = facts_told(self.document, form)
        form |= dict(self._values(told))
        form |= dict(self._items(told))
        form |= dict(self._errors())
        form |= dict(self._took())
        if self.faults:
            raise ValidationError(dict(self.faults))
        return form

    def _fault(self, place: str, text: str) -> None:
        self.faults[place].append(text)

    def _confirmed(self) -> Filled:
        known = confirmable(self.document)
        for key in self.given.get("confirmed", ()):
            if key in known:
                yield f"confirm-{key}", "1"
            else:
                self._fault("confirmed", _("“%(given)s” is none of %(known)s.") % _listed(key, known))

    def _took(self) -> Filled:
        """Which of these were taken over from a suggestion by one act each."""
        names = {place: name for name, place in places(self.reading).items()}
        found = self.given.get("took", ())
        for place in found:
            if place not in names:
                self._fault("took", _("“%s” is no place of an answer.") % place)
        if found:
            yield TOOK, " ".join(names[place] for place in found if place in names)

    def _facts(self) -> Filled:
        known = {fact.slug: fact for fact in self.document.facts}
        for slug, said in self.given.get("facts", {}).items():
            place = f"facts.{slug}"
            if slug not in known:
                self._fault(place, _("The rubric has no such fact."))
            elif known[slug].kind == FactKind.LIST:
                yield from self._list(known[slug], said, place)
            elif isinstance(said, bool):
                yield f"fact-{slug}", str(int(said))
            else:
                self._fault(place, _("must be true or false."))

    def _list(self, fact: Fact, said: Any, place: str) -> Filled:
        lines = said if isinstance(said, list) else []
        is_text = all(isinstance(line, str) and line.strip() and "\n" not in line for line in lines)
        if not is_text or not 0 < len(lines) <= MOST_ITEMS:
            text = _("must be a list of 1 to %d lines of text; confirm the facts to say that there are none.")
            self._fault(place, text % MOST_ITEMS)
            return
        yield f"fact-{fact.slug}", "\n".join(lines)

    def _property(self, slug: str, told: Mapping[str, Any], place: str) -> Property | None:
        found = next((p for p in self.document.properties if p.slug == slug), None)
        if found is None:
            self._fault(place, _("The rubric has no such property."))
        elif not found.is_asked(told):
            self._fault(place, _("This is not asked of such a query."))
            return None
        return found

    def _values(self, told: Mapping[str, Any]) -> Filled:
        for slug, said in self.given.get("values", {}).items():
            place = f"values.{slug}"
            p = self._property(slug, told, place)
            if p is None:
                continue
            if not p.is_scored:
                self._fault(place, _("This is said under “items” or “errors”."))
            elif p.of_pair:
                yield from self._level(p, f"p{p.id}-{ONCE}", said, place)
            else:
                for shown, value in self._by_side(said, place):
                    yield from self._level(p, f"p{p.id}-{shown}", value, f"{place}.{shown}")

    def _by_side(self, said: Any, place: str) -> Iterable[tuple[str, Any]]:
        sides = list(self.reading.sides)
        if not isinstance(said, dict) or not set(said) <= set(sides):
            self._fault(place, _("must be an object with a value for each of %s.") % ", ".join(sides))
            return ()
        return said.items()

    def _level(self, p: Property, name: str, said: Any, place: str) -> Filled:
        value = p.scale.read(said) if p.scale and said is not None else None
        if value is not None:
            yield name, str(value)
        elif said is not None:
            known = [f"{level.value} ({level.label})" for level in p.scale.levels] if p.scale else []
            self._fault(place, _("“%(given)s” is none of %(known)s.") % _listed(said, known))

    def _items(self, told: Mapping[str, Any]) -> Filled:
        for slug, said in self.given.get("items", {}).items():
            place = f"items.{slug}"
            p = self._property(slug, told, place)
            if p is not None and not p.is_per_item:
                self._fault(place, _("This is said under “values” or “errors”."))
            elif p is not None:
                number = len(told[p.items])
                for shown, levels in self._by_side(said, place):
                    yield from self._met(p, shown, levels, number, f"{place}.{shown}")

    def _met(self, p: Property, shown: str, levels: Any, number: int, place: str) -> Filled:
        if not isinstance(levels, list) or len(levels) != number:
            text = _("must be a list of %(number)d values, one for each item of “%(list)s”; null for none.")
            self._fault(place, text % {"number": number, "list": p.items})
            return
        for item, value in enumerate(levels, start=1):
            yield from self._level(p, f"i{p.id}-{shown}-{item}", value, f"{place}.{item}")

    def _errors(self) -> Filled:
        said = self.given.get("errors", {})
        if said and not self.document.errors:
            self._fault("errors", _("The rubric does not ask for errors."))
            return
        for shown, found in self._by_side(said, "errors"):
            place = f"errors.{shown}"
            if found == CANNOT:
                yield f"errors-{shown}", NOT_CHECKABLE
            elif not isinstance(found, list) or len(found) > MOST_ERRORS:
                text = _("must be a list of at most %(most)d errors, or “%(cannot)s”.")
                self._fault(place, text % {"most": MOST_ERRORS, "cannot": CANNOT})
            else:
                yield f"errors-{shown}", SOME_ERRORS if found else NO_ERRORS
                for number, error in enumerate(found, start=1):
                    yield from self._error(shown, number, error, f"{place}.{number}")

    def _error(self, shown: str, number: int, error: Any, place: str) -> Filled:
        types = [kind.slug for kind in self.document.errors.types] if self.document.errors else []
        choices = {"type": [*types, OTHER], "severity": severities(self.document)}
        if not isinstance(error, dict) or not set(error) <= {*choices, "description"}:
            self._fault(place, _("must be an object with type, severity and description."))
            return
        for name, known in choices.items():
            if error.get(name) not in known:
                text = _("“%(given)s” is none of %(known)s.") % _listed(error.get(name, ""), known)
                self._fault(f"{place}.{name}", text)
            yield f"error-{shown}-{number}-{name}", str(error.get(name))
        yield f"error-{shown}-{number}-text", str(error.get("description", ""))


def _listed(given: object, known: Iterable[str]) -> dict[str, object]:
    return {"given": given, "known": ", ".join(known)}


def severities(document: RubricDocument) -> list[str]:
    """Those that the rubric counts."""
    return [p.severity for p in document.properties if p.severity]


def places(reading: Reading) -> dict[str, str]:
    """{name in the form: place in what a program says} of everything that can be answered."""
    document, found = reading.document, {}
    for fact in document.facts:
        found[f"fact-{fact.slug}"] = f"facts.{fact.slug}"
    for p in document.properties:
        if p.is_scored and p.of_pair:
            found[f"p{p.id}-{ONCE}"] = f"values.{p.slug}"
        for shown in reading.sides if p.is_scored and not p.of_pair else ():
            found[f"p{p.id}-{shown}"] = f"values.{p.slug}.{shown}"
        for shown in reading.sides if p.is_per_item else ():
            for item in range(1, MOST_ITEMS + 1):
                found[f"i{p.id}-{shown}-{item}"] = f"items.{p.slug}.{shown}.{item}"
    return found | {f"errors-{shown}": f"errors.{shown}" for shown in reading.sides if document.errors}


def given_of(reading: Reading, form: Form) -> dict[str, Any]:
    """A draft, or what was submitted, as a program would say it."""
    document, told = reading.document, facts_told(reading.document, form)
    lists = {slug: found for slug, found in told.items() if isinstance(found, list) and found}
    return {
        "confirmed": [key for key in confirmable(document) if is_confirmed(form, key)],
        "facts": {
            fact.slug: told[fact.slug]
            for fact in document.facts
            if form.get(f"fact-{fact.slug}", "").strip() and fact.slug in told
        },
        "values": {
            p.slug: said for p in document.properties if (said := _said(reading, p, form)) is not None
        },
        "items": {
            p.slug: {shown: _items(p, shown, form, len(lists[p.items])) for shown in reading.sides}
            for p in document.asked(told)
            if p.is_per_item and p.items in lists
        },
        "errors": {shown: _errors(form, shown) for shown in reading.sides if form.get(f"errors-{shown}", "")},
        "took": [place for name, place in places(reading).items() if name in form.get(TOOK, "").split()],
        "comment": form.get("comment", ""),
        "flag": form.get("flag", ""),
    }


def _said(reading: Reading, p: Property, form: Form) -> Any:
    if not p.is_scored:
        return None
    if p.of_pair:
        return _number(form.get(f"p{p.id}-{ONCE}", ""))
    return {
        shown: number
        for shown in reading.sides
        if (number := _number(form.get(f"p{p.id}-{shown}", ""))) is not None
    } or None


def _items(p: Property, shown: str, form: Form, number: int) -> list[int | None]:
    return [_number(form.get(f"i{p.id}-{shown}-{item}", "")) for item in range(1, number + 1)]


def _errors(form: Form, shown: str) -> str | list[dict[str, str]]:
    if form[f"errors-{shown}"] == NOT_CHECKABLE:
        return CANNOT
    if form[f"errors-{shown}"] == NO_ERRORS:
        return []
    lines = [line for line in error_lines(form, shown) if line.type or line.severity or line.text]
    return [{"type": line.type, "severity": line.severity, "description": line.text} for line in lines]


def _number(text: str) -> int | None:
    return int(text) if text.lstrip("-").isdecimal() else None
