"""Rank the models of a CSV file of votes."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.bradley_terry import Fit, Ties
from analysis.leaderboard.reading import Columns, UnusableVotes, read_votes
from analysis.leaderboard.table import Row, estimate, rows
from analysis.leaderboard.votes import Votes

SHOWN = ("item", "score", "low", "high", "rank_low", "rank_high", "n")


class Command(BaseCommand):
    help = "Ranks models by the votes in a CSV file: scores, 95 % intervals, and intervals of the ranks."
    requires_system_checks = []  # it needs neither database nor settings

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--votes",
            required=True,
            type=Path,
            metavar="FILE.csv",
            help="columns left, right and winner (left, right or tie), in UTF-8",
        )
        parser.add_argument("--left-column", default="left", metavar="NAME")
        parser.add_argument("--right-column", default="right", metavar="NAME")
        parser.add_argument("--winner-column", default="winner", metavar="NAME")
        parser.add_argument(
            "--voter-column", metavar="NAME", help="intervals take votes of one person as belonging together"
        )
        parser.add_argument(
            "--ties",
            choices=("half", "davidson"),
            default="davidson",
            help="half: a tie is half a win for both; davidson (default): ties have their own probability",
        )
        parser.add_argument(
            "--min-votes",
            type=int,
            default=0,
            metavar="N",
            help="list models with fewer votes apart; no number changes by it (default: 0, nobody)",
        )
        parser.add_argument("--seed", type=int, default=0, help="of the draws behind the intervals of ranks")
        parser.add_argument(
            "--json", action="store_true", help="one JSON document on stdout, all else on stderr"
        )

    def handle(self, *args: Any, votes: Path, ties: Ties, seed: int, **options: Any) -> None:
        if seed < 0:
            raise CommandError("A seed is zero or more.")
        names = {name: options[f"{name}_column"] for name in ("left", "right", "winner", "voter")}
        try:
            found = read_votes(votes, Columns(**names))
        except UnusableVotes as error:
            raise CommandError(str(error)) from error
        fitted = estimate(found, ties)
        table = rows(found, fitted, seed)
        if options["json"]:
            chosen = [{name: value for name, value in asdict(row).items() if name in SHOWN} for row in table]
            self.stdout.write(json.dumps(chosen, ensure_ascii=False))
        else:
            self.print_table(table, options["min_votes"])
        for note in notes(found, fitted, ties, seed):
            (self.stderr if options["json"] else self.stdout).write(note)

    def print_table(self, table: list[Row], least: int) -> None:
        told = [row for row in table if row.n >= least]
        few = [row for row in table if row.n < least]
        if told:
            self.print_groups(told)
        if few:
            self.stdout.write(f"Too few votes: fewer than {least:,}. Ranks count among all models.")
            self.print_groups(few)

    def print_groups(self, table: list[Row]) -> None:
        width = max(len("model"), *(len(row.item) for row in table))
        components = {row.component for row in table}
        for component in dict.fromkeys(row.component for row in table):
            if len(components) > 1:
                self.stdout.write(f"Models compared with one another, group {component + 1}")
            self.stdout.write(
                f"{'ranks':>9}  {'model':<{width}}  {'score':>8}  {'95 % interval':>19}  {'n':>9}"
            )
            for row in table:
                if row.component == component:
                    self.stdout.write(line(row, width))


def line(row: Row, width: int) -> str:
    ranks = f"{row.rank_low}–{row.rank_high}" if row.rank_low < row.rank_high else str(row.rank_low)
    interval = f"{row.low:.2f} … {row.high:.2f}"
    held = "  *" if row.held else ""
    return f"{ranks:>9}  {row.item:<{width}}  {row.score:>8.2f}  {interval:>19}  {row.n:>9,}{held}"


def notes(votes: Votes, fitted: Fit, ties: Ties, seed: int) -> list[str]:
    """What a reader must know beside the numbers."""
    tied = int((votes.outcome == 0).sum())
    said = [f"{len(votes):,} votes, {tied / len(votes):.1%} ties, {len(votes.names)} models; seed {seed}."]
    if ties == "half":
        said.append("A tie counts as half a win for both.")
    else:
        said.append(f"Ties by Davidson's model, ν = {fitted.nu:.4f}.")
    if votes.voter is None:
        said.append("Every vote counts as a person of its own: --voter-column names who voted.")
    else:
        said.append(f"Intervals are clustered by {fitted.voters_total:,} voters.")
    if fitted.voters_total == 1:
        said.append("All votes are one person's: the intervals say nothing about other people.")
    if fitted.component.max() > 0:
        said.append("The groups were never compared with one another: their scores do not compare either.")
    if fitted.held.any():
        said.append(
            "* won or lost everything against the others: half a win and half a loss against an average "
            "model keep it on the scale."
        )
    return said
