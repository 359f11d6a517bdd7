"""Free texts that are the same: hashed word sequences, an index over them, and no comparison of all pairs."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from heapq import nsmallest

SHINGLE = 3
SKETCH = 32
# A sequence that stands in more texts than this is a common phrase and makes no candidates.
COMMON = 25
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Text:
    """A free text of a person (`owner`) in answer to a question."""

    owner: int
    question: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Match:
    """What `text` has in common with texts of `others`, nearest first; `share` is that of the nearest."""

    text: Text
    others: tuple[int, ...]
    share: float


def words_of(text: str) -> tuple[str, ...]:
    """The words without case, accents of form, punctuation and spacing."""
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def shingles(words: Sequence[str]) -> set[int]:
    """Hashes of every three words in a row; a shorter text is one shingle."""
    runs = range(max(1, len(words) - SHINGLE + 1)) if words else ()
    return {_hash(" ".join(words[at : at + SHINGLE])) for at in runs}


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


def sketch(words: Sequence[str]) -> frozenset[int]:
    """The smallest hashes of a text: a random sample of its shingles, the same sample for the same text."""
    return frozenset(nsmallest(SKETCH, shingles(words)))


def resemblance(one: frozenset[int], other: frozenset[int]) -> float:
    """The estimated share of shingles that two texts have in common, exact for texts of up to 34 words.

    Broder (1997), On the resemblance and containment of documents: of the smallest hashes of the union, those
    in both sketches.
    """
    union = nsmallest(SKETCH, one | other)
    return sum(value in one and value in other for value in union) / len(union) if union else 0.0


def contained(words: Sequence[str], page: set[int]) -> float:
    """The share of a text's shingles that stand on the page."""
    own = shingles(words)
    return len(own & page) / len(own) if own else 0.0


def matches(texts: Iterable[Text], share: float) -> list[Match]:
    """Every text that another person's resembles by `share` or more.

    The same words are found by their digest; what differs a little by the index. The work grows with the
    number of texts, not with its square: a shingle makes at most COMMON² / 2 pairs.
    """
    groups: dict[tuple[str, ...], list[Text]] = defaultdict(list)
    for text in texts:
        groups[text.words].append(text)
    near = _near([*groups], share)
    found = []
    for words, members in groups.items():
        related = [(1.0, words), *sorted(near.get(words, []), reverse=True)]
        for text in members:
            found += _match(text, [(part, other) for part, key in related for other in groups[key]])
    return found


def _match(text: Text, related: list[tuple[float, Text]]) -> list[Match]:
    nearest: dict[int, float] = {}
    for part, other in related:
        if other.owner != text.owner:
            nearest.setdefault(other.owner, part)
    return [Match(text, tuple(nearest), max(nearest.values()))] if nearest else []


def _near(
    texts: list[tuple[str, ...]], share: float
) -> dict[tuple[str, ...], list[tuple[float, tuple[str, ...]]]]:
    """For each distinct text the others that resemble it, with their resemblance."""
    sketches = [sketch(words) for words in texts]
    near: dict[tuple[str, ...], list[tuple[float, tuple[str, ...]]]] = defaultdict(list)
    for one, other in candidates(sketches):
        part = resemblance(sketches[one], sketches[other])
        if part >= share:
            near[texts[one]].append((part, texts[other]))
            near[texts[other]].append((part, texts[one]))
    return near


def candidates(sketches: Sequence[frozenset[int]]) -> set[tuple[int, int]]:
    """Pairs of positions whose sketches share a hash that is not in too many of them."""
    index: dict[int, list[int]] = defaultdict(list)
    for at, hashes in enumerate(sketches):
        for value in hashes:
            index[value].append(at)
    return {
        (one, other)
        for places in index.values()
        if 1 < len(places) <= COMMON
        for i, one in enumerate(places)
        for other in places[i + 1 :]
    }
