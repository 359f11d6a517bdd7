"""From the text of a rubric to a RubricDocument, or to the list of all that is wrong with it. Pure.

The format is published as rubrics/schema.json. Everything that is asked has one position: properties have
theirs by id, from 0, and the facts about the query follow them. Rows of annotations name it by that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property, lru_cache
from typing import Any

from django.utils.translation import gettext as _

from annotations.rubric_faults import plain, sense_faults
from annotations.rubrics import SCHEMA_FILE
from surveys.questionnaires import Problem, QuestionnaireError
from surveys.questionnaires.schema import Schema, faults
from surveys.questionnaires.source import Tree, read_tree

FORMAT = "prism-rubric/1"
OTHER = "other"  # the type of an error that the rubric does not know


class RubricError(ValueError):
    """A text is no rubric. `problems` holds every fault found, each with its line."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


class Kind(StrEnum):
    SCALE = "scale"  # a whole number for a side, or for the pair
    CATEGORY = "category"  # the same, of values without an order
    ITEM_SCALE = "item_scale"  # a number for each item of a fact
    ITEM_CATEGORY = "item_category"  # a label, with its number, for each item of a fact
    ERRORS = "errors"  # how many errors of a severity the one list of errors has
    COMPUTED = "computed"  # counted, never asked


class FactKind(StrEnum):
    YES_NO = "yes_no"
    LIST = "list"


PER_ITEM = frozenset({Kind.ITEM_SCALE, Kind.ITEM_CATEGORY})
Facts = Mapping[str, Any]  # {slug of a fact: bool, or the list of its items}


@dataclass(frozen=True)
class Level:
    value: int
    label: str
    help: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        return frozenset(plain(name) for name in (self.label, *self.aliases))


@dataclass(frozen=True)
class Scale:
    """`is_ordered` says whether the distance between two values means anything."""

    key: str
    levels: tuple[Level, ...]
    is_ordered: bool = True

    @property
    def values(self) -> tuple[int, ...]:
        return tuple(level.value for level in self.levels)

    def level(self, value: int) -> Level | None:
        return next((level for level in self.levels if level.value == value), None)

    def read(self, given: Any) -> int | None:
        """The value that a file means by a number, a number as text or a label; None for what is none."""
        named = plain(str(given))
        labelled = next((level.value for level in self.levels if named in level.names), None)
        if labelled is not None or isinstance(given, bool):
            return labelled
        try:
            number = float(given)
        except (TypeError, ValueError):
            return None
        return int(number) if number in self.values else None


@dataclass(frozen=True)
class Fact:
    """Something about the query alone, asked once for all its responses."""

    position: int
    slug: str
    title: str
    kind: FactKind
    key: str
    aliases: tuple[str, ...] = ()
    definition: str = ""

    @property
    def names(self) -> frozenset[str]:
        return frozenset(plain(name) for name in (self.slug, self.key, *self.aliases))


@dataclass(frozen=True)
class Condition:
    """A list is so where it has an item."""

    fact: str
    value: bool

    def holds(self, facts: Facts) -> bool:
        """Whether it is met; a fact that nobody stated meets nothing."""
        return facts.get(self.fact) is not None and bool(facts[self.fact]) == self.value


@dataclass(frozen=True)
class Property:
    """`key` is its name in files. `usual` is its value where nothing stands out, never prefilled."""

    id: int
    slug: str
    title: str
    kind: Kind
    key: str
    scale: Scale | None = None
    aliases: tuple[str, ...] = ()
    definition: str = ""
    ignore: str = ""
    group: str = ""
    of_pair: bool = False
    mirrored: bool = False
    usual: int | None = None
    inverted: bool = False
    sees_query: bool = True
    condition: Condition | None = None
    items: str = ""
    severity: str = ""
    counter: str = ""

    @property
    def position(self) -> int:
        return self.id

    @property
    def names(self) -> frozenset[str]:
        return frozenset(plain(name) for name in (self.slug, self.key, *self.aliases))

    @property
    def is_per_item(self) -> bool:
        return self.kind in PER_ITEM

    @property
    def is_scored(self) -> bool:
        """Whether people choose one number: its value stands in `Values.scores` by their act."""
        return self.kind in (Kind.SCALE, Kind.CATEGORY)

    def is_asked(self, facts: Facts) -> bool:
        """Whether the facts of a query call for it."""
        return self.kind != Kind.COMPUTED and (self.condition is None or self.condition.holds(facts))


@dataclass(frozen=True)
class ErrorType:
    slug: str
    label: str
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        return frozenset(plain(name) for name in (self.slug, self.label, *self.aliases))


@dataclass(frozen=True)
class ErrorList:
    title: str
    types: tuple[ErrorType, ...]
    definition: str = ""

    def read(self, given: str) -> str:
        """The slug of a type; one that is not known is kept as `other`."""
        return next((kind.slug for kind in self.types if plain(given) in kind.names), OTHER)


@dataclass(frozen=True)
class Group:
    key: str
    title: str


@dataclass(frozen=True)
class RubricDocument:
    key: str
    title: str
    language: str
    properties: tuple[Property, ...]
    facts: tuple[Fact, ...] = ()
    scales: Mapping[str, Scale] | None = None
    groups: tuple[Group, ...] = ()
    errors: ErrorList | None = None
    about: str = ""
    suits: tuple[str, ...] = ("single", "pair")

    @property
    def fields(self) -> tuple[Property | Fact, ...]:
        """Everything that has a position, in its order; arrays of scores are as long."""
        return (*self.properties, *self.facts)

    @cached_property
    def _named(self) -> dict[str, Property | Fact]:
        return {name: field for field in self.fields for name in field.names}

    def named(self, name: str) -> Property | Fact | None:
        """The property or fact that a file calls so: slug, key or alias, in any case."""
        return self._named.get(plain(name))

    def property(self, slug: str) -> Property:
        """Raises KeyError."""
        return next((p for p in self.properties if p.slug == slug), None) or _missing(slug)

    def fact(self, slug: str) -> Fact:
        """Raises KeyError."""
        return next((fact for fact in self.facts if fact.slug == slug), None) or _missing(slug)

    def asked(self, facts: Facts) -> tuple[Property, ...]:
        """The properties that the facts of a query call for."""
        return tuple(p for p in self.properties if p.is_asked(facts))

    def counted(self, severity: str) -> Property | None:
        """The property that counts the errors of a severity."""
        return next((p for p in self.properties if p.severity == severity), None)

    def in_groups(self) -> list[tuple[Group, tuple[Property, ...]]]:
        """The properties by group, in the rubric's order; those without one come first, under no title."""
        groups = (Group("", ""), *self.groups)
        held = [(group, tuple(p for p in self.properties if p.group == group.key)) for group in groups]
        return [(group, properties) for group, properties in held if properties]


def _missing(slug: str) -> Any:
    raise KeyError(slug)


@cache
def rubric_schema() -> Schema:
    """The published schema; not to be changed by the caller."""
    schema: Schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return schema


@lru_cache(maxsize=64)
def parse(text: str) -> RubricDocument:
    """The rubric that a text in YAML or JSON holds. Raises RubricError with every fault."""
    return _document(_checked(text).value)


def values_of(text: str) -> dict[str, Any]:
    """The plain values of a rubric's text, as versions store them beside it. Raises RubricError."""
    value: dict[str, Any] = _checked(text).value
    return value


def _checked(text: str) -> Tree:
    try:
        tree = read_tree(text)
        if not isinstance(tree.value, dict) or "format" not in tree.value:
            message = _("This is no rubric: it should begin with “format: %(format)s”.")
            tree.refuse([((), message % {"format": FORMAT})])
        tree.refuse(faults(tree.value, rubric_schema()))
        tree.refuse(sense_faults(tree.value))
    except QuestionnaireError as error:
        raise RubricError(error.problems) from error
    return tree


def _document(raw: dict[str, Any]) -> RubricDocument:
    scales = {key: _scale(key, given) for key, given in raw.get("scales", {}).items()}
    properties = tuple(_property(given, scales) for given in raw["properties"])
    facts = enumerate(raw.get("facts", ()), start=len(properties))
    return RubricDocument(
        key=raw["key"],
        title=raw["title"],
        language=raw["language"],
        properties=properties,
        facts=tuple(_fact(given, position) for position, given in facts),
        scales=scales,
        groups=tuple(Group(**given) for given in raw.get("groups", ())),
        errors=_errors(raw["errors"]) if "errors" in raw else None,
        about=raw.get("about", ""),
        suits=tuple(raw.get("suits", ("single", "pair"))),
    )


def _scale(key: str, raw: dict[str, Any]) -> Scale:
    return Scale(key, tuple(Level(**_tupled(level)) for level in raw["levels"]), raw.get("ordered", True))


def _tupled(raw: dict[str, Any]) -> dict[str, Any]:
    return {**raw, "aliases": tuple(raw.get("aliases", ()))}


def _fact(raw: dict[str, Any], position: int) -> Fact:
    given = {"key": raw["slug"], **_tupled(raw)}
    return Fact(**{**given, "position": position, "kind": FactKind(raw["kind"])})


def _errors(raw: dict[str, Any]) -> ErrorList:
    types = tuple(ErrorType(**_tupled(given)) for given in raw["types"])
    return ErrorList(raw["title"], types, raw.get("definition", ""))


def _property(raw: dict[str, Any], scales: Mapping[str, Scale]) -> Property:
    same = ("id", "slug", "title", "definition", "ignore", "group", "usual", "items", "severity", "counter")
    when = raw.get("if")
    return Property(
        **{name: raw[name] for name in same if name in raw},
        kind=Kind(raw["kind"]),
        key=raw.get("key", raw["slug"]),
        scale=scales[raw["scale"]] if "scale" in raw else None,
        aliases=tuple(raw.get("aliases", ())),
        of_pair=raw.get("of") == "pair",
        mirrored=raw.get("mirrored", False),
        inverted=raw.get("invert", False),
        sees_query=raw.get("query", "shown") == "shown",
        condition=Condition(when["fact"], when["is"]) if when else None,
    )
