"""The public rows as arrays, and what a choice of filters takes of them. Pure: a file in, arrays out."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.bradley_terry import LEFT, RIGHT, TIE, Bools, Floats, Integers
from analysis.leaderboard.choices import EXCLUDABLE, FILTERS, Choice, first_and_last
from analysis.leaderboard.public_rows import FEATURES, FLAGS
from analysis.leaderboard.votes import Votes
from conversations.models.imported import ALL, LIVE

OUTCOMES = {"a_better": LEFT, "b_better": RIGHT, "both_good": TIE, "both_bad": TIE, "equal": TIE}
LABELLED = ("model", "voter", "conversation", "choice", *FILTERS, "source")
MODELS = {"model_a": "model", "model_b": "model"}
CODED = (*MODELS, *LABELLED[1:])
NUMBERS = (
    *(f"{name}_{side}" for name in FEATURES for side in "ab"),
    *(f"{name}_ms_{side}" for name in ("first_text", "total") for side in "ab"),
)
# Why a vote is not counted, in this order: the first reason that holds is the one that is told.
REASONS = (
    "idk",
    "filtered",
    "not_blind",
    "leaked",
    "custom",
    "cached",
    "cut",
    "replaced",
    "flagged",
    "later",
)
AT_ONCE = 20_000
Column = npt.NDArray[Any]


@dataclass(frozen=True)
class Frame:
    """`codes`: for each labelled column numbers into `labels`; models A and B share their labels.

    `numbers`: counts of looks, and milliseconds, not a number where there are none.
    """

    labels: Mapping[str, list[str]]
    codes: Mapping[str, Integers]
    flags: Mapping[str, Bools]
    turn: Integers
    day: Integers
    numbers: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.turn)

    def equals(self, column: str, value: str) -> Bools:
        known = self.labels[column]
        found: Bools = self.codes[column] == (known.index(value) if value in known else -1)
        return found

    def values(self) -> dict[str, dict[str, int]]:
        """How often each value occurs in each column that can be filtered by, and in each month."""
        found = {name: _counted(self.labels[name], self.codes[name]) for name in (*FILTERS, "source")}
        days, n = np.unique(self.day, return_counts=True)
        months: dict[str, int] = {}
        for day, count in zip(days.tolist(), n.tolist(), strict=True):
            month = f"{date.fromordinal(day):%Y-%m}"
            months[month] = months.get(month, 0) + count
        return found | {"month": months}


def _counted(labels: Sequence[str], codes: Integers) -> dict[str, int]:
    n = np.bincount(codes, minlength=len(labels)).tolist()
    return {label: count for label, count in sorted(zip(labels, n, strict=True)) if label}


@dataclass(frozen=True)
class Selection:
    """The votes that count, as numbers of rows, and how many do not by their first reason."""

    rows: Integers
    left_out: Mapping[str, int]


def read(path: Path) -> Frame:
    """Raises OSError where the file is gone. Some thousand rows at a time are text, the rest numbers."""
    labels: dict[str, dict[str, int]] = {name: {} for name in LABELLED}
    parts: dict[str, list[Column]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        heading = next(rows)
        while block := list(islice(rows, AT_ONCE)):
            texts = dict(zip(heading, zip(*block, strict=True), strict=True))
            for name, column in _arrays(texts, labels):
                parts.setdefault(name, []).append(column)
    whole = {name: np.concatenate(found) for name, found in parts.items()}
    none: Column = np.zeros(0)
    return Frame(
        labels={name: list(known) for name, known in labels.items()},
        codes={name: whole.get(name, none).astype(np.int64) for name in CODED},
        flags={flag: whole.get(flag, none) == 1 for flag in FLAGS},
        turn=whole.get("turn", none).astype(np.int64),
        day=whole.get("day", none).astype(np.int64),
        numbers={name: whole.get(name, none).astype(np.float64) for name in NUMBERS},
    )


def _arrays(
    texts: Mapping[str, Sequence[str]], labels: Mapping[str, dict[str, int]]
) -> Iterator[tuple[str, Column]]:
    for name in CODED:
        known = labels[MODELS.get(name, name)]
        codes = [known.setdefault(text, len(known)) for text in texts[name]]
        yield name, np.array(codes, dtype=np.int32)
    for name in FLAGS:
        yield name, np.array([text == "1" for text in texts[name]], dtype=np.int8)
    for name in NUMBERS:
        # Few numbers are different ones: each text is read once.
        numbers = {text: float(text or "nan") for text in set(texts[name])}
        yield name, np.array([numbers[text] for text in texts[name]], dtype=np.float32)
    yield "turn", np.array(texts["turn"], dtype=np.int32)
    days = {text: date.fromisoformat(text).toordinal() for text in set(texts["day"])}
    yield "day", np.array([days[text] for text in texts["day"]], dtype=np.int32)


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
        "flagged": lambda: flags["flagged"],
    }
    kept = {*choice.including, *(reason for reason in EXCLUDABLE if reason not in choice.excluding)}
    left = np.ones(len(frame), dtype=bool)
    left_out = dict.fromkeys(REASONS, 0)
    for reason, test in tests.items():
        if reason not in kept:
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
    for column in FILTERS:
        if wanted := getattr(choice, column):
            out |= ~frame.equals(column, wanted)
    if choice.source != ALL:
        out |= ~frame.equals("source", choice.source or LIVE)
    if choice.period and len(frame):
        first, last = first_and_last(choice.period, int(frame.day.max()))
        out |= (frame.day < first) | (frame.day > last)
    return out


def votes_of(frame: Frame, rows: Integers) -> Votes:
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
    )
