"""Files of annotated pairs in the published record schema, as JSON lines or Parquet, read row by row."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from analysis.dissection.pairs import NONE, Pairs, Votes, votes_of
from analysis.dissection.properties import ALL, RUBRIC, SCENARIOS, SUBSETS
from analysis.dissection.record_values import Pair, pair_of
from annotations.imports.reading import Reader, Stances, UnusableRecord
from annotations.records import UnusableRecords, parsed, read_lines

MOST_EXAMPLES = 20


@dataclass
class Told:
    """What a reader of the figures must know about the file. `stances`: how their numbers were coded."""

    stances: Stances
    rows: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    flagged: int = 0
    flags: Counter[str] = field(default_factory=Counter)

    def skip(self, row: int, reason: str) -> None:
        self.skipped[reason] += 1
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(f"row {row}: {reason}")

    def flag(self, reasons: list[str]) -> None:
        self.flagged += bool(reasons)
        self.flags.update(reasons)


def read_records(path: Path, stances: Stances = "signed", weight: str | None = None) -> tuple[Pairs, Told]:
    """Raises UnusableRecords. A row that is no pair is skipped and counted; `weight` names a key of the rows.

    Pairs are known by their `id` or, without one, by the number of their row in the file.
    """
    told, found = Told(stances), dict[str, Pair]()
    reader = Reader(RUBRIC, stances)
    for number, row in _rows(path):
        told.rows = number
        try:
            key, pair = _keyed(number, row), pair_of(reader.read("", row), row, weight)
        except UnusableRecord as error:
            told.skip(number, str(error))
            continue
        if key in found:
            told.skip(number, "an id that an earlier row has")
            continue
        found[key] = pair
        told.flag(pair.flags)
    if not found:
        raise UnusableRecords(_why_nothing(path, told))
    return pairs_of(found), told


def _why_nothing(path: Path, told: Told) -> str:
    if not told.rows:
        return f"{path.name} has no rows."
    return "\n".join([f"No row of {path.name} is an annotated pair:", *told.examples[:5]])


def _keyed(number: int, row: object) -> str:
    found = row.get("id") if isinstance(row, dict) else None
    return str(number) if found is None else f"id {found}"


def _rows(path: Path) -> Iterator[tuple[int, object]]:
    for number, line in read_lines(path):
        yield number, parsed(line) if isinstance(line, bytes) else line


def pairs_of(found: dict[str, Pair]) -> Pairs:
    """Of at least one pair, by their keys."""
    values = np.array([pair.values for pair in found.values()])
    return Pairs(
        keys=tuple(found),
        a=values[:, 0],
        b=values[:, 1],
        applicable=np.array([pair.applicable for pair in found.values()]),
        groups=groups(list(found.values())),
        votes=_votes(list(found.values())),
        weights=np.array([pair.weight for pair in found.values()]),
    )


def groups(pairs: list[Pair]) -> dict[str, np.typing.NDArray[np.bool_]]:
    """The published scenarios first, then others of the file, the subsets that overlap them, all pairs."""
    there = {pair.scenario for pair in pairs} - {"", ALL, *SUBSETS}
    names = [*(name for name in SCENARIOS if name in there), *sorted(there.difference(SCENARIOS))]
    found = {name: np.array([pair.scenario == name for pair in pairs]) for name in names}
    for name, slug in SUBSETS.items():
        found[name] = np.array([pair.facts[slug] for pair in pairs])
    return found | {ALL: np.ones(len(pairs), dtype=bool)}


def _votes(pairs: list[Pair]) -> dict[str, Votes]:
    judges = dict.fromkeys(judge for pair in pairs for judge in pair.verdicts)
    return {
        judge: votes_of(np.array([pair.verdicts.get(judge, NONE) for pair in pairs], dtype=np.int8))
        for judge in judges
    }
