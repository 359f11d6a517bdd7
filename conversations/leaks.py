"""Where an answer says who wrote it. Pure: text and names in, spans and rules out.

Only answers are scanned, never what the person wrote, and only whole words: names such as Bard or Palm would
otherwise be found in ordinary words. What is found is a flag to filter by, not a proof.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from conversations import arabic

SHORTEST = 3  # characters of a name that is looked for
_MAKER = r"(?:[A-ZÀ-Þ][\w.’'-]*)"
_FIRST_PERSON = re.compile(
    r"\b(?:I am|I['’]m|my name is|je suis|je m['’]appelle|mon nom est)\s+"
    rf"(?:called\s+|named\s+)?(?-i:{_MAKER})"
    r"|\b(?:I (?:am|was)|I['’](?:m|ve been)|as an? (?:AI|language)|je suis|j['’]ai été|en tant que)\b"
    r"[^.!?\n]{0,80}?"
    r"\b(?:trained|developed|created|made|built|designed|entraînée?|développée?|créée?|conçue?)\s+(?:by|par)\s+"
    rf"(?-i:{_MAKER})",
    re.IGNORECASE,
)


@dataclass(frozen=True, order=True)
class Leak:
    """Characters `start` to `end` of an answer, and the rule by which they tell: a name or first person."""

    start: int
    end: int
    rule: str


def leaks(text: str, names: Mapping[str, str]) -> list[Leak]:
    """`names` of the answer's own model by rule, for example {"name": "aurora-7b", "maker": "Zyxware"}."""
    phrases = chain(_FIRST_PERSON.finditer(text), arabic.first_person(text))
    found = [Leak(*match.span(), "first person") for match in phrases]
    for rule, name in names.items():
        if len(name) >= SHORTEST:
            found += [Leak(*match.span(), rule) for match in _word(name).finditer(text)]
    return sorted(set(found))


def _word(name: str) -> re.Pattern[str]:
    """A name with a figure or a hyphen is itself however it is written; a bare word must be capitalised.

    Arabic joins “and” or “by” to the name that follows, so letters of its script may stand before it.
    """
    spaced = re.escape(name).replace(r"\-", r"[-\s]").replace(r"\ ", r"[-\s]")
    bare = name.isalpha()
    written = re.escape(name[0].upper() + name[1:]) if bare else spaced
    return re.compile(rf"(?<![^\W\u0600-\u06ff])(?<!-){written}(?!\w)", 0 if bare else re.IGNORECASE)
