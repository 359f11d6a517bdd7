"""The steps of an import: which table is read when, which of its rows are refused, what is made of them.

Turns come first, for they tell most of each answer, and their votes after the table of votes, which tells
more of each vote.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DataError, IntegrityError, transaction

from analysis.imports import faults, records
from analysis.imports.arena import OF_CONVERSATIONS, OF_REACTIONS, OF_TURNS, OF_VOTES
from analysis.imports.keeping import Keeper, Outcome
from analysis.imports.records import Malformed, Row

UNREADABLE = (TypeError, ValueError, KeyError, AttributeError, IndexError)
UNSTORABLE = (*UNREADABLE, DataError, IntegrityError)
FORM = "not in the form of its table"
Read = Callable[[Row], Any]
Keep = Callable[[Keeper, Sequence[Any]], list[Outcome]]


@dataclass(frozen=True)
class Step:
    """One reading of one table, counted by `name`; `skips` says which rows are none of its business."""

    name: str
    table: str
    needed: tuple[str, ...]
    fault_of: Callable[[Row], str | None]
    record_of: Read
    keep: Keep
    skips: Callable[[Row], bool] = lambda row: False

    def take(self, keeper: Keeper, rows: Sequence[Row]) -> list[Outcome]:
        """For each row why it was not stored; None where it was."""
        read = [self._read(row) for row in rows]
        outcomes = iter(self._kept(keeper, [one for one in read if not isinstance(one, str)]))
        return [one if isinstance(one, str) else next(outcomes) for one in read]

    def _kept(self, keeper: Keeper, records: Sequence[Any]) -> list[Outcome]:
        """Where the database takes not all of them, halves are tried, down to the one that is at fault."""
        if not records:
            return []
        made = keeper.made.copy()
        try:
            with transaction.atomic():
                return self.keep(keeper, records)
        except UNSTORABLE:
            keeper.start_again(made)
        if len(records) == 1:
            return [FORM]
        half = len(records) // 2
        return [*self._kept(keeper, records[:half]), *self._kept(keeper, records[half:])]

    def _read(self, row: Row) -> Any:
        """The record of a row, or its fault as a text."""
        try:
            return self.fault_of(row) or self.record_of(row)
        except Malformed as error:
            return str(error)
        except UNREADABLE:
            return FORM


def is_ours(row: Row) -> bool:
    """Prism's own exports say of each answer that failed that it did; elsewhere a gap is damage."""
    return "voter" in row


def fault_of_conversation(row: Row) -> str | None:
    models = row.get("model_a_name"), row.get("model_b_name")
    return faults.fault_of_pair(*models) or (None if is_ours(row) else faults.fault_of_conversation(row))


def fault_of_turn(row: Row) -> str | None:
    """Of the messages alone; its choice is looked at later."""
    pair = faults.fault_of_pair(row["model_a"], row["model_b"])
    return pair or (None if is_ours(row) else faults.fault_of_exchange(row))


def fault_of_choice(row: Row) -> str | None:
    return None if row["choice"] in faults.CHOICES else "unknown choice"


def fault_of_vote(row: Row) -> str | None:
    if is_ours(row) and row.get("choice"):
        return faults.fault_of_pair(row["model_a"], row["model_b"]) or fault_of_choice(row)
    fault = faults.fault_of_vote(row)
    return None if fault == faults.UNDECIDED else fault


def fault_of_reaction(row: Row) -> str | None:
    if is_ours(row):
        row = {name: value for name, value in row.items() if not name.startswith("conversation_")}
    return faults.fault_of_reaction(row)


STEPS = (
    Step("turns", "turns", OF_TURNS, fault_of_turn, records.turn_of, Keeper.keep_turns),
    Step(
        "conversations",
        "conversations",
        OF_CONVERSATIONS,
        fault_of_conversation,
        records.talk_of,
        Keeper.keep_talks,
    ),
    Step("votes", "votes", OF_VOTES, fault_of_vote, records.ballot_of, Keeper.keep_ballots),
    Step(
        "choices",
        "turns",
        OF_TURNS,
        fault_of_choice,
        records.ballot_of_turn,
        Keeper.keep_ballots,
        skips=lambda row: not row["choice"] or bool(fault_of_turn(row)),
    ),
    Step("reactions", "reactions", OF_REACTIONS, fault_of_reaction, records.thumb_of, Keeper.keep_thumbs),
)
