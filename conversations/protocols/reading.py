"""Typed reading of a protocol's document, which names the place of whatever is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from surveys.questionnaires import Problem
from surveys.questionnaires.source import Tree


class ProtocolError(ValueError):
    """The text is no conversation protocol; the message says where and why, and so does each problem."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


@dataclass(frozen=True)
class Part:
    """A mapping of the document: gives typed values, and names the place of what is wrong."""

    tree: Tree
    path: tuple[str | int, ...]
    value: Any

    def wrong(self, reason: str, *keys: str | int) -> ProtocolError:
        return ProtocolError(self.tree.problem((*self.path, *keys), reason))

    def only(self, *known: str) -> "Part":
        """This part; refuses any key that is not known, which would be a typing error without effect."""
        for key in self.value:
            if key not in known:
                raise self.wrong(_("there is no such key here; known are %s") % ", ".join(known), key)
        return self

    def get(self, key: str | int, default: Any = None) -> Any:
        found = self.value.get(key, default)
        if found is None:
            raise self.wrong(_("is missing"), key)
        return found

    def part(self, key: str | int, default: dict[str, Any] | None = None) -> "Part":
        return self._inner(self.get(key, default), key)

    def parts(self, key: str) -> list["Part"]:
        found = self.get(key)
        if not isinstance(found, list):
            raise self.wrong(_("must be a list"), key)
        return [self._inner(entry, key, number) for number, entry in enumerate(found)]

    def _inner(self, found: Any, *keys: str | int) -> "Part":
        if not isinstance(found, dict):
            raise self.wrong(_("must be a part with keys of its own"), *keys)
        return Part(self.tree, (*self.path, *keys), found)

    def text(self, key: str | int, default: str | None = None, most: int = 10_000) -> str:
        text = self.get(key, default)
        if not isinstance(text, str):
            raise self.wrong(_("must be text; put it in quotes"), key)
        if len(text) > most or not (text.strip() or text == default):
            raise self.wrong(_("must have 1 to %s characters") % most, key)
        return text

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        number = self.get(key, default)
        if isinstance(number, bool) or not isinstance(number, int | float) or not low <= number <= high:
            raise self.wrong(_("must be a number from {low:g} to {high:g}").format(low=low, high=high), key)
        return number

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        number = self.get(key, default)
        if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
            raise self.wrong(_("must be a whole number from {low} to {high}").format(low=low, high=high), key)
        return number

    def one_of(self, key: str, words: tuple[str, ...], default: str | None = None) -> str:
        word = self.get(key, default)
        if word not in words:
            raise self.wrong(_("must be one of: %s") % ", ".join(words), key)
        return str(word)

    def flag(self, key: str, default: bool = False) -> bool:
        flag = self.get(key, default)
        if not isinstance(flag, bool):
            raise self.wrong(_("must be true or false"), key)
        return flag

    def labels(self, key: str | int, most: int = 200) -> Mapping[str, str]:
        """A text, as {"": text}, or one for each language: {en: …, fr: …}; `ballots.spoken` chooses."""
        if not isinstance(self.value.get(key), dict):
            return {"": self.text(key, most=most)}
        inner = self.part(key)
        if not inner.value:
            raise self.wrong(_("a text in at least one language is needed"), key)
        return {str(language): inner.text(language, most=most) for language in inner.value}

    def label_list(self, key: str, fewest: int, most: int) -> tuple[Mapping[str, str], ...]:
        """A list of such texts."""
        found = self.get(key)
        if not isinstance(found, list) or not fewest <= len(found) <= most:
            wanted = _("must be a list of {fewest} to {most} texts").format(fewest=fewest, most=most)
            raise self.wrong(wanted, key)
        entries = Part(self.tree, (*self.path, key), dict(enumerate(found)))
        return tuple(entries.labels(number) for number in entries.value)


def maximum_characters(part: Part) -> int:
    return part.whole("maximum_characters", 1, 100_000)
