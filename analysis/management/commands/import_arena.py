"""Turn the published tables of an arena into votes that can be ranked."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.imports.arena import Conversion, Imported, write_votes
from analysis.imports.preferences import LEAVE_OUT, RULES
from analysis.imports.tables import UnusableTable


class Command(BaseCommand):
    help = "Reads tables of votes, turns, reactions and conversations and writes votes for `leaderboard`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder",
            type=Path,
            help="holds votes.parquet, reactions.jsonl and the like, of compar:IA or Prism",
        )
        parser.add_argument("--out", required=True, type=Path, metavar="FILE.csv", help="the file of votes")
        parser.add_argument(
            "--reactions",
            choices=(LEAVE_OUT, *RULES),
            default=LEAVE_OUT,
            help="the rule by which reactions count as votes too; they are left out otherwise",
        )
        parser.add_argument(
            "--json", action="store_true", help="one JSON document on stdout, all else on stderr"
        )

    def handle(self, *args: Any, folder: Path, out: Path, reactions: str, **options: Any) -> None:
        try:
            conversion = Conversion(folder, reactions)
            rows = write_votes(conversion, out)
        except UnusableTable as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The file {out} cannot be written: {error.strerror}.") from error
        if options["json"]:
            found = {"rows": rows, "rule": reactions, **asdict(conversion.imported)}
            self.stdout.write(json.dumps(found))
        else:
            self.stdout.write("\n".join(report(conversion.imported, reactions)))
            self.stdout.write(f"{rows} rows are in {out}.")


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
