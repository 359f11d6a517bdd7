"""Read annotated pairs of a file into a batch of a study."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify

from annotations.imports.storing import Told, Wanted, import_records
from annotations.records import UnusableRecords
from surveys.models import Study


class Command(BaseCommand):
    help = (
        "Stores annotated pairs in the published record schema (29 properties) as a closed batch of a study."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="JSON lines or Parquet")
        parser.add_argument("--study", required=True, metavar="SLUG")
        parser.add_argument("--batch", required=True, metavar="SLUG", help="the name of the new batch")
        parser.add_argument("--title", default="", help="of the batch")
        parser.add_argument("--annotated-by", default="", help="who or what annotated them")
        parser.add_argument(
            "--stances",
            choices=("signed", "shifted"),
            default="signed",
            help="whether numbers of stances run from -2 to 2 (the default) or from 0 to 4",
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        wanted = Wanted(
            study=_study(options["study"]),
            slug=_name(options["batch"]),
            title=options["title"][:200],
            source=options["annotated_by"][:120],
            stances=options["stances"],
        )
        try:
            batch, told = import_records(file, wanted, None)
        except UnusableRecords as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            counts = {"rows": told.rows, "stored": told.stored, "flagged": told.flagged}
            found = {**counts, "skipped": told.skipped, "flags": told.flags, "examples": told.examples}
            self.stdout.write(json.dumps({"study": wanted.study.slug, "batch": batch.slug, **found}))
        else:
            self.stdout.write("\n".join(report(told)))
            self.stdout.write(f"They are in the batch “{batch}” of “{wanted.study}”, which is closed.")


def report(told: Told) -> list[str]:
    """What was read, left out and not understood, in words."""
    said = [f"{told.rows} rows read, {told.stored} pairs stored with their annotations."]
    for reason, rows in told.skipped.most_common():
        said.append(f"  {rows:>7}  left out: {reason}")
    said += [f"           {example}" for example in told.examples[:5]]
    if told.flagged:
        said.append(f"Of {told.flagged} pairs some values could not be read; they count as missing:")
    return [*said, *(f"  {rows:>7}  {reason}" for reason, rows in told.flags.most_common())]


def _study(slug: str) -> Study:
    study = Study.objects.filter(slug=slug).first()
    if study is None:
        known = ", ".join(sorted(Study.objects.slugs())) or "none yet"
        raise CommandError(f"There is no study “{slug}”. Studies here: {known}.")
    return study


def _name(slug: str) -> str:
    if not slug or slugify(slug) != slug or len(slug) > 60:
        raise CommandError("--batch names it in up to 60 small letters, digits and hyphens.")
    return slug
