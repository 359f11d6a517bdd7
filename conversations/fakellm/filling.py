"""Structured answers: a document that follows the JSON schema of a request, made up from its seed."""

import json
from random import Random
from typing import Any

_PHRASES = ("a short list", "the tone", "an unstated premise", "the number asked for", "one wrong date")
_LONGEST_LIST = 2


def fill(schema: dict[str, Any], rng: Random) -> Any:
    """A value that follows the schema: the same for the same state of `rng`."""
    if "enum" in schema:
        return rng.choice(schema["enum"])
    return _FILLERS.get(schema.get("type", ""), _text)(schema, rng)


def _object(schema: dict[str, Any], rng: Random) -> dict[str, Any]:
    return {name: fill(part, rng) for name, part in schema.get("properties", {}).items()}


def _list(schema: dict[str, Any], rng: Random) -> list[Any]:
    least = schema.get("minItems", 0)
    most = min(schema.get("maxItems", _LONGEST_LIST), max(least, _LONGEST_LIST))
    return [fill(schema.get("items", {}), rng) for _ in range(rng.randint(least, most))]


def _text(schema: dict[str, Any], rng: Random) -> str:
    return rng.choice(_PHRASES)[: schema.get("maxLength", 200)]


def _whole(schema: dict[str, Any], rng: Random) -> int:
    return rng.randint(schema.get("minimum", 0), schema.get("maximum", 3))


def _flag(schema: dict[str, Any], rng: Random) -> bool:
    return rng.random() < 0.5


_FILLERS = {
    "object": _object,
    "array": _list,
    "string": _text,
    "integer": _whole,
    "number": _whole,
    "boolean": _flag,
}


def damaged(document: str, rng: Random) -> str:
    """What models give instead now and then: words around it, its end missing, or another document."""
    ways = (f"Sure! Here it is: {document}", document[: len(document) // 2], json.dumps({"answer": "yes"}))
    return rng.choice(ways)
