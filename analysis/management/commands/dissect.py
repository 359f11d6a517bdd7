"""Find out what judges prefer: from annotated pairs, or from weights that were fitted before."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.dissection import documents
from analysis.dissection.features import CODINGS, features
from analysis.dissection.fit import Options, fit, weights_of
from analysis.dissection.gibbs import Sampling
from analysis.dissection.records import UnusableRecords, read_records
from analysis.dissection.similarity import MEASURES
from analysis.dissection.tables import tables, write_tables
from analysis.dissection.weights import UnusableWeights, read_weights, write_weights


class Command(BaseCommand):
    help = "Tells how likely judges prefer a response that is better in one of 29 properties alone."
    requires_system_checks = []  # it needs neither database nor settings

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", nargs="?", type=Path, metavar="FILE", help="annotated pairs, as .jsonl or .parquet"
        )
        parser.add_argument(
            "--weights",
            type=Path,
            metavar="DIR",
            help="fitted weights instead: model_<group>_fitted_paras.jsonl",
        )
        parser.add_argument("--out", type=Path, metavar="DIR", help="where tables and weights are written")
        parser.add_argument(
            "--json", action="store_true", help="one JSON document on stdout, all else on stderr"
        )
        parser.add_argument("--similarity", choices=MEASURES, default="pearson")
        add_fit(parser)
        add_sampling(parser)

    def handle(self, *args: Any, file: Path | None, weights: Path | None, **options: Any) -> None:
        if (file is None) == (weights is None):
            raise CommandError(
                "Name either a file of annotated pairs or, with --weights, a folder of weights."
            )
        self.options = options
        try:
            document = self.of_file(file) if file else self.of_weights(weights or Path())
            if options["out"]:
                write_tables(options["out"], tables(document))
                (options["out"] / "dissection.json").write_text(told_in_json(document), "utf-8")
        except (UnusableWeights, UnusableRecords) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{error.filename} cannot be written: {error.strerror}.") from error
        if options["json"]:
            self.stdout.write(told_in_json(document))
        else:
            self.print_means(document)

    def of_weights(self, folder: Path) -> dict[str, Any]:
        return documents.of_weights(read_weights(folder), self.options["similarity"])

    def of_file(self, path: Path) -> dict[str, Any]:
        if not (self.options["out"] or self.options["json"]):
            raise CommandError("Say with --out where the tables go, or ask for --json.")
        chosen = chosen_options(self.options)
        pairs, told = read_records(path, self.options["stances"], self.options["row_weights"])
        judges = self.options["judge"] or list(pairs.votes)
        if not judges or (unknown := [judge for judge in judges if judge not in pairs.votes]):
            asked = f"no labels of {', '.join(unknown)}" if judges else "no preference labels"
            raise CommandError(
                f"{path.name} has {asked}; it has those of: {', '.join(pairs.votes) or 'nobody'}."
            )
        fits = list(fit(pairs, chosen, judges=judges, say=self.stderr.write))
        if self.options["out"]:
            write_weights(weights_of(fits), self.options["out"] / "weights")
        x = features(pairs.a, pairs.b, chosen.coding)
        return documents.of_fits(fits, pairs, x, told, chosen, self.options["similarity"])

    def print_means(self, document: dict[str, Any]) -> None:
        self.stdout.write(f"Mean of the probabilities over {len(document['scenarios'])} scenarios, in %")
        for judge, values in document["mean_over_scenarios"].items():
            most, least = documents.extremes(values)
            if most:
                said = f"  likes most   {', '.join(most)}\n  likes least  {', '.join(least)}"
            else:
                said = "  no mean: not every scenario has enough pairs"
            self.stdout.write(f"{judge}\n{said}")
        for note in document.get("notes", []):
            self.stdout.write(note)
        if self.options["out"]:
            self.stdout.write(f"All tables are in {self.options['out']}.")


def told_in_json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)


def add_fit(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--judge",
        action="append",
        metavar="NAME",
        help="one of those in the file; may be repeated; all if absent",
    )
    parser.add_argument(
        "--stances",
        choices=("signed", "shifted"),
        default="signed",
        help="whether stances given as numbers run from -2 to 2 or from 0 to 4",
    )
    parser.add_argument(
        "--row-weights", metavar="KEY", help="key of a row that holds the weight of its votes"
    )
    parser.add_argument("--coding", choices=CODINGS, default="sign", help="of the features")
    parser.add_argument("--intercept", action="store_true", help="also fit a liking for the first response")
    parser.add_argument(
        "--minimum", type=int, default=100, metavar="N", help="say nothing of groups with fewer pairs"
    )


def add_sampling(parser: ArgumentParser) -> None:
    parser.add_argument("--folds", type=int, default=10, help="for held-out accuracy; 0: none")
    parser.add_argument("--chains", type=int, default=Sampling.chains)
    parser.add_argument("--warmup", type=int, default=Sampling.warmup)
    parser.add_argument("--draws", type=int, default=Sampling.draws, help="kept of each chain")
    parser.add_argument("--seed", type=int, default=Sampling.seed)


def chosen_options(options: dict[str, Any]) -> Options:
    least = {"chains": 2, "warmup": 0, "draws": 20, "seed": 0, "folds": 0, "minimum": 1}
    for name, value in least.items():
        if options[name] < value:
            raise CommandError(f"--{name} must be at least {value}.")
    if options["folds"] == 1:
        raise CommandError("One fold leaves nothing to fit: --folds must be 0, or 2 and more.")
    sampling = Sampling(**{name: options[name] for name in ("chains", "warmup", "draws", "seed")})
    return Options(sampling, options["folds"], options["minimum"], options["coding"], options["intercept"])
