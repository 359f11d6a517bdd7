"""Train a study's classifier of scenarios on a labelled file of its own."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotations.scenarios.training import UnusableLabels, read, store
from surveys.models import Study


class Command(BaseCommand):
    help = "Trains the classifier that suggests scenarios in a study, on a file of labelled queries."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", metavar="STUDY", help="short name of the study")
        parser.add_argument("file", type=Path, metavar="FILE", help="labelled queries, a line of JSON each")
        parser.add_argument("--seed", type=int, default=0, help="of the rows that are held out")

    def handle(self, *args: Any, study: str, file: Path, seed: int, **options: Any) -> None:
        found = Study.objects.filter(slug=study).first()
        if found is None:
            raise CommandError(f"There is no study “{study}”.")
        try:
            row = store(found, read(file, seed))
        except UnusableLabels as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Trained on {row.rows:,} queries of {len(row.classes)} classes. Of {row.held_out:,} that were "
            f"held out {100 * (row.accuracy or 0):.1f} % were told right; the commonest class alone tells "
            f"{100 * (row.majority or 0):.1f} %."
        )
