"""Find out what judges prefer: from annotated pairs, or from weights that were fitted before."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.dissection import documents
from analysis.dissection.similarity import MEASURES, Measure
from analysis.dissection.weights import UnusableWeights, read_weights


class Command(BaseCommand):
    help = "Tells how likely judges prefer a response that is better in one of 29 properties alone."
    requires_system_checks = []  # it needs neither database nor settings

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--weights", type=Path, metavar="DIR", help="fitted weights: model_<group>_fitted_paras.jsonl"
        )
        parser.add_argument("--similarity", choices=MEASURES, default="pearson", metavar="MEASURE")
        parser.add_argument(
            "--json", action="store_true", help="one JSON document on stdout, all else on stderr"
        )

    def handle(self, *args: Any, weights: Path | None, similarity: Measure, **options: Any) -> None:
        if weights is None:
            raise CommandError("Name a folder of fitted weights with --weights.")
        try:
            document = documents.of_weights(read_weights(weights), similarity)
        except UnusableWeights as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(document, ensure_ascii=False))
        else:
            self.print_means(document)

    def print_means(self, document: dict[str, Any]) -> None:
        self.stdout.write(f"Mean of the probabilities over {len(document['scenarios'])} scenarios, in %")
        for judge, values in document["mean_over_scenarios"].items():
            most, least = documents.extremes(values)
            self.stdout.write(f"{judge}\n  likes most   {', '.join(most)}\n  likes least  {', '.join(least)}")
