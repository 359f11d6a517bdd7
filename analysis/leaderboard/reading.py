"""Votes from a CSV file of anybody's, read row by row, with every fault told by its line."""

import csv
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np

from analysis.bradley_terry import LEFT, RIGHT, TIE, Integers
from analysis.leaderboard.votes import Votes

OUTCOMES = {"left": LEFT, "right": RIGHT, "tie": TIE}
MOST_FAULTS = 5
MOST_MODELS = 3000  # the matrices have a cell for each pair


class UnusableVotes(Exception):
    """The file cannot be ranked; the text says why, line by line."""


@dataclass(frozen=True)
class Columns:
    """What the columns of the file are called. Without `voter` every vote counts as its own person."""

    left: str = "left"
    right: str = "right"
    winner: str = "winner"
    voter: str | None = None

    def places(self, header: list[str]) -> list[int]:
        """Where the columns stand. Raises UnusableVotes naming the missing ones and those there are."""
        wanted = [self.left, self.right, self.winner, *([self.voter] if self.voter else [])]
        missing = [name for name in wanted if name not in header]
        if missing:
            raise UnusableVotes(
                f"The file has no column {_listed(missing)}. Its columns are {_listed(header)}. "
                "--left-column, --right-column, --winner-column and --voter-column name others."
            )
        return [header.index(name) for name in wanted]


@dataclass
class _Collected:
    names: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    left: "array[int]" = field(default_factory=lambda: array("q"))
    right: "array[int]" = field(default_factory=lambda: array("q"))
    outcome: "array[int]" = field(default_factory=lambda: array("b"))
    voter: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, fields: list[str]) -> str | None:
        """Take one vote; the fault when it is none."""
        left, right, winner = (value.strip() for value in fields[:3])
        outcome = OUTCOMES.get(winner.lower())
        if not left or not right:
            return "a model has no name"
        if left == right:
            return f"“{left}” stands on both sides"
        if outcome is None:
            return f"the winner is “{winner}”, not left, right or tie"
        self.left.append(self.names.setdefault(left, len(self.names)))
        self.right.append(self.names.setdefault(right, len(self.names)))
        self.outcome.append(outcome)
        for value in fields[3:]:
            person = value.strip()
            unknown = -len(self.left)
            self.voter.append(self.people.setdefault(person, len(self.people)) if person else unknown)
        return None

    def votes(self) -> Votes:
        """In the order of names, so that the order of the file changes nothing."""
        names = sorted(self.names)
        place = np.empty(len(names), dtype=np.int64)
        place[[self.names[name] for name in names]] = np.arange(len(names))
        return Votes(
            names,
            place[_numbers(self.left)],
            place[_numbers(self.right)],
            np.frombuffer(self.outcome, dtype=np.int8),
            _numbers(self.voter) if self.voter else None,
        )


def read_votes(path: Path, columns: Columns) -> Votes:
    """Raises UnusableVotes when the file cannot be read or any row of it is no vote."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _votes_of(file, columns)
    except UnicodeDecodeError as error:
        raise UnusableVotes("The file is not in UTF-8. Save it as CSV in UTF-8 and try again.") from error
    except OSError as error:
        raise UnusableVotes(f"The file cannot be read: {error.strerror}.") from error


def _votes_of(file: TextIO, columns: Columns) -> Votes:
    reader = csv.reader(file, strict=True)
    lines = _lines(reader)
    header = [name.strip() for name in next(lines, (0, []))[1]]
    if not header:
        raise UnusableVotes("The file is empty.")
    places = columns.places(header)
    collected, faults = _Collected(), list[str]()
    for line, found in lines:
        if len(found) <= max(places):
            fault: str | None = f"{len(found)} fields, where {len(header)} were expected"
        else:
            fault = collected.add([found[place] for place in places])
        if fault:
            faults.append(f"line {line}: {fault}")
            if len(faults) == MOST_FAULTS:
                break
    return _checked(collected, faults)


def _checked(collected: _Collected, faults: list[str]) -> Votes:
    if faults:
        more = "\nThere may be more." if len(faults) == MOST_FAULTS else ""
        raise UnusableVotes("These lines are no votes:\n" + "\n".join(faults) + more)
    if not collected.left:
        raise UnusableVotes("The file has no votes under its heading.")
    if len(collected.names) > MOST_MODELS:
        raise UnusableVotes(
            f"The file names {len(collected.names)} models; at most {MOST_MODELS} can be ranked."
        )
    return collected.votes()


def _lines(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the number of its last line."""
    while True:
        try:
            found = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnusableVotes(f"line {_line(reader)}: this is no CSV ({error}).") from error
        if found:
            yield _line(reader), found


def _line(reader: Iterator[list[str]]) -> int:
    return int(getattr(reader, "line_num", 0))


def _numbers(values: "array[int]") -> Integers:
    return np.frombuffer(values, dtype=np.int64)


def _listed(names: list[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)
