"""Say how far the annotators of a CSV file agree."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotations.agreement import chance
from annotations.agreement.bootstrap import Coefficient, Resampling, estimates
from annotations.agreement.chance import Measure, Metric, Why
from annotations.agreement.pairs import against_others, between_raters
from annotations.agreement.reading import Columns, UnusableRatings, read_ratings
from annotations.agreement.tables import Table

METRICS = ("nominal", "ordinal", "interval", "ratio")
NAMES = {
    "percent": "agreement",
    "cohen": "Cohen's κ",
    "fleiss": "Fleiss' κ",
    "ac1": "Gwet's AC1",
    "ac2": "Gwet's AC2",
    "alpha": "Krippendorff's α",
    "against": "κ against the others",
}
REASONS = {
    Why.ONE_RATER: "fewer than two annotators",
    Why.NOT_TWO_RATERS: "not two annotators",
    Why.NO_PAIRS: "no item has two ratings",
    Why.NO_VARIANCE: "all ratings are of one level",
    Why.ONE_LEVEL: "a scale of one level",
    Why.NOT_NUMERIC: "the levels are no numbers",
    Why.NEGATIVE: "a ratio scale has no negative numbers",
    Why.FEW_ITEMS: "no interval: one item",
    Why.UNSTABLE: "no interval: too little varies",
}

NOTES = (
    "Intervals hold 95 % of the resamples of items. Units have two or more ratings; pairs are of ratings.",
    "AC2, Cohen's κ and the κ of annotators have quadratic weights, none where the metric is nominal.",
)


class Command(BaseCommand):
    help = "Says how far annotators agree, property by property, with 95 % intervals that resample items."
    requires_system_checks = []  # it needs neither database nor settings

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file",
            type=Path,
            metavar="FILE.csv",
            help="columns item, annotator, property and value, in UTF-8",
        )
        for name in ("item", "annotator", "property", "value"):
            parser.add_argument(f"--{name}-column", default=name, metavar="NAME")
        parser.add_argument(
            "--cluster-column", metavar="NAME", help="what belongs together when items are resampled"
        )
        parser.add_argument(
            "--levels", metavar="A,B,…", help="the scale in its order; otherwise the values that appear"
        )
        parser.add_argument(
            "--metric", choices=METRICS, help="of α; ordinal where all levels are numbers, else nominal"
        )
        parser.add_argument(
            "--annotators", action="store_true", help="each annotator and each pair of them too"
        )
        parser.add_argument("--replicates", type=int, default=1000, metavar="N")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, file: Path, metric: Metric | None, **options: Any) -> None:
        if options["seed"] < 0 or options["replicates"] < 1:
            raise CommandError("A seed is zero or more, and there is at least one replicate.")
        resampling = Resampling(options["replicates"], options["seed"])
        found = [
            compared(name, table, metric, resampling, with_annotators=options["annotators"])
            for name, table in tables(file, options).items()
        ]
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
        else:
            for line in lines(found):
                self.stdout.write(line)


def tables(file: Path, options: dict[str, Any]) -> dict[str, Table]:
    """The table of each property of the file. Raises CommandError saying what is wrong."""
    columns = ("item", "annotator", "property", "value", "cluster")
    levels = [level.strip() for level in options["levels"].split(",")] if options["levels"] else None
    try:
        found = read_ratings(file, Columns(**{name: options[f"{name}_column"] for name in columns}))
    except UnusableRatings as error:
        raise CommandError(str(error)) from error
    read = {}
    for name, ratings in found.items():
        try:
            read[name] = ratings.table(levels)
        except ValueError as error:
            raise CommandError(f"{name}: {error}") from error
    return read


def compared(
    name: str, table: Table, metric: Metric | None, resampling: Resampling, *, with_annotators: bool
) -> dict[str, Any]:
    """What is said of one property, as it stands in the JSON document."""
    metric = metric or ("ordinal" if table.is_numeric else "nominal")
    told = {
        "property": name,
        "items": len(table.units),
        "annotators": len(table.raters),
        "levels": list(table.levels),
        "metric": metric,
        "weights": weights(metric),
        "coefficients": [row(one) for one in estimates(table, measures(table, metric), resampling)],
    }
    if with_annotators:
        told["against_others"] = [
            {"annotator": rater} | row(one)
            for rater, one in against_others(table, weights(metric), resampling).items()
        ]
        told["pairs"] = [
            {"annotators": [pair.first, pair.second]} | row(pair.agreement)
            for pair in between_raters(table, chance.cohen(weights(metric)), resampling)
        ]
    return told


def weights(metric: Metric) -> chance.Kind:
    """Near misses count for something where the levels have an order."""
    return "identity" if metric == "nominal" else "quadratic"


def measures(table: Table, metric: Metric) -> list[Measure]:
    """The coefficients that suit a property: weighted ones only on a scale, Cohen's only of two."""
    kind = weights(metric)
    two = [chance.cohen(kind)] if len(table.raters) == 2 else []
    weighted = [chance.gwet(kind)] if kind != "identity" else []
    plain = [chance.percent(), chance.fleiss(), chance.gwet()]
    return [*plain, *weighted, chance.krippendorff(metric), *two]


def row(one: Coefficient) -> dict[str, Any]:
    return {
        "measure": one.measure,
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "units": one.units,
        "pairs": one.pairs,
        "why": one.why,
    }


def lines(found: list[dict[str, Any]]) -> Iterator[str]:
    """The tables for people to read."""
    for told in found:
        yield (
            f"{told['property']}: {told['items']:,} items, {told['annotators']} annotators, "
            f"{len(told['levels'])} levels, {told['metric']}"
        )
        yield from (line(NAMES[one["measure"]], one) for one in told["coefficients"])
        yield from (
            line(f"{one['annotator']} against the others", one) for one in told.get("against_others", [])
        )
        yield from (line(" and ".join(one["annotators"]), one) for one in told.get("pairs", []))
        yield ""
    yield from NOTES


def line(name: str, one: dict[str, Any]) -> str:
    value = "–" if one["value"] is None else f"{one['value']:.3f}"
    interval = "" if one["low"] is None else f"{one['low']:.3f} … {one['high']:.3f}"
    reason = f"  {REASONS[one['why']]}" if one["why"] else ""
    return (
        f"  {name:<32} {value:>7}  {interval:>15}  {one['units']:>8,} units  {one['pairs']:>8,} pairs{reason}"
    )
