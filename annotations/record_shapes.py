"""Other shapes in which pairs go about: raw replies of a model about them, and not annotated at all. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from annotations.records import (
    APPLICABLE,
    NOT_APPLICABLE,
    PREFERENCES,
    QUERY,
    REFERENCE,
    SCENARIO,
    SCENARIO_GROUP,
    SIDES,
    Row,
)

LETTERS = {1: "a", 2: "b"}
SAID_OF = {f"response {side}": side for side in SIDES}  # whatever the capitals
PLAIN = {
    "prompt": QUERY,
    "scenario": SCENARIO,
    "group": SCENARIO_GROUP,
    "gpt4_ref_output": REFERENCE,
}
TAGS = ("oaimoderation_tag", "toxic_chat_tag")
UNANNOTATED = frozenset(
    {"winner", "prompt word", *PLAIN, *TAGS}
    | {
        f"{name}_{letter}{more}"
        for letter in LETTERS.values()
        for name, more in [("response", " word"), ("model", "")]
    }
)
WINNERS = {"model_a": "response_1", "model_b": "response_2", "tie": "tie", "tie (bothbad)": "tie"}
NO_TAG = ("", "0", "false", "none", "no")
CHECK, LISTED = "accuracy check", "inaccuracies"
IsProperty = Callable[[str], bool]


def as_published(row: Row, is_property: IsProperty) -> Row:
    """The row in the published shape; one that has it stays as it is. Keys are in lower case otherwise.

    Raw ratings are `{key: {"response 1": …, "response 2": …}}` or `{"Response 1": {key: …}, …}`, alone or
    below one name; raw errors `{"Response 1": {"accuracy check": …, "inaccuracies": […]}, …}`.
    """
    if "basic_response_1" in row and isinstance(row.get("response_1"), dict):
        return row
    made = {str(name).strip().lower(): value for name, value in row.items()}
    return _with_ratings(unannotated(made), is_property)


def unannotated(row: Row) -> dict[str, Any]:
    """Texts, models, the vote and the tags of a pair that nobody annotated, under their published names."""
    made = dict(row)
    for name, published in PLAIN.items():
        if name in made:
            made.setdefault(published, made[name])
    for side, letter in LETTERS.items():
        if f"response_{letter}" in made:
            made.setdefault(f"response_{side}", _response(made, letter))
    if winner := WINNERS.get(str(made.get("winner", "")).strip().lower()):
        made.setdefault(PREFERENCES, {"human": winner})
    if tags := [name.removesuffix("_tag") for name in TAGS if _is_told(made.get(name))]:
        made.setdefault("tags", tags)
    return made


def _response(row: Row, letter: str) -> dict[str, Any]:
    model, words = row.get(f"model_{letter}", ""), row.get(f"response_{letter} word")
    return {"content": row[f"response_{letter}"], "model": model, "num_words": words}


def _is_told(tag: object) -> bool:
    return tag is not None and str(tag).strip().lower() not in NO_TAG


def _with_ratings(row: dict[str, Any], is_property: IsProperty) -> dict[str, Any]:
    made = dict(row)
    for name, value in row.items():
        if not isinstance(value, dict):
            continue
        if sides := _sides(value):
            _put(made, name, sides, is_property)
            continue
        for inner, said in value.items():
            if isinstance(said, dict) and (sides := _sides(said)):
                _put(made, str(inner), sides, is_property)
    if whole := _sides(row):
        _put(made, "", whole, is_property)
    return made


def _sides(table: Mapping[str, Any]) -> dict[int, Any]:
    """What it says of either response; nothing where it is about something else."""
    found = {SAID_OF.get(str(name).strip().lower()): value for name, value in table.items()}
    return {side: found[side] for side in SIDES if side in found}


def _put(made: dict[str, Any], name: str, sides: Mapping[int, Any], is_property: IsProperty) -> None:
    for side, said in sides.items():
        keys = (
            {str(key).strip().lower(): value for key, value in said.items()} if isinstance(said, dict) else {}
        )
        if CHECK in keys or LISTED in keys:
            made.setdefault(f"errors_response_{side}", _errors(keys))
        elif is_property(name):
            _rate(made, side, {name: said})
        elif isinstance(said, dict):
            _rate(made, side, said)


def _rate(made: dict[str, Any], side: int, told: Row) -> None:
    """Both tables get it: each is asked for its own properties alone."""
    for table in (f"basic_response_{side}", f"query-specific_response_{side}"):
        known = made.get(table)
        made[table] = {**told, **(known if isinstance(known, dict) else {})}


def _errors(said: Row) -> dict[str, Any]:
    checked = " ".join(str(said.get(CHECK) or APPLICABLE).lower().split())
    listed = said.get(LISTED)
    return {
        "applicable or not": NOT_APPLICABLE if checked.startswith("not") else APPLICABLE,
        "errors": listed if isinstance(listed, list) else [],
    }
