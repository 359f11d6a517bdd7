"""Fitted weights as they were published: a file for each group, a line for each judge."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.dissection.degrees import Floats, degrees, mean_degrees
from analysis.dissection.properties import ALL, SLUGS, SUBSETS, judge_named

_NAME = re.compile(r"model_(.+)_fitted_paras\.jsonl")


class UnusableWeights(Exception):
    """The files are no fitted weights; the text says where and why."""


@dataclass(frozen=True)
class Weights:
    """`alpha` is judges × groups × 29, on the scale of the logit; NaN where a judge was not fitted."""

    judges: tuple[str, ...]
    groups: tuple[str, ...]
    alpha: Floats

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The groups that partition the pairs; subsets overlap them and are no part of any mean."""
        return tuple(group for group in self.groups if is_scenario(group))

    def of(self, groups: Sequence[str]) -> Floats:
        """Judges × these groups × 29."""
        return self.alpha[:, [self.groups.index(group) for group in groups]]

    def probabilities(self) -> Floats:
        """Per cent, judges × groups × 29."""
        return degrees(self.alpha)

    def means(self) -> Floats:
        """Mean of the probabilities over the scenarios, judges × 29; NaN for a judge who lacks one."""
        if not self.scenarios:
            return np.full((len(self.judges), len(SLUGS)), np.nan)
        return mean_degrees(self.of(self.scenarios).transpose(1, 0, 2))


def is_scenario(group: str) -> bool:
    return group != ALL and group not in SUBSETS


def read_weights(folder: Path) -> Weights:
    """Raises UnusableWeights for a folder without such files, or lines that are no 29 numbers of a judge."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise UnusableWeights(f"The folder {folder} cannot be read: {error.strerror}.") from error
    files = {found[1]: folder / name for name in names if (found := _NAME.fullmatch(name))}
    if not files:
        raise UnusableWeights(f"{folder} has no files model_<group>_fitted_paras.jsonl.")
    groups = sorted(files, key=lambda group: (group == ALL, not is_scenario(group), group))
    read = {group: dict(_lines(files[group])) for group in groups}
    judges = tuple(dict.fromkeys(judge for found in read.values() for judge in found))
    absent = [np.nan] * len(SLUGS)
    alpha = [[read[group].get(judge, absent) for group in groups] for judge in judges]
    return Weights(judges, tuple(groups), np.array(alpha))


def write_weights(weights: Weights, folder: Path) -> None:
    """The same files as are read; a judge stands only in groups where it was fitted."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, group in enumerate(weights.groups):
        rows = [
            json.dumps({"model_name": judge, "parameters": found.tolist()}, ensure_ascii=False) + "\n"
            for judge, found in zip(weights.judges, weights.alpha[:, place], strict=True)
            if not np.isnan(found).any()
        ]
        if rows:
            (folder / f"model_{group.replace('/', '_')}_fitted_paras.jsonl").write_text(
                "".join(rows), "utf-8"
            )


def _lines(path: Path) -> Iterator[tuple[str, list[float]]]:
    known: set[str] = set()
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableWeights(f"{path.name} cannot be read as text in UTF-8.") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found = _line(line)
        if found is None:
            raise UnusableWeights(f"{path.name}, line {number}: no judge with {len(SLUGS)} numbers.")
        if found[0] in known:
            raise UnusableWeights(f"{path.name}, line {number}: a second line of {found[0]}.")
        known.add(found[0])
        yield found
    if not known:
        raise UnusableWeights(f"{path.name} has no lines.")


def _line(line: str) -> tuple[str, list[float]] | None:
    try:
        row = json.loads(line)
        judge, numbers = row["model_name"], row["parameters"]
        weights = [float(number) for number in numbers]
    except (ValueError, TypeError, KeyError):
        return None
    is_good = isinstance(judge, str) and judge.strip() and len(weights) == len(SLUGS)
    return (judge_named(judge), weights) if is_good and np.isfinite(weights).all() else None
