"""Read the published tables of an arena: into a study, or into votes that can be ranked."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify

from analysis.imports import jobs
from analysis.imports.arena import Conversion, Imported, write_votes
from analysis.imports.preferences import LEAVE_OUT, RULES
from analysis.imports.steps import STEPS
from analysis.imports.tables import UnusableTable
from analysis.models import Import
from conversations.models.imported import SOURCES
from surveys.models import Study

SHOWN = 5
TABLE_OF = {step.name: step.table for step in STEPS}


class Command(BaseCommand):
    help = (
        "Reads tables of votes, turns, reactions and conversations: with --study into that study, with --out "
        "into a file of votes for `leaderboard`."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder",
            type=Path,
            help="holds votes.parquet, reactions.jsonl and the like, of compar:IA or Prism",
        )
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--out", type=Path, metavar="FILE.csv", help="the file of votes")
        where.add_argument("--study", metavar="SLUG", help="store conversations, votes and reactions in it")
        parser.add_argument(
            "--reactions",
            choices=(LEAVE_OUT, *RULES),
            default=LEAVE_OUT,
            help="with --out: the rule by which reactions count as votes too; they are left out otherwise",
        )
        parser.add_argument("--dataset", default="", help="with --study: the name by which rows are chosen")
        parser.add_argument("--title", default="", help="with --study: of the dataset")
        parser.add_argument(
            "--licence", default="", help="with --study: of the dataset, for example Etalab 2.0"
        )
        parser.add_argument("--link", default="", help="with --study: where the dataset is published")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="with --study: tell what would be stored, and store nothing",
        )
        parser.add_argument(
            "--json", action="store_true", help="one JSON document on stdout, all else on stderr"
        )

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        if options["study"]:
            self.into_study(folder, options)
        else:
            self.into_file(folder, options["out"], options["reactions"], as_json=options["json"])

    def into_study(self, folder: Path, options: dict[str, Any]) -> None:
        wanted = _wanted(options)
        try:
            asked = jobs.request_import(wanted, None, by_command=True)
        except jobs.NotImportable as error:
            raise CommandError(str(error)) from error
        try:
            done = jobs.run(asked.pk, folder, seconds=float("inf"))
        except KeyboardInterrupt:
            jobs.stop(asked, None)
            raise CommandError(
                "Stopped. What was stored stays; the same command goes on with the rest."
            ) from None
        if done is None or done.state != Import.State.DONE:
            raise CommandError(done.failure if done else "The import was stopped while it ran.")
        if options["json"]:
            found = {"study": wanted.study.slug, "dataset": wanted.key, "import": done.code, **done.counts}
            self.stdout.write(json.dumps({**found, "dry_run": done.is_dry_run}))
        else:
            self.stdout.write("\n".join(report_of_study(done)))

    def into_file(self, folder: Path, out: Path, reactions: str, *, as_json: bool) -> None:
        try:
            conversion = Conversion(folder, reactions)
            rows = write_votes(conversion, out)
        except UnusableTable as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The file {out} cannot be written: {error.strerror}.") from error
        if as_json:
            found = {"rows": rows, "rule": reactions, **asdict(conversion.imported)}
            self.stdout.write(json.dumps(found))
        else:
            self.stdout.write("\n".join(report(conversion.imported, reactions)))
            self.stdout.write(f"{rows} rows are in {out}.")


def _wanted(options: dict[str, Any]) -> jobs.Wanted:
    """Raises CommandError where the study or the name of the dataset will not do."""
    study = Study.objects.filter(slug=options["study"]).first()
    if study is None:
        known = ", ".join(sorted(Study.objects.slugs())) or "none yet"
        raise CommandError(f"There is no study “{options['study']}”. Studies here: {known}.")
    key = options["dataset"]
    if not key or slugify(key) != key or len(key) > 40 or key in SOURCES:
        words = ", ".join(SOURCES)
        raise CommandError(
            "--dataset names what is imported: up to 40 small letters, digits and hyphens, "
            f"for example compar-ia; not {words}."
        )
    told = {name: options[name] for name in ("title", "licence", "link")}
    return jobs.Wanted(study, key, **told, is_dry_run=options["dry_run"])


def report_of_study(done: Import) -> list[str]:
    """What was read, stored and refused by an import into a study, in words."""
    said = ["Nothing was stored: this is what the import would do."] if done.is_dry_run else []
    for step, counts in done.counts.items():
        if step == "made":
            continue
        refused = counts["refused"]
        said.append(
            f"{step}: {counts['read']} rows read, {counts['stored']} stored, {counts['known']} known before, "
            f"{sum(refused.values())} refused"
        )
        for reason, count in sorted(refused.items(), key=lambda one: -one[1]):
            rows = done.faults.filter(table=TABLE_OF[step], reason=reason).values_list("row", flat=True)
            first, more = ", ".join(map(str, rows[:SHOWN])), ", …" if count > SHOWN else ""
            said.append(f"  {count:>7}  {reason} (row {first}{more})")
    made = ", ".join(f"{number} {kind}" for kind, number in done.counts.get("made", {}).items())
    return [*said, f"New: {made or 'nothing'}."]


def report(imported: Imported, rule: str) -> list[str]:
    """What was read, refused and counted, in words."""
    said = []
    for table, read in imported.read.items():
        refused = imported.refused[table]
        said.append(f"{table}: {read} rows read, {sum(refused.counts.values())} refused")
        for reason, count in sorted(refused.counts.items(), key=lambda one: -one[1]):
            first = ", ".join(map(str, refused.rows[reason]))
            more = ", …" if count > len(refused.rows[reason]) else ""
            said.append(f"  {count:>7}  {reason} (row {first}{more})")
    said.append(f"Votes: {imported.votes}. Preferences from reactions: {imported.from_reactions}.")
    if rule == LEAVE_OUT:
        said.append("Reactions were left out; --reactions names a rule by which they count.")
    else:
        said.append(
            f"Reactions count by the rule “{rule}”: {imported.without_preference} conversations gave no "
            f"preference, {imported.counted_twice} count by a vote and by reactions."
        )
    return said
