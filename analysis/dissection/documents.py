"""What is printed and downloaded as JSON: probabilities in per cent, two decimals, null where none is."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from analysis.dissection.degrees import Floats, degrees
from analysis.dissection.evaluation import HeldOut
from analysis.dissection.features import correlations
from analysis.dissection.fit import (
    FEW_DRAWS,
    LEVEL,
    POOR_R_HAT,
    Fitted,
    Options,
    Posterior,
    expected_wrong,
    weights_of,
)
from analysis.dissection.pairs import Pairs
from analysis.dissection.properties import SLUGS
from analysis.dissection.records import Told
from analysis.dissection.similarity import MEASURES, Measure, by_size, ordered, similarity
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
        "similarities": {name: of_similarity(weights, name) for name in MEASURES},
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


def of_fits(
    fits: Sequence[Fitted],
    pairs: Pairs,
    x: Floats,
    told: Told,
    options: Options,
    measure: Measure = "pearson",
) -> dict[str, Any]:
    """All that came out of a file of pairs: what weights tell, and besides it n, intervals and doubts."""
    marked, wrong = expected_wrong(fits)
    return {
        "file": of_file(pairs, told),
        "options": {**asdict(options), "level": LEVEL},
        **of_weights(weights_of(fits), measure),
        "fits": [of_fit(fitted) for fitted in fits],
        "correlation": {"properties": list(SLUGS), "matrix": rows(correlations(x[pairs.applicable]))},
        "marked": {"properties": marked, "expected_wrong_signs": number(wrong)},
        "notes": notes(fits, told),
    }


def of_file(pairs: Pairs, told: Told) -> dict[str, Any]:
    return {
        "rows": told.rows,
        "pairs": len(pairs),
        "skipped": dict(told.skipped.most_common()),
        "skipped_first": told.examples,
        "flagged": told.flagged,
        "flags": dict(told.flags.most_common()),
        "not_applicable": int((~pairs.applicable).sum()),
        "stances": told.stances,
    }


def of_fit(fitted: Fitted) -> dict[str, Any]:
    """One judge in one group; `properties` is empty where too few pairs are there."""
    found, held = fitted.posterior, fitted.held_out
    return {
        "judge": fitted.judge,
        "group": fitted.group,
        **asdict(fitted.counts),
        "too_few": found is None,
        "poor_sampling": bool(found and found.is_poor),
        "intercept": of_intercept(found) if found else None,
        "held_out": of_held_out(held) if held else None,
        "properties": of_posterior(found) if found else [],
    }


def of_posterior(found: Posterior) -> list[dict[str, Any]]:
    estimate, low, high = found.probabilities()
    return [
        {
            "id": place,
            "property": slug,
            "probability": number(estimate[place]),
            "low": number(low[place]),
            "high": number(high[place]),
            "marked": bool(found.marked[place]),
            "weight": number(found.mean[place], 6),
            "deviation": number(found.deviation[place], 6),
            "positive": number(found.positive[place], 4),
            "r_hat": number(found.r_hat[place], 4),
            "effective_draws": number(found.effective[place], 0),
        }
        for place, slug in enumerate(SLUGS)
    ]


def of_intercept(found: Posterior) -> dict[str, float | None] | None:
    """Chance in per cent that A of two responses alike in everything is preferred; None if not fitted."""
    ends = zip(("probability", "low", "high"), (found.mean, found.low, found.high), strict=True)
    if len(found.mean) == len(SLUGS):
        return None
    return {name: number(float(degrees(values[-1]))) for name, values in ends}


def of_held_out(held: HeldOut) -> dict[str, Any]:
    """Accuracies in per cent."""
    scores = {"model": held.model, "majority": held.majority, "length": held.length}
    return {"folds": held.folds} | {
        name: {"accuracy": number(100 * score.accuracy), "log_loss": number(score.log_loss, 4)}
        for name, score in scores.items()
    }


def notes(fits: Sequence[Fitted], told: Told) -> list[str]:
    """What a reader must know beside the figures."""
    marked, wrong = expected_wrong(fits)
    noun = "property is" if marked == 1 else "properties are"
    said = [
        f"{marked:,} {noun} marked: the {LEVEL:.0f} % interval excludes 50. About {wrong:.1f} of "
        "these signs are expected to be wrong, if model and prior hold."
    ]
    if any(fitted.counts.is_repeated for fitted in fits):
        said.append(
            "Some pairs have several votes, which are not independent: their intervals are too narrow."
        )
    if any(fitted.posterior and fitted.posterior.is_poor for fitted in fits):
        said.append(
            f"Where poor_sampling is true R̂ is above {POOR_R_HAT} or fewer than {FEW_DRAWS} draws are "
            "effective: draw more."
        )
    if any(fitted.posterior is None for fitted in fits):
        said.append("Where too_few is true there are too few pairs to say anything.")
    if told.flagged:
        said.append(
            f"{told.flagged:,} pairs have values that could not be read; each counts as no difference."
        )
    return said
