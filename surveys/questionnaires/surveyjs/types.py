"""One converter for each type of SurveyJS question that we know."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from django.utils.translation import gettext as _

from .work import LINE, Text, Work, free_key, plain

Raw = dict[str, Any]
Converter = Callable[[Work, Raw, str], Raw | None]

OTHER, NONE, REFUSED, UNKNOWN = "other", "none", "refused", "dont_know"
MAXIMUM_OPTIONS, MAXIMUM_ITEMS = 1000, 100
_CHOICE = frozenset(
    {
        "choices",
        "choicesOrder",
        "hasOther",
        "showOtherItem",
        "otherText",
        "hasNone",
        "showNoneItem",
        "noneText",
    }
    | {"showRefuseItem", "refuseText", "showDontKnowItem", "dontKnowText"}
)


def options(work: Work, raw: Any, where: str) -> list[str | Raw]:
    """Choices or columns: a list of values, or of groups with `value` and `text`."""
    found: list[str | Raw] = []
    taken: set[str] = set()
    for index, choice in enumerate(raw if isinstance(raw, list) else ()):
        place = f"{where}[{index}]"
        given = choice if isinstance(choice, dict) else {"value": choice}
        value = _value(work, given, place)
        if not value or value in taken or len(found) >= MAXIMUM_OPTIONS:
            work.skip(place, _("This choice has no value, or one that is given already."))
            continue
        taken.add(value)
        work.left_out(given, {"value", "text"}, place)
        found.append(_option(value, work.text(given.get("text"), place, limit=LINE, otherwise=value)))
    return found


def _value(work: Work, given: Raw, place: str) -> str:
    spoken = work.text(plain(given.get("value")) or given.get("text"), place, limit=LINE)
    bare = plain(given.get("value")).strip()
    if bare and len(bare) <= LINE and bare.isprintable():
        return bare
    return spoken if isinstance(spoken, str) else spoken[work.language]


def _option(value: str, label: Text, **more: bool) -> str | Raw:
    if label == value and not more:
        return value
    return {"value": value, **({} if label == value else {"label": label}), **more}


def _extras(work: Work, raw: Raw, where: str, *, is_several: bool) -> list[Raw]:
    """The choices that SurveyJS adds by a switch: other, none, refuse, don't know."""
    alone = {"exclusive": True} if is_several else {}
    switches: list[tuple[str, tuple[str, ...], str, str, Raw]] = [
        (OTHER, ("hasOther", "showOtherItem"), "otherText", _("Other (please say)"), {"asks_text": True}),
        (NONE, ("hasNone", "showNoneItem"), "noneText", _("None"), alone),
        (REFUSED, ("showRefuseItem",), "refuseText", _("I refuse to answer"), alone),
        (UNKNOWN, ("showDontKnowItem",), "dontKnowText", _("I do not know"), alone),
    ]
    return [
        {"value": value, "label": work.text(raw.get(text), where, limit=LINE, otherwise=label), **more}
        for value, names, text, label, more in switches
        if any(raw.get(name) is True for name in names)
    ]


def _choices(kind: str) -> Converter:
    def convert(work: Work, raw: Raw, where: str) -> Raw | None:
        given = options(work, raw.get("choices"), f"{where}.choices")
        extra = _extras(work, raw, where, is_several=kind == "multiple")
        values = {option if isinstance(option, str) else option["value"] for option in given}
        extra = [option for option in extra if option["value"] not in values]
        if not given:
            work.skip(where, _("A question without a list of choices cannot be asked here."))
            return None
        return {"type": kind, "options": given + extra, **_order(work, raw, extra, where)}

    return convert


def _order(work: Work, raw: Raw, extra: list[Raw], where: str) -> Raw:
    order = raw.get("choicesOrder", "none")
    if order == "random":
        last = [option["value"] for option in extra]
        return {"shuffle": True, **({"last": last} if last else {})}
    if order != "none":
        work.approximate(where, _("Its choices stay in the order of the file."))
    return {}


def _rating(work: Work, raw: Raw, where: str) -> Raw | None:
    given = raw.get("rateValues")
    found = options(work, given if isinstance(given, list) and given else _steps(raw), f"{where}.rateValues")
    if len(found) < 2:
        work.skip(where, _("A scale without at least two steps cannot be asked here."))
        return None
    ends = ((0, "minRateDescription"), (len(found) - 1, "maxRateDescription"))
    for place, name in ends:
        if raw.get(name):
            found[place] = _described(work, found[place], raw[name], f"{where}.{name}")
    return {"type": "single", "options": found}


def _steps(raw: Raw) -> list[int]:
    low, high, step = (_whole(raw.get(name), otherwise) for name, otherwise in _RATING.items())
    return list(range(low, high + 1, step))[:100] if step > 0 and high - low < 100 * step else []


_RATING = {"rateMin": 1, "rateMax": 5, "rateStep": 1}


def _whole(value: Any, otherwise: int) -> int:
    is_small = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 1_000_000
    return value if is_small else otherwise


def _described(work: Work, option: str | Raw, words: Any, where: str) -> Raw:
    """`1` at the end that means “not at all” becomes `1: not at all`."""
    value = option if isinstance(option, str) else option["value"]
    label = value if isinstance(option, str) else option.get("label", value)
    said = work.text(words, where, limit=LINE - 120)
    if isinstance(said, dict):
        return {"value": value, "label": {code: f"{value}: {text}" for code, text in said.items()}}
    return {"value": value, "label": f"{label}: {said}"[:LINE] if isinstance(label, str) else label}


def _boolean(work: Work, raw: Raw, where: str) -> Raw | None:
    yes, no = (plain(raw.get(name)) or value for name, value in _ANSWERS.items())
    given = [
        {"value": yes, "text": raw.get("labelTrue") or _("Yes")},
        {"value": no, "text": raw.get("labelFalse") or _("No")},
    ]
    found = options(work, given, where)
    return {"type": "single", "options": found} if len(found) == 2 else None


_ANSWERS = {"valueTrue": "true", "valueFalse": "false"}


def _text(work: Work, raw: Raw, where: str) -> Raw | None:
    kind = raw.get("inputType", "text")
    if kind in {"number", "range"}:
        return _number(raw)
    if kind != "text":
        message = _("Any text is accepted, also one that is no “%(kind)s”.")
        work.approximate(where, message % {"kind": plain(kind)[:40]})
    return {"type": "text", **_length(raw)}


def _number(raw: Raw) -> Raw:
    limits = {ours: raw.get(theirs) for theirs, ours in (("min", "minimum"), ("max", "maximum"))}
    numbers: dict[str, Any] = {name: limit for name, limit in limits.items() if _is_number(limit)}
    if len(numbers) == 2 and numbers["minimum"] > numbers["maximum"]:
        numbers = {}
    step: Any = raw.get("step")
    is_whole = _is_number(step) and float(step).is_integer()
    return {"type": "number", **numbers, **({} if is_whole else {"decimals": True})}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _long_text(work: Work, raw: Raw, where: str) -> Raw | None:
    return {"type": "long_text", **_length(raw)}


def _length(raw: Raw) -> Raw:
    limit = raw.get("maxLength")
    is_limit = isinstance(limit, int) and not isinstance(limit, bool) and 1 <= limit <= 100_000
    return {"max_length": limit} if is_limit else {}


def _matrix(work: Work, raw: Raw, where: str) -> Raw | None:
    columns = options(work, raw.get("columns"), f"{where}.columns")
    items = _rows(work, options(work, raw.get("rows"), f"{where}.rows"), where)
    if not columns or not items:
        work.skip(where, _("A matrix needs rows and columns here."))
        return None
    shuffle = {"shuffle": True} if raw.get("rowsOrder") == "random" else {}
    return {"type": "matrix", "items": items, "options": columns, **shuffle}


def _rows(work: Work, rows: list[str | Raw], where: str) -> list[Raw]:
    if len(rows) > MAXIMUM_ITEMS:
        work.skip(where, _("Only the first %(number)d rows came along.") % {"number": MAXIMUM_ITEMS})
    taken: set[str] = set()
    items = []
    for row in rows[:MAXIMUM_ITEMS]:
        value = row if isinstance(row, str) else row["value"]
        key = free_key(value, "row", taken)
        taken.add(key)
        items.append({"key": key, "label": value if isinstance(row, str) else row.get("label", value)})
    return items


def row_keys(rows: Any, items: Iterable[Raw]) -> dict[str, str]:
    """The item key of each matrix row by its SurveyJS value, for conditions that name it."""
    given = [plain(row.get("value") if isinstance(row, dict) else row).strip() for row in rows]
    unique = [value for value in dict.fromkeys(given) if value]
    keys = [item["key"] for item in items]
    return dict(zip(unique, keys, strict=False)) if len(unique) == len(keys) else {}


def _ranking(work: Work, raw: Raw, where: str) -> Raw | None:
    found = options(work, raw.get("choices"), f"{where}.choices")
    if len(found) < 2:
        work.skip(where, _("A ranking needs at least two choices."))
        return None
    return {"type": "ranking", "options": found, **_order(work, raw, [], where)}


def _words(work: Work, raw: Raw, where: str) -> Raw | None:
    if raw.get("type") == "expression":
        work.approximate(where, _("What it calculates is left out; its title is shown."))
    return {"type": "information"}


# Their type: our converter, and which properties it understands.
TYPES: dict[str, tuple[Converter, frozenset[str]]] = {
    "radiogroup": (_choices("single"), _CHOICE),
    "dropdown": (_choices("dropdown"), _CHOICE),
    "checkbox": (_choices("multiple"), _CHOICE),
    "tagbox": (_choices("multiple"), _CHOICE),
    "rating": (_rating, frozenset({*_RATING, "rateValues", "minRateDescription", "maxRateDescription"})),
    "boolean": (_boolean, frozenset({*_ANSWERS, "labelTrue", "labelFalse"})),
    "text": (_text, frozenset({"inputType", "min", "max", "step", "maxLength"})),
    "comment": (_long_text, frozenset({"maxLength"})),
    "matrix": (_matrix, frozenset({"columns", "rows", "rowsOrder", "isAllRowRequired", "eachRowRequired"})),
    "ranking": (_ranking, frozenset({"choices", "choicesOrder"})),
    "html": (_words, frozenset({"html"})),
    "expression": (_words, frozenset()),
}
