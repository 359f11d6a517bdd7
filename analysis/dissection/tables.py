"""The tables that a fit leaves in a folder, each as CSV, JSON and Parquet."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.dissection.weights import is_scenario
from prism.lib.spreadsheets import defused

Table = list[dict[str, Any]]


def tables(document: Mapping[str, Any]) -> dict[str, Table]:
    """Of the document of a fit, by the names of the files."""
    fits = document.get("fits", [])
    found = {
        "probabilities": probabilities(fits) if fits else of_weights(document["probability"]),
        "groups": groups(fits),
        "means": means(document["mean_over_scenarios"]),
        "similarity": similarity(document),
        "correlation": matrix(document["correlation"], "properties", "property") if fits else [],
    }
    return {name: table for name, table in found.items() if table}


def of_weights(found: Mapping[str, Mapping[str, Mapping[str, float | None]]]) -> Table:
    return [
        {"judge": judge, "group": group, "property": slug, "probability": value}
        for judge, of_groups in found.items()
        for group, values in of_groups.items()
        for slug, value in values.items()
    ]


def probabilities(fits: Sequence[Mapping[str, Any]]) -> Table:
    """A row for each judge, group and property."""
    return [
        {"judge": fit["judge"], "group": fit["group"], **row, "n": fit["used"]}
        for fit in fits
        for row in fit["properties"]
    ]


def groups(fits: Sequence[Mapping[str, Any]]) -> Table:
    """A row for each judge and group: how much is behind its figures, and what they are worth."""
    plain = (
        "judge",
        "group",
        "pairs",
        "used",
        "votes",
        "not_applicable",
        "ties",
        "inconsistent",
        "unlabelled",
    )
    return [
        {
            **{name: fit[name] for name in plain},
            "is_scenario": is_scenario(fit["group"]),
            "too_few": fit["too_few"],
            "poor_sampling": fit["poor_sampling"],
            **_intercept(fit["intercept"] or {}),
            **_held_out(fit["held_out"] or {}),
        }
        for fit in fits
    ]


def means(of_judges: Mapping[str, Mapping[str, float | None]]) -> Table:
    return [
        {"judge": judge, "property": slug, "probability": value}
        for judge, values in of_judges.items()
        for slug, value in values.items()
    ]


def similarity(document: Mapping[str, Any]) -> Table:
    """A row for each pair of judges: by the measure of the document as `value`, and by each that it has."""
    by_measure = {
        name: matrix(found, "judges", "judge") for name, found in document.get("similarities", {}).items()
    }
    return [
        row | {name: found[place]["value"] for name, found in by_measure.items()}
        for place, row in enumerate(matrix(document["similarity"], "judges", "judge"))
    ]


def matrix(found: Mapping[str, Any], names: str, name: str) -> Table:
    """A row for each pair of names, also of one with itself."""
    return [
        {name: one, f"other_{name}": other, "value": value}
        for one, row in zip(found[names], found["matrix"], strict=True)
        for other, value in zip(found[names], row, strict=True)
    ]


def write_tables(folder: Path, found: Mapping[str, Table]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in found.items():
        (folder / f"{name}.json").write_text(json.dumps(table, ensure_ascii=False), "utf-8")
        _write_csv(folder / f"{name}.csv", table)
        _write_parquet(folder / f"{name}.parquet", table)


def _intercept(found: Mapping[str, Any]) -> dict[str, Any]:
    return {f"intercept_{name}": found.get(name) for name in ("probability", "low", "high")}


def _held_out(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"folds": found.get("folds")} | {
        f"{name}_{score}": found.get(name, {}).get(score)
        for name in ("model", "majority", "length")
        for score in ("accuracy", "log_loss")
    }


def _write_csv(path: Path, table: Table) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(table[0]))
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in table)


def _cell(value: Any) -> Any:
    return defused(value) if isinstance(value, str) else value


def _write_parquet(path: Path, table: Table) -> None:
    # Here, because it takes 40 MB that a process which serves pages never needs.
    import polars as pl

    pl.DataFrame(table, infer_schema_length=None).write_parquet(path)
