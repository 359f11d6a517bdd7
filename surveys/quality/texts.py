"""Free texts that are the same: hashed word sequences, an index over them, and no comparison of all pairs."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import blake2b
from heapq import nsmallest
from itertools import islice

SHINGLE = 3
SKETCH = 32
# A sequence that stands in more texts than this is a common phrase and makes no candidates.
COMMON = 25
NAMED = 3
Near = tuple[float, tuple[str, ...]]
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Text:
    """A free text of a person (`owner`) in answer to a question."""

    owner: int
    question: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Match:
    """A text that `count` other people's resemble; `others` are the nearest, `share` that of the first."""

    text: Text
    others: tuple[int, ...]
    count: int
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


def contained(words: Sequence[str], page: AbstractSet[int]) -> float:
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
        owners = _owners([(1.0, words), *sorted(near.get(words, []), reverse=True)], groups)
        found += [match for text in members if (match := _match(text, owners))]
    return found


def _owners(related: list[Near], groups: Mapping[tuple[str, ...], list[Text]]) -> dict[int, float]:
    """Who wrote one of the related texts, nearest first, and how near."""
    owners: dict[int, float] = {}
    for part, words in related:
        for text in groups[words]:
            owners.setdefault(text.owner, part)
    return owners


def _match(text: Text, owners: Mapping[int, float]) -> Match | None:
    """All of a group share `owners`, so that a thousand equal texts make no million pairs."""
    others = [owner for owner in islice(owners, NAMED + 1) if owner != text.owner][:NAMED]
    return Match(text, tuple(others), len(owners) - 1, owners[others[0]]) if others else None


def _near(texts: list[tuple[str, ...]], share: float) -> dict[tuple[str, ...], list[Near]]:
    """For each distinct text the others that resemble it, with their resemblance."""
    sketches = [sketch(words) for words in texts]
    near: dict[tuple[str, ...], list[Near]] = defaultdict(list)
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
