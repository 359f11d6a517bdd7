"""The groups of scenarios: a list that is shipped, and that a study may change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import gettext as _

SHIPPED = Path(__file__).with_name("groups.yaml")
LONGEST = 20_000
LONGEST_GROUP, LONGEST_CLASS = 40, 80  # as a task stores them


class GroupsError(ValueError):
    """A text is no list of groups; the message says what is wrong."""


@dataclass(frozen=True)
class Groups:
    """`classes` by group, in the order of the text. A query with one of `unsafe_tags` is in `unsafe`."""

    classes: Mapping[str, tuple[str, ...]]
    unsafe: str
    unsafe_tags: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.classes)

    @cached_property
    def _by_class(self) -> dict[str, str]:
        return {found: group for group, classes in self.classes.items() for found in classes}

    def group_of(self, scenario: str) -> str:
        """The group of a class; blank for one that the list does not have."""
        return self._by_class.get(scenario, "")

    def is_unsafe(self, tags: Iterable[object]) -> bool:
        return any(str(tag).strip().lower() in self.unsafe_tags for tag in tags)


@cache
def shipped_text() -> str:
    return SHIPPED.read_text(encoding="utf-8")


@lru_cache(maxsize=64)
def parse(text: str) -> Groups:
    """Raises GroupsError."""
    raw = _mapping(_plain(text), _("the text"))
    unsafe = _mapping(raw.get("unsafe"), "unsafe")
    classes = {
        _name(group, LONGEST_GROUP): tuple(_name(one, LONGEST_CLASS) for one in _words(found, str(group)))
        for group, found in _mapping(raw.get("groups"), "groups").items()
    }
    group = _name(unsafe.get("group"), LONGEST_GROUP)
    if group not in classes:
        raise GroupsError(_("The group of unsafe queries, “%s”, is none of the groups.") % group)
    _refuse_twice([one for found in classes.values() for one in found])
    tags = (_name(tag, LONGEST_CLASS).lower() for tag in _words(unsafe.get("tags"), "unsafe: tags"))
    return Groups(classes, group, frozenset(tags))


def _plain(text: str) -> Any:
    if len(text) > LONGEST:
        raise GroupsError(_("The text is longer than %d characters.") % LONGEST)
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = _(" The trouble is near line %d.") % (mark.line + 1) if mark else ""
        raise GroupsError(_("The text is no YAML.") + line) from error


def _mapping(found: Any, where: str) -> dict[Any, Any]:
    if not isinstance(found, dict) or not found:
        raise GroupsError(_("“%s” should hold names, each with a colon and what belongs to it.") % where)
    return found


def _words(found: Any, where: str) -> list[Any]:
    if not isinstance(found, list | None):
        raise GroupsError(_("“%s” should be a list, such as [one, another].") % where)
    return found or []


def _name(found: Any, longest: int) -> str:
    name = found.strip() if isinstance(found, str) else ""
    if not name or len(name) > longest:
        raise GroupsError(
            _("“%(found)s” is no name: it should be text of 1 to %(longest)d characters.")
            % {"found": str(found)[:60], "longest": longest}
        )
    return name


def _refuse_twice(classes: list[str]) -> None:
    twice = next((one for one in classes if classes.count(one) > 1), None)
    if twice:
        raise GroupsError(_("“%s” stands in two places: a class belongs to one group.") % twice)
