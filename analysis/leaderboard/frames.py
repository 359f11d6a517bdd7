"""The public rows as arrays, and what a choice of filters takes of them. Pure: a file in, arrays out."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from analysis.bradley_terry import LEFT, RIGHT, TIE, Bools, Floats, Integers
from analysis.leaderboard.choices import Choice
from analysis.leaderboard.public_rows import FEATURES, FLAGS
from analysis.leaderboard.votes import Votes

OUTCOMES = {"a_better": LEFT, "b_better": RIGHT, "both_good": TIE, "both_bad": TIE}
LABELLED = ("model", "voter", "conversation", "choice", "mode", "language", "topic")
# Why a vote is not counted, in this order: the first reason that holds is the one that is told.
REASONS = ("idk", "filtered", "not_blind", "leaked", "custom", "cached", "cut", "replaced", "later")


@dataclass(frozen=True)
class Frame:
    """`codes`: for each labelled column numbers into `labels`; models A and B share their labels."""

    labels: Mapping[str, list[str]]
    codes: Mapping[str, Integers]
    flags: Mapping[str, Bools]
    turn: Integers
    day: Integers
    style: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.turn)

    def values(self, column: str) -> list[str]:
        """The values that occur in a column, in order; an empty one is not among them."""
        return sorted(filter(None, self.labels[column]))

    def equals(self, column: str, value: str) -> Bools:
        known = self.labels[column]
        found: Bools = self.codes[column] == (known.index(value) if value in known else -1)
        return found


@dataclass(frozen=True)
class Selection:
    """The votes that count, as numbers of rows, and how many do not by their first reason."""

    rows: Integers
    left_out: Mapping[str, int]


def read(path: Path) -> Frame:
    """Raises OSError where the file is gone."""
    labels: dict[str, dict[str, int]] = {name: {} for name in LABELLED}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        place = {name: number for number, name in enumerate(next(rows))}
        columns: list[list[Any]] = [[] for _ in place]
        for row in rows:
            for column, value in zip(columns, row, strict=True):
                column.append(value)

    def codes(label: str, column: str) -> Integers:
        known = labels[label]
        return np.array(
            [known.setdefault(value, len(known)) for value in columns[place[column]]], dtype=np.int64
        )

    def numbers(column: str) -> Floats:
        return np.array(columns[place[column]], dtype=np.float64)

    coded = {"model_a": codes("model", "model_a"), "model_b": codes("model", "model_b")}
    coded |= {name: codes(name, name) for name in LABELLED[1:]}
    return Frame(
        labels={name: list(known) for name, known in labels.items()},
        codes=coded,
        flags={flag: numbers(flag) == 1 for flag in FLAGS},
        turn=numbers("turn").astype(np.int64),
        day=_days(columns[place["day"]]),
        style={f"{name}_{side}": numbers(f"{name}_{side}") for name in FEATURES for side in "ab"},
    )


def _days(texts: list[str]) -> Integers:
    known = {text: date.fromisoformat(text).toordinal() for text in set(texts)}
    return np.array([known[text] for text in texts], dtype=np.int64)


def select(frame: Frame, choice: Choice) -> Selection:
    """Which votes count. Of each conversation the first that is left, unless all turns are asked for."""
    flags = frame.flags
    tests: dict[str, Callable[[], Bools]] = {
        "idk": lambda: frame.equals("choice", "idk"),
        "filtered": lambda: _filtered(frame, choice),
        "not_blind": lambda: ~flags["blind"],
        "leaked": lambda: flags["leaked_a"] | flags["leaked_b"],
        "custom": lambda: flags["custom"],
        "cached": lambda: flags["cached"],
        "cut": lambda: flags["failed_a"] | flags["failed_b"],
        "replaced": lambda: flags["replaced_a"] | flags["replaced_b"],
    }
    left = np.ones(len(frame), dtype=bool)
    left_out = dict.fromkeys(REASONS, 0)
    for reason, test in tests.items():
        if reason not in choice.including:
            out = left & test()
            left_out[reason], left = int(out.sum()), left & ~out
    rows = np.flatnonzero(left)
    if choice.turns == "first":
        order = rows[np.lexsort((frame.turn[rows], frame.codes["conversation"][rows]))]
        first = np.unique(frame.codes["conversation"][order], return_index=True)[1]
        left_out["later"], rows = len(rows) - len(first), np.sort(order[first])
    return Selection(rows, left_out)


def _filtered(frame: Frame, choice: Choice) -> Bools:
    out = np.zeros(len(frame), dtype=bool)
    for column in ("language", "topic", "mode"):
        if wanted := getattr(choice, column):
            out |= ~frame.equals(column, wanted)
    if choice.days and len(frame):
        out |= frame.day <= frame.day.max() - choice.days
    return out


def votes_of(frame: Frame, rows: Integers, style: Floats | None = None) -> Votes:
    """The chosen rows as votes between the models that occur in them."""
    sides = np.stack([frame.codes["model_a"][rows], frame.codes["model_b"][rows]])
    met, numbers = np.unique(sides, return_inverse=True)
    names = [frame.labels["model"][number] for number in met]
    place = np.empty(len(names), dtype=np.int64)
    order = sorted(range(len(names)), key=names.__getitem__)
    place[order] = np.arange(len(names))
    left, right = place[numbers.reshape(sides.shape)]
    outcome = np.array([OUTCOMES.get(label, TIE) for label in frame.labels["choice"]], dtype=np.int8)
    return Votes(
        [names[number] for number in order],
        left,
        right,
        outcome[frame.codes["choice"][rows]],
        frame.codes["voter"][rows],
        style,
    )
