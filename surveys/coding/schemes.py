"""Coding schemes: shipped as files, stored as versions, so that every code says by which it was given."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.db import IntegrityError, transaction

from surveys.models import CodingScheme
from surveys.models.study import sha256

HERE = Path(__file__).parent
KEYS = ("ethnicity", "religion", "gender")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Category:
    """`simplified` is the coarser category of the release; `words` suggest the category."""

    value: str
    simplified: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Scheme:
    """What a scheme's file says. `several` is suggested for a text with words of several categories."""

    key: str
    title: str
    question: str
    categories: tuple[Category, ...]
    several: str
    prompt: str

    @property
    def text_key(self) -> str:
        """The answer that holds the people's own words."""
        return f"{self.question}_text"

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(category.value for category in self.categories)

    def simplified(self, value: str) -> str:
        return next(category.simplified for category in self.categories if category.value == value)


def shipped(key: str) -> str:
    """The text of a scheme's file. Raises FileNotFoundError for a key that is none of KEYS."""
    if key not in KEYS:
        raise FileNotFoundError(key)
    return (HERE / f"{key}.yaml").read_text(encoding="utf-8")


@lru_cache(maxsize=32)
def parsed(document: str) -> Scheme:
    raw = yaml.safe_load(document)
    return Scheme(
        key=raw["key"],
        title=raw["title"],
        question=raw["question"],
        categories=tuple(_category(category) for category in raw["categories"]),
        several=raw.get("several", ""),
        prompt=raw["prompt"],
    )


def simplified(key: str, value: str) -> str:
    """The coarser category of the release for a category of a shipped scheme."""
    return parsed(shipped(key)).simplified(value)


def _category(raw: dict[str, Any]) -> Category:
    words = tuple(plain(word) for word in raw.get("words", ()))
    return Category(raw["value"], raw.get("simplified", raw["value"]), words)


def current(key: str) -> CodingScheme:
    """The version that holds exactly the shipped text, made as the next one if it is new."""
    document = shipped(key)
    digest = sha256(document)
    known = CodingScheme.objects.filter(key=key, sha256=digest)
    return known.first() or _stored(key, document, digest) or known.get()


def _stored(key: str, document: str, digest: str) -> CodingScheme | None:
    """None where another process stored it at this moment."""
    latest = CodingScheme.objects.filter(key=key).order_by("-version").first()
    version = latest.version + 1 if latest else 1
    try:
        with transaction.atomic():
            return CodingScheme.objects.create(key=key, version=version, document=document, sha256=digest)
    except IntegrityError:
        return None


def plain(text: str) -> str:
    """Words in lower case without accents, one space between them: `Métis(se)` is `metis se`."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(_WORD.findall("".join(mark for mark in bare if not unicodedata.combining(mark))))


def suggestion(scheme: Scheme, text: str) -> str:
    """The category that the text's words suggest; "" where none does, or several do and no rule covers that.

    Longer phrases go first and use their words up, so that `native american` says nothing of Americans.
    """
    rest = f" {plain(text)} "
    phrases = sorted(_phrases(scheme), key=lambda pair: -len(pair[0]))
    found = set()
    for words, value in phrases:
        if words and f" {words} " in rest:
            found.add(value)
            rest = rest.replace(f" {words} ", " | ")
    return _decided(scheme, found)


def _phrases(scheme: Scheme) -> Sequence[tuple[str, str]]:
    return [(words, category.value) for category in scheme.categories for words in category.words]


def _decided(scheme: Scheme, found: set[str]) -> str:
    if len(found) == 1:
        return found.pop()
    return scheme.several if found else ""
