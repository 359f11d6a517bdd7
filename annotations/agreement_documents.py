"""What is told about the agreement of a batch: for properties, annotators and pairs, and over time. Pure.

A coefficient of fewer than FEWEST units says more about luck than about annotators and is withheld.
"""

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from annotations import agreement_rows
from annotations.agreement import chance
from annotations.agreement.bootstrap import Coefficient, Resampling, estimate, estimates
from annotations.agreement.pairs import against_others, between_raters
from annotations.agreement.tables import Floats, Table
from annotations.agreement_rows import Question, Rows
from annotations.agreement_words import FEW, FEWEST, letters
from annotations.rubric_documents import RubricDocument

FORMAT = "prism-agreement/1"
MOST_WINDOWS = 12
MOST_PAIRED = 30  # annotators among whom every two are compared
DECIMALS = 4


def document(
    rows: Rows, rubric: RubricDocument, resampling: Resampling, excluded: Collection[str] = ()
) -> dict[str, Any]:
    """Everything that the page of a batch shows, ready to be stored; `excluded` are marked in it."""
    edges = _edges(rows)
    properties = [
        _property(rows, question, resampling, edges) for question in agreement_rows.questions(rubric)
    ]
    raters = np.bincount(_annotations(rows)[1], minlength=len(rows.names)).tolist()
    return {
        "format": FORMAT,
        "seed": resampling.seed,
        "replicates": resampling.replicates,
        "confidence": resampling.confidence,
        "tasks": len(np.unique(rows.tasks)),
        "annotators": [
            {
                "code": letters(number),
                "key": key,
                "annotations": count,
                "is_excluded": key in excluded,
            }
            for number, (key, count) in enumerate(zip(rows.names, raters, strict=True))
        ],
        "properties": properties,
        "overall": _overall(properties, len(rows.names)),
    }


def _annotations(rows: Rows) -> tuple[Any, Any]:
    """Tasks and raters of each annotation, once however many sides it has."""
    pairs = np.unique(np.column_stack([rows.tasks, rows.raters]), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _edges(rows: Rows) -> Floats:
    """Times that part the tasks, by when they were last annotated, into windows of FEWEST or more."""
    tasks, of_row = np.unique(rows.tasks, return_inverse=True)
    latest = np.full(len(tasks), -np.inf)
    np.maximum.at(latest, of_row.ravel(), rows.times)
    windows = min(MOST_WINDOWS, len(tasks) // FEWEST)
    if windows < 2:
        return np.array([])
    edges = np.unique(np.quantile(latest, np.linspace(0, 1, windows + 1)))
    edges[-1] = np.nextafter(edges[-1], np.inf)
    return edges


def _property(rows: Rows, question: Question, resampling: Resampling, edges: Floats) -> dict[str, Any]:
    table = agreement_rows.table(rows, question)
    kind = weights(question)
    alpha = chance.krippendorff(question.metric)
    measures = [chance.percent(), chance.fleiss(kind), chance.gwet(kind), alpha]
    return {
        "slug": question.field.slug,
        "title": question.field.title,
        "metric": question.metric,
        "weights": kind,
        "units": len(table.units),
        "ratings": int(table.ratings.sum()),
        "coefficients": {
            name: _row(one)
            for name, one in zip(
                ("percent", "kappa", "gwet", "alpha"), estimates(table, measures, resampling), strict=True
            )
        },
        "annotators": [_enough(one) for one in against_others(table, kind, resampling).values()],
        "pairs": list(_pairs(table, kind)),
        "drift": list(_drift(rows, table, alpha, resampling, edges)),
    }


def weights(question: Question) -> chance.Kind:
    """Near misses count for something where the levels have an order."""
    return "identity" if question.metric == "nominal" else "quadratic"


def _pairs(table: Table, kind: chance.Kind) -> Iterator[dict[str, Any]]:
    """Every two annotators who met, without intervals: of a thousand of them nobody reads any."""
    chosen = table.only(range(min(MOST_PAIRED, len(table.raters))))
    place = {rater: number for number, rater in enumerate(table.raters)}
    for pair in between_raters(chosen, chance.cohen(kind)):
        if pair.agreement.units:
            yield {"of": [place[pair.first], place[pair.second]], **_enough(pair.agreement)}


def _drift(
    rows: Rows, table: Table, measure: chance.Measure, resampling: Resampling, edges: Floats
) -> Iterator[dict[str, Any]]:
    if len(edges) < 2:
        return
    number = np.searchsorted(edges, agreement_rows.times(rows, table), side="right") - 1
    for window in range(len(edges) - 1):
        found = estimate(table.where(number == window), measure, resampling)
        yield {"start": float(edges[window]), "end": float(edges[window + 1]), **_enough(found)}


def _row(one: Coefficient) -> dict[str, Any]:
    """As stored; of a share or a coefficient four decimals are more than it can bear."""
    return {
        "measure": one.measure,
        "value": _rounded(one.value),
        "low": _rounded(one.low),
        "high": _rounded(one.high),
        "units": one.units,
        "pairs": one.pairs,
        "why": one.why,
    }


def _enough(one: Coefficient) -> dict[str, Any]:
    row = _row(one)
    if one.value is not None and one.units < FEWEST:
        row |= {"value": None, "low": None, "high": None, "why": FEW}
    return row


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DECIMALS)


def _overall(properties: list[dict[str, Any]], raters: int) -> dict[str, Any]:
    """Means over the properties that have a value, each property counting once."""
    return {
        "annotators": [_mean(one["annotators"][rater] for one in properties) for rater in range(raters)],
        "pairs": [
            {"of": [first, second], **_mean(rows)}
            for (first, second), rows in sorted(_met(properties).items())
        ],
        "drift": [
            {"start": rows[0]["start"], "end": rows[0]["end"], **_mean(rows)}
            for rows in zip(*(one["drift"] for one in properties), strict=True)
        ],
    }


def _met(properties: list[dict[str, Any]]) -> dict[tuple[int, int], list[dict[str, Any]]]:
    met: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for one in properties:
        for pair in one["pairs"]:
            met.setdefault((pair["of"][0], pair["of"][1]), []).append(pair)
    return met


def _mean(rows: Any) -> dict[str, Any]:
    rows = list(rows)
    values = [row["value"] for row in rows if row["value"] is not None]
    return {
        "value": _rounded(sum(values) / len(values)) if values else None,
        "properties": len(values),
        "units": max((row["units"] for row in rows), default=0),
    }
