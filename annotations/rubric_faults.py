"""What is wrong with a rubric although it has the right shape. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _

from surveys.questionnaires.schema import Fault
from surveys.questionnaires.source import Path

SCALED = frozenset({"scale", "category", "item_scale", "item_category"})
PER_ITEM = frozenset({"item_scale", "item_category"})
# What belongs to some kinds alone; elsewhere it would be without effect.
OWN = {
    "scale": SCALED,
    "usual": frozenset({"scale", "category"}),
    "of": frozenset({"scale", "category"}),
    "mirrored": frozenset({"scale"}),
    "items": PER_ITEM,
    "severity": frozenset({"errors"}),
    "counter": frozenset({"computed"}),
}
NEEDED = ("scale", "items", "severity", "counter")


def sense_faults(raw: dict[str, Any]) -> Iterator[Fault]:
    yield from _order_faults(raw["properties"])
    yield from _name_faults(raw)
    yield from _scale_faults(raw.get("scales", {}))
    yield from _repeated([group["key"] for group in raw.get("groups", ())], ("groups",), "key")
    for index, given in enumerate(raw["properties"]):
        yield from _property_faults(raw, given, ("properties", index))
    yield from _error_faults(raw)


def _order_faults(properties: Sequence[dict[str, Any]]) -> Iterator[Fault]:
    for index, given in enumerate(properties):
        if given["id"] != index:
            message = _("should be %(id)s: ids count from 0 in the order of the list, without a gap.")
            yield ("properties", index, "id"), message % {"id": index}


def _name_faults(raw: dict[str, Any]) -> Iterator[Fault]:
    """No name may mean two fields, for files are read by them."""
    owner: dict[str, str] = {}
    for part in ("properties", "facts"):
        for index, given in enumerate(raw.get(part, ())):
            for path, name in _names(given):
                if owner.setdefault(plain(name), given["slug"]) != given["slug"]:
                    message = _("“%(name)s” is already a name of “%(slug)s”.")
                    shown = {"name": name, "slug": owner[plain(name)]}
                    yield (part, index, *path), message % shown
    for part in ("properties", "facts"):
        yield from _repeated([given["slug"] for given in raw.get(part, ())], (part,), "slug")


def _names(given: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    yield ("slug",), given["slug"]
    if "key" in given:
        yield ("key",), given["key"]
    for number, alias in enumerate(given.get("aliases", ())):
        yield ("aliases", number), alias


def plain(name: str) -> str:
    """A name as names are compared: files differ in capitals and in blanks."""
    return " ".join(name.casefold().split())


def _repeated(values: Sequence[Any], path: Path, *rest: str) -> Iterator[Fault]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield (*path, index, *rest), _("“%(value)s” is given twice.") % {"value": value}


def _scale_faults(scales: dict[str, Any]) -> Iterator[Fault]:
    for key, scale in scales.items():
        path = ("scales", key, "levels")
        yield from _repeated([level["value"] for level in scale["levels"]], path, "value")
        yield from _repeated([plain(level["label"]) for level in scale["levels"]], path, "label")


def _property_faults(raw: dict[str, Any], given: dict[str, Any], path: Path) -> Iterator[Fault]:
    kind = given["kind"]
    for name, kinds in OWN.items():
        if name in given and kind not in kinds:
            yield (*path, name), _("does not belong to a property of kind %(kind)s.") % {"kind": kind}
        elif name in NEEDED and kind in kinds and name not in given:
            message = _("“%(name)s” is missing: a property of kind %(kind)s needs it.")
            yield path, message % {"name": name, "kind": kind}
    yield from _reference_faults(raw, given, path)
    yield from _value_faults(raw, given, path)


def _reference_faults(raw: dict[str, Any], given: dict[str, Any], path: Path) -> Iterator[Fault]:
    facts = {fact["slug"]: fact["kind"] for fact in raw.get("facts", ())}
    groups = [group["key"] for group in raw.get("groups", ())]
    if "scale" in given and given["scale"] not in raw.get("scales", {}):
        yield (*path, "scale"), _("There is no scale “%(name)s”.") % {"name": given["scale"]}
    if "group" in given and given["group"] not in groups:
        yield (*path, "group"), _("There is no group “%(name)s”.") % {"name": given["group"]}
    if "if" in given and given["if"]["fact"] not in facts:
        yield (*path, "if", "fact"), _("There is no fact “%(name)s”.") % {"name": given["if"]["fact"]}
    if "items" in given and facts.get(given["items"]) != "list":
        yield (*path, "items"), _("There is no list “%(name)s” among the facts.") % {"name": given["items"]}


def _value_faults(raw: dict[str, Any], given: dict[str, Any], path: Path) -> Iterator[Fault]:
    scale = raw.get("scales", {}).get(given.get("scale"), {})
    values = [level["value"] for level in scale.get("levels", ())]
    if values and "usual" in given and given["usual"] not in values:
        yield (*path, "usual"), _("%(value)s is no value of the scale.") % {"value": given["usual"]}
    if given.get("mirrored") and sorted(values) != sorted(-value for value in values):
        yield (*path, "mirrored"), _("Every value of the scale needs its opposite, such as -2 for 2.")
    if given.get("mirrored") and given.get("of") != "pair":
        yield (*path, "mirrored"), _("belongs to what is asked once of a pair.")
    if given.get("of") == "pair" and "pair" not in raw.get("suits", ["pair"]):
        yield (*path, "of"), _("is asked of a pair, but the rubric does not suit pairs.")


def _error_faults(raw: dict[str, Any]) -> Iterator[Fault]:
    counting = [index for index, given in enumerate(raw["properties"]) if given["kind"] == "errors"]
    if counting and "errors" not in raw:
        message = _("counts errors, but the list “errors” with their types is missing.")
        yield ("properties", counting[0]), message
    if "errors" in raw and not counting:
        yield ("errors",), _("No property of kind errors counts them.")
    severities = [raw["properties"][index].get("severity") for index in counting]
    for place, index in enumerate(counting):
        if severities[place] in severities[:place]:
            yield ("properties", index, "severity"), _("is counted by another property already.")
    if "errors" in raw:
        slugs = [kind["slug"] for kind in raw["errors"]["types"]]
        yield from _repeated(slugs, ("errors", "types"), "slug")
