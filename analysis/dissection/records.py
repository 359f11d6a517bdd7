"""Files of annotated pairs in the published record schema, as JSON lines or Parquet, read row by row."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from analysis.dissection.pairs import NONE, Pairs, Votes, votes_of
from analysis.dissection.properties import ALL, SCENARIOS, SUBSETS
from analysis.dissection.record_values import Pair, Row, Stances, UnusableRecord, read_pair

ROWS_AT_ONCE = 500
MOST_EXAMPLES = 20
# Texts that no figure needs: they are not even read from a file in columns.
UNREAD = ("query", "gpt-4-turbo_reference")


class UnusableRecords(Exception):
    """The file holds no annotated pairs; the text says why."""


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
    for number, row in _rows(path):
        told.rows = number
        try:
            key, pair = _keyed(number, row), read_pair(_object(row), stances, weight)
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


def _object(row: object) -> Row:
    if not isinstance(row, dict):
        raise UnusableRecord("no JSON object")
    return row


def _rows(path: Path) -> Iterator[tuple[int, object]]:
    """Rows with their numbers from 1; None for a line that is no JSON."""
    if path.suffix not in (".jsonl", ".parquet"):
        raise UnusableRecords("The file must end in .jsonl or .parquet.")
    try:
        rows = _parquet(path) if path.suffix == ".parquet" else _lines(path)
        yield from enumerate(rows, start=1)
    except UnicodeDecodeError as error:
        raise UnusableRecords(f"{path.name} is not in UTF-8.") from error
    except OSError as error:
        raise UnusableRecords(f"{path.name} cannot be read: {error.strerror or error}.") from error


def _lines(path: Path) -> Iterator[object]:
    with path.open(encoding="utf-8-sig") as file:
        for line in file:
            if line.strip():
                yield _json(line)


def _json(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    # Here, because it takes 40 MB that a process which serves pages never needs.
    import polars as pl

    try:
        table = pl.scan_parquet(path).drop(UNREAD, strict=False)
        many = table.select(pl.len()).collect().item()
        for start in range(0, many, ROWS_AT_ONCE):
            yield from table.slice(start, ROWS_AT_ONCE).collect().iter_rows(named=True)
    except pl.exceptions.PolarsError as error:
        raise UnusableRecords(f"{path.name} is no Parquet file that can be read.") from error


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
