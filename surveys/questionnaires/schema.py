"""Checks plain values against instruments/schema.json.

Only the part of JSON Schema that our schema uses is known here; a keyword that is not known raises at
once, so that the schema can never promise more than is checked.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from django.utils.translation import gettext as _

from .source import Path

SCHEMA_FILE = FilePath(__file__).parent.parent / "instruments" / "schema.json"

Schema = dict[str, Any]
Fault = tuple[Path, str]


@cache
def questionnaire_schema() -> Schema:
    """The published schema; not to be changed by the caller."""
    schema: Schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return schema


def faults(value: Any, schema: Schema | None = None, path: Path = ()) -> Iterator[Fault]:
    """Each place where `value` departs from the schema, with a sentence for the file's author."""
    schema = questionnaire_schema() if schema is None else schema
    while "$ref" in schema:
        schema = questionnaire_schema()["$defs"][schema["$ref"].rpartition("/")[2]]
    if "type" in schema and not _has_type(value, schema["type"]):
        yield path, _wrong_type(value, schema["type"])
        return
    for keyword, operand in schema.items():
        if keyword not in _ANNOTATIONS:
            yield from _KEYWORDS[keyword](value, operand, schema, path)


def _names(types: str | list[str]) -> list[str]:
    return [types] if isinstance(types, str) else types


def _has_type(value: Any, types: str | list[str]) -> bool:
    return any(_TYPES[name](value) for name in _names(types))


def _wrong_type(value: Any, types: str | list[str]) -> str:
    wanted = _(" or ").join(str(_type_words()[name]) for name in _names(types))
    found = next((words for name, words in _type_words().items() if _TYPES[name](value)), _("nothing"))
    hint = _(" Put it in quotes.") if "string" in _names(types) and _is_scalar(value) else ""
    return _("should be %(wanted)s, but is %(found)s.") % {"wanted": wanted, "found": found} + hint


def _is_scalar(value: Any) -> bool:
    return isinstance(value, bool | int | float)


def _type_words() -> dict[str, str]:
    return {
        "string": _("text"),
        "boolean": _("true or false"),
        "integer": _("a whole number"),
        "number": _("a number"),
        "array": _("a list"),
        "object": _("a group of keys"),
    }


_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _const(value: Any, operand: Any, schema: Schema, path: Path) -> Iterator[Fault]:
    if value != operand:
        yield path, _("should be “%(wanted)s”.") % {"wanted": operand}


def _enum(value: Any, operand: list[Any], schema: Schema, path: Path) -> Iterator[Fault]:
    if value not in operand:
        known = ", ".join(map(str, operand))
        message = _("“%(value)s” is not known.%(guess)s Known are: %(known)s.")
        yield path, message % {"value": value, "guess": _guess(value, operand), "known": known}


def _pattern(value: Any, operand: str, schema: Schema, path: Path) -> Iterator[Fault]:
    if isinstance(value, str) and not re.fullmatch(operand, value):
        yield (
            path,
            _("“%(value)s” is not allowed here. %(rule)s")
            % {
                "value": value[:60],
                "rule": schema.get("description", ""),
            },
        )


def _min_length(value: Any, operand: int, schema: Schema, path: Path) -> Iterator[Fault]:
    if isinstance(value, str) and len(value) < operand:
        yield path, _("is empty.")


def _max_length(value: Any, operand: int, schema: Schema, path: Path) -> Iterator[Fault]:
    if isinstance(value, str) and len(value) > operand:
        yield (
            path,
            _("is too long: %(length)d characters; %(limit)d are allowed.")
            % {
                "length": len(value),
                "limit": operand,
            },
        )


def _minimum(value: Any, operand: float, schema: Schema, path: Path) -> Iterator[Fault]:
    if value < operand:
        yield path, _("should be at least %(limit)s.") % {"limit": operand}


def _exclusive_minimum(value: Any, operand: float, schema: Schema, path: Path) -> Iterator[Fault]:
    if value <= operand:
        yield path, _("should be more than %(limit)s.") % {"limit": operand}


def _maximum(value: Any, operand: float, schema: Schema, path: Path) -> Iterator[Fault]:
    if value > operand:
        yield path, _("should be at most %(limit)s.") % {"limit": operand}


def _min_items(value: Any, operand: int, schema: Schema, path: Path) -> Iterator[Fault]:
    if isinstance(value, list) and len(value) < operand:
        yield path, _("is an empty list.")


def _max_items(value: list[Any], operand: int, schema: Schema, path: Path) -> Iterator[Fault]:
    if len(value) > operand:
        yield (
            path,
            _("has %(count)d entries; %(limit)d are allowed.") % {"count": len(value), "limit": operand},
        )


def _items(value: Any, operand: Schema, schema: Schema, path: Path) -> Iterator[Fault]:
    for index, part in enumerate(value if isinstance(value, list) else ()):
        yield from faults(part, operand, (*path, index))


def _properties(value: Any, operand: dict[str, Schema], schema: Schema, path: Path) -> Iterator[Fault]:
    if isinstance(value, dict):
        for key in value.keys() & operand.keys():
            yield from faults(value[key], operand[key], (*path, key))


def _property_names(value: Any, operand: Schema, schema: Schema, path: Path) -> Iterator[Fault]:
    if isinstance(value, dict):
        for key in value:
            yield from faults(key, operand, (*path, key))


def _min_properties(value: Any, operand: int, schema: Schema, path: Path) -> Iterator[Fault]:
    if isinstance(value, dict) and len(value) < operand:
        yield path, _("is an empty group of keys.")


def _required(value: Any, operand: list[str], schema: Schema, path: Path) -> Iterator[Fault]:
    if isinstance(value, dict):
        for key in operand:
            if key not in value:
                yield path, _("“%(key)s” is missing.") % {"key": key}


def _others(value: Any, operand: bool | Schema, schema: Schema, path: Path) -> Iterator[Fault]:
    known = schema.get("properties", {})
    if isinstance(value, dict):
        for key in value.keys() - known.keys():
            if isinstance(operand, dict):
                yield from faults(value[key], operand, (*path, key))
            else:
                yield (*path, key), _("is not a known key.%(guess)s") % {"guess": _guess(key, list(known))}


def _guess(word: Any, known: list[str]) -> str:
    close = difflib.get_close_matches(str(word), known, n=1)
    return _(" Did you mean “%(guess)s”?") % {"guess": close[0]} if close else ""


_ANNOTATIONS = frozenset({"$schema", "$id", "$defs", "title", "description", "type"})
_KEYWORDS: dict[str, Callable[[Any, Any, Schema, Path], Iterator[Fault]]] = {
    "const": _const,
    "enum": _enum,
    "pattern": _pattern,
    "minLength": _min_length,
    "maxLength": _max_length,
    "minimum": _minimum,
    "exclusiveMinimum": _exclusive_minimum,
    "maximum": _maximum,
    "minItems": _min_items,
    "maxItems": _max_items,
    "items": _items,
    "properties": _properties,
    "required": _required,
    "propertyNames": _property_names,
    "minProperties": _min_properties,
    "additionalProperties": _others,
}
