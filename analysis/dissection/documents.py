"""What is printed and downloaded as JSON: probabilities in per cent, two decimals, null where none is."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.dissection.degrees import Floats
from analysis.dissection.properties import SLUGS
from analysis.dissection.similarity import Measure, by_size, ordered, similarity
from analysis.dissection.weights import Weights


def number(value: float, digits: int = 2) -> float | None:
    return None if np.isnan(value) else round(float(value), digits)


def of_weights(weights: Weights, measure: Measure = "pearson") -> dict[str, Any]:
    """Probabilities of all judges in all groups, their means over the scenarios, and how alike judges are."""
    probabilities, means = weights.probabilities(), weights.means()
    judges = ordered(weights.judges)
    place = {judge: weights.judges.index(judge) for judge in judges}
    return {
        "properties": list(SLUGS),
        "judges": judges,
        "scenarios": list(weights.scenarios),
        "subsets": [group for group in weights.groups if group not in weights.scenarios],
        "probability": {
            judge: {
                group: by_property(probabilities[place[judge], number])
                for number, group in enumerate(weights.groups)
            }
            for judge in judges
        },
        "mean_over_scenarios": {judge: by_property(means[place[judge]]) for judge in judges},
        "similarity": of_similarity(weights, measure),
    }


def of_similarity(weights: Weights, measure: Measure = "pearson") -> dict[str, Any]:
    """The matrix with judges in order of size, and its means by class of size."""
    judges = ordered(weights.judges)
    chosen = weights.of(weights.scenarios)[[weights.judges.index(judge) for judge in judges]]
    matrix = similarity(chosen, measure) if weights.scenarios else np.full((len(judges),) * 2, np.nan)
    return {
        "measure": measure,
        "judges": judges,
        "matrix": rows(matrix),
        "by_size": {name: number(value, 4) for name, value in by_size(judges, matrix).items()},
    }


def by_property(values: Floats) -> dict[str, float | None]:
    return {slug: number(value) for slug, value in zip(SLUGS, values, strict=True)}


def rows(matrix: Floats) -> list[list[float | None]]:
    return [[number(value, 4) for value in row] for row in matrix]


def extremes(values: dict[str, float | None], many: int = 3) -> tuple[Sequence[str], Sequence[str]]:
    """Properties liked most and least, the most liked first; both empty where nothing is known."""
    known = sorted((value, slug) for slug, value in values.items() if value is not None)
    told = [f"{slug} {value:.2f}" for value, slug in reversed(known)]
    return told[:many], told[-many:]
