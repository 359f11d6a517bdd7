"""What a message is about, and the language it is written in, by rules of our own. Pure: text in, codes out.

Each word that a category knows counts once; most words win, and of equals the one that comes first. That is
a description to filter by, not a judgement: nothing is sent anywhere, and the same text gets the same code.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from prism.lib.language import identify

OTHER = "other"
KNOWN = frozenset({"en", "fr"})  # languages with words
LONGEST = 4000  # characters that are read
SHORTEST_STEM = 3
WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True)
class Words:
    version: str
    whole: dict[str, list[str]]
    stems: dict[str, list[str]]

    def categories(self, word: str) -> Iterator[str]:
        yield from self.whole.get(word, ())
        for length in range(SHORTEST_STEM, len(word) + 1):
            yield from self.stems.get(word[:length], ())


@cache
def words() -> Words:
    document: dict[str, Any] = yaml.safe_load(
        Path(__file__).with_name("words.yaml").read_text(encoding="utf-8")
    )
    whole: dict[str, list[str]] = {}
    stems: dict[str, list[str]] = {}
    for category, listed in document["categories"].items():
        for word in listed.split():
            kind = stems if word.endswith("*") else whole
            kind.setdefault(word.rstrip("*"), []).append(category)
    return Words(document["version"], whole, stems)


@dataclass(frozen=True)
class Reading:
    """Codes; blank is not known."""

    category: str
    written_in: str


def read(text: str) -> Reading:
    language = identify(text[:LONGEST]) or ""
    return Reading(category(text) or (OTHER if language in KNOWN else ""), language)


def category(text: str) -> str:
    """The category with the most words in a text; blank where none has any."""
    met: dict[str, dict[str, int]] = {}
    for place, word in enumerate(WORD.findall(plain(text[:LONGEST]))):
        for found in words().categories(word):
            met.setdefault(found, {}).setdefault(word, place)
    return max(met, key=lambda one: (len(met[one]), -min(met[one].values())), default="")


def plain(text: str) -> str:
    """Small letters without accents."""
    split = unicodedata.normalize("NFD", text.lower())
    return "".join(letter for letter in split if not unicodedata.combining(letter))
