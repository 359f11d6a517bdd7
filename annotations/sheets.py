"""The form of a task: what a rubric asks, as rows of choices, with what was posted or drafted in them.

Names in the form know the responses as shown, `a` and `b`, and `0` for what is asked once. `told.py` reads a
posted form back into the sides of the source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from string import ascii_lowercase

from django.utils.translation import gettext as _

from annotations.models import ErrorFound
from annotations.rubric_documents import (
    OTHER,
    Fact,
    FactKind,
    Facts,
    Kind,
    Level,
    Property,
    RubricDocument,
    Scale,
)

Form = Mapping[str, str]
ONCE = "0"
SHOWN = ("a", "b")
FACTS, ASKED, ERRORS = "facts", "asked", "errors"
MOST_ITEMS, MOST_ERRORS = 30, 30
NO_ERRORS, SOME_ERRORS, NOT_CHECKABLE = "none", "some", "not"


@dataclass(frozen=True)
class Choice:
    """`key` is the number that chooses it on the keyboard."""

    value: str
    label: str
    key: str
    help: str = ""
    is_usual: bool = False
    is_chosen: bool = False


@dataclass(frozen=True)
class Cell:
    """One question about one response as shown, or about both."""

    name: str
    shown: str
    label: str
    choices: list[Choice]


@dataclass(frozen=True)
class Row:
    """A line of the form: cells side by side, or a list to type."""

    slug: str
    title: str
    definition: str = ""
    ignore: str = ""
    letter: str = ""
    cells: list[Cell] = field(default_factory=list)
    list_name: str = ""
    text: str = ""
    is_wordy: bool = False  # levels are shown by their words, not by their numbers alone


@dataclass(frozen=True)
class Section:
    """Rows that one act may confirm; `confirm` is the name of that box, empty where nothing is usual."""

    key: str
    title: str
    rows: list[Row]
    confirm: str = ""
    is_confirmed: bool = False

    @property
    def is_compared(self) -> bool:
        """Whether its rows stand in columns, one for each response."""
        return any(len(row.cells) > 1 and not row.is_wordy for row in self.rows)


@dataclass(frozen=True)
class ErrorLine:
    prefix: str
    number: int
    type: str
    severity: str
    text: str


@dataclass(frozen=True)
class ErrorSide:
    shown: str
    label: str
    lines: list[ErrorLine]


def side_name(shown: str) -> str:
    """How the page calls a response; the same on every page, whatever its place in the source."""
    return {"a": _("Response 1"), "b": _("Response 2")}[shown]


def keyed(scale: Scale | None) -> list[tuple[Level, str]]:
    """The levels with the key that chooses each: their values, or their places where a value is no digit."""
    levels = scale.levels if scale else ()
    if all(0 <= level.value <= 9 for level in levels):
        return [(level, str(level.value)) for level in levels]
    return [(level, str(place)) for place, level in enumerate(levels, start=1)]


def facts_told(document: RubricDocument, form: Form) -> dict[str, bool | list[str]]:
    """What the form says of the query, the confirmed among them; a fact that nobody touched is not in it."""
    told = {fact.slug: answer for fact in document.facts if (answer := _told(fact, form)) is not None}
    if is_confirmed(form, FACTS):
        usual = {fact.slug: usual_fact(document, fact) for fact in document.facts}
        told = {slug: value for slug, value in usual.items() if value is not None} | told
    return told


def _told(fact: Fact, form: Form) -> bool | list[str] | None:
    given = form.get(f"fact-{fact.slug}", "")
    if fact.kind == FactKind.LIST:
        return lines(given) or None
    return {"1": True, "0": False}.get(given)


def lines(text: str) -> list[str]:
    """The items of a list, one in each line."""
    return [line.strip()[:500] for line in text.splitlines() if line.strip()][:MOST_ITEMS]


def usual_fact(document: RubricDocument, fact: Fact) -> bool | list[str] | None:
    """What a fact is where nothing stands out: what calls for no further property; None if both do."""
    calls = {p.condition.value for p in document.properties if p.condition and p.condition.fact == fact.slug}
    if fact.kind == FactKind.LIST:
        return []
    return not calls.pop() if len(calls) == 1 else None


def is_confirmed(form: Form, key: str) -> bool:
    return form.get(f"confirm-{key}") == "1"


def section_key(p: Property) -> str:
    """The section that a property stands in, and that its confirmation covers."""
    if p.kind == Kind.ERRORS:
        return ERRORS
    return ASKED if p.condition else f"g-{p.group}"


class Sheet:
    """The form of one rubric for one task with what is filled in. Holds no name of a model."""

    def __init__(self, document: RubricDocument, *, is_pair: bool, form: Form) -> None:
        self.document, self.form = document, form
        self.shown = SHOWN if is_pair else SHOWN[:1]
        self.facts: Facts = facts_told(document, form)
        self._letters = iter(ascii_lowercase)

    @property
    def sections(self) -> list[Section]:
        """All but what the facts call for and the errors, in the rubric's order; letters run through them."""
        self._letters = iter(ascii_lowercase)
        facts = [self._fact(fact) for fact in self.document.facts]
        first = [self._section(FACTS, _("The query"), facts, True)] if facts else []
        return [*first, *self._groups()]

    def _groups(self) -> Iterator[Section]:
        for group, properties in self.document.in_groups():
            plain = [p for p in properties if p.is_scored and not p.condition]
            if plain:
                rows = [self._row(p, next(self._letters, "")) for p in plain]
                usual = any(p.usual is not None for p in plain)
                yield self._section(f"g-{group.key}", group.title or _("The responses"), rows, usual)

    @property
    def asked(self) -> Section | None:
        """The properties that the facts told so far call for."""
        called = [p for p in self.document.asked(self.facts) if p.condition and p.kind != Kind.ERRORS]
        rows = [row for p in called for row in self._called(p)]
        usual = any(p.usual is not None for p in called)
        return self._section(ASKED, _("What this query asks for"), rows, usual) if rows else None

    @property
    def errors(self) -> Section | None:
        """Whether there are errors, named in lines; asked after `sections`, whose letters go on here."""
        if not self.document.errors:
            return None
        cells = [self._error_cell(shown) for shown in self.shown]
        errors = self.document.errors
        letter = next(self._letters, "")
        row = Row(ERRORS, _("Are there errors?"), errors.definition, "", letter, cells, is_wordy=True)
        return self._section(ERRORS, errors.title, [row], True)

    @property
    def error_sides(self) -> list[ErrorSide]:
        return [ErrorSide(shown, side_name(shown), self._error_lines(shown)) for shown in self.shown]

    @property
    def error_types(self) -> list[tuple[str, str]]:
        known = self.document.errors.types if self.document.errors else ()
        return [*((kind.slug, kind.label) for kind in known), (OTHER, _("another error"))]

    @property
    def severities(self) -> list[tuple[str, str]]:
        """Those that the rubric counts."""
        return [(key, str(label)) for key, label in ErrorFound.Severity.choices if self.document.counted(key)]

    def _section(self, key: str, title: str, rows: list[Row], can_confirm: bool) -> Section:
        confirm = f"confirm-{key}" if can_confirm else ""
        return Section(key, title, rows, confirm, is_confirmed(self.form, key))

    def _fact(self, fact: Fact) -> Row:
        letter, name = next(self._letters, ""), f"fact-{fact.slug}"
        about = (fact.slug, fact.title, fact.definition, "", letter)
        if fact.kind == FactKind.LIST:
            return Row(*about, list_name=name, text=self.form.get(name, ""))
        usual = usual_fact(self.document, fact)
        choices = [
            Choice("1", _("Yes"), "1", "", usual is True, self.form.get(name) == "1"),
            Choice("0", _("No"), "0", "", usual is False, self.form.get(name) == "0"),
        ]
        return Row(*about, [Cell(name, ONCE, fact.title, choices)], is_wordy=True)

    def _row(self, p: Property, letter: str = "") -> Row:
        shown = [ONCE] if p.of_pair else self.shown
        cells = [self._cell(p, f"p{p.id}-{side}", side) for side in shown]
        is_wordy = len(cells) == 1 or p.kind == Kind.CATEGORY
        return Row(p.slug, p.title, p.definition, p.ignore, letter, cells, is_wordy=is_wordy)

    def _called(self, p: Property) -> Iterator[Row]:
        """A row, or one for each item of the list that the property is about."""
        if not p.is_per_item:
            yield self._row(p)
            return
        items = self.facts.get(p.items) or []
        for number, item in enumerate(items, start=1):
            cells = [self._cell(p, f"i{p.id}-{side}-{number}", side) for side in self.shown]
            title, is_wordy = f"{p.title}: {item}", p.kind == Kind.ITEM_CATEGORY or len(cells) == 1
            yield Row(f"{p.slug}-{number}", title, p.definition, p.ignore, "", cells, is_wordy=is_wordy)

    def _cell(self, p: Property, name: str, side: str) -> Cell:
        choices = [
            Choice(
                value=str(level.value),
                label=level.label,
                key=key,
                help=level.help,
                is_usual=level.value == p.usual,
                is_chosen=self.form.get(name) == str(level.value),
            )
            for level, key in keyed(p.scale)
        ]
        label = p.title if side == ONCE or len(self.shown) == 1 else f"{p.title}, {side_name(side)}"
        return Cell(name, side, label, choices)

    def _error_cell(self, shown: str) -> Cell:
        name = f"errors-{shown}"
        words = (
            (NO_ERRORS, _("None")),
            (SOME_ERRORS, _("Listed below")),
            (NOT_CHECKABLE, _("Cannot be judged")),
        )
        choices = [
            Choice(value, label, str(place), "", value == NO_ERRORS, self.form.get(name) == value)
            for place, (value, label) in enumerate(words)
        ]
        return Cell(name, shown, _("Errors, %s") % side_name(shown), choices)

    def _error_lines(self, shown: str) -> list[ErrorLine]:
        """Those that are filled, and an empty one behind them."""
        filled = [
            line for line in error_lines(self.form, shown) if any((line.type, line.severity, line.text))
        ]
        count = min(MOST_ERRORS, max((line.number for line in filled), default=0) + 1)
        return list(_error_lines(self.form, shown, range(1, count + 1)))


def error_lines(form: Form, shown: str) -> list[ErrorLine]:
    return list(_error_lines(form, shown, range(1, MOST_ERRORS + 1)))


def _error_lines(form: Form, shown: str, numbers: Iterable[int]) -> Iterator[ErrorLine]:
    for number in numbers:
        prefix = f"error-{shown}-{number}"
        said = (form.get(f"{prefix}-{part}", "").strip() for part in ("type", "severity", "text"))
        yield ErrorLine(prefix, number, *said)
