"""From the tables of a folder to the file of votes that `manage.py leaderboard` ranks."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.imports import faults, tables
from analysis.imports.faults import Refused
from analysis.imports.preferences import LEAVE_OUT, LEFT, RIGHT, RULES, TIE, Thumb
from prism.lib.crypto import keyed_hash

COLUMNS = ("left", "right", "winner", "voter", "conversation", "source")
OF_VOTES = ("model_a_name", "model_b_name", "chosen_model_name", "both_equal", "conversation_pair_id")
OF_TURNS = ("model_a", "model_b", "choice", "comparison_id", "turn")
OF_REACTIONS = (
    "model_a_name",
    "model_b_name",
    "conversation_pair_id",
    "model_pos",
    "msg_rank",
    "liked",
    "disliked",
)
OF_CONVERSATIONS = ("conversation_pair_id",)
WINNERS = {"a_better": LEFT, "b_better": RIGHT}
DUPLICATE, FAULTY = "duplicate", "its conversation is refused"
Row = Mapping[str, Any]
Preference = tuple[str, ...]


@dataclass
class Imported:
    """What was read and refused, by table, and what became of it."""

    read: dict[str, int] = field(default_factory=dict)
    refused: dict[str, Refused] = field(default_factory=dict)
    votes: int = 0
    from_reactions: int = 0
    without_preference: int = 0
    counted_twice: int = 0


class Conversion:
    """Reads each table once; `imported` counts."""

    def __init__(self, folder: Path, rule: str) -> None:
        """Raises UnusableTable."""
        self.imported = Imported()
        self._rule = rule
        self._paths = tables.find_tables(folder)
        self._bad: set[str] = set()
        self._voted: set[str] = set()
        if not {"votes", "turns", "reactions"} & set(self._paths):
            raise tables.UnusableTable(
                f"{folder} has no table of votes, turns or reactions, as NAME.parquet or NAME.jsonl."
            )

    def preferences(self) -> Iterator[Preference]:
        """Rows of COLUMNS. Raises UnusableTable."""
        for _ in self._sound("conversations", OF_CONVERSATIONS, faults.fault_of_conversation, _pair):
            pass
        if "votes" in self._paths:
            sound = self._sound("votes", OF_VOTES, faults.fault_of_vote, _vote_key)
            yield from (self._vote(row) for row in sound)
        else:  # Prism's exports have both, with the same votes
            sound = self._sound("turns", OF_TURNS, faults.fault_of_turn, _turn_key)
            yield from (self._turn(row) for row in sound)
        if self._rule != LEAVE_OUT:
            yield from self._of_reactions()

    def _sound(
        self,
        table: str,
        needed: tuple[str, ...],
        fault_of: Callable[[Row], str | None],
        key_of: Callable[[Row], Hashable],
    ) -> Iterator[Row]:
        """The rows of a table that are neither refused nor there already."""
        if table not in self._paths:
            return
        refused, seen = self.imported.refused.setdefault(table, Refused()), set[Hashable]()
        for number, row in tables.read_rows(self._paths[table], needed):
            self.imported.read[table] = number
            key, fault = key_of(row), fault_of(row)
            if table == "conversations" and fault:
                self._bad.add(str(_pair(row)))
            if not fault and table != "conversations" and str(_pair(row)) in self._bad:
                fault = FAULTY
            if not fault and key in seen:
                fault = DUPLICATE
            if fault:
                refused.add(fault, number)
            else:
                seen.add(key)
                yield row

    def _vote(self, row: Row) -> Preference:
        winner = TIE
        if row["chosen_model_name"]:
            winner = LEFT if row["chosen_model_name"] == row["model_a_name"] else RIGHT
        return self._preference(row, row["model_a_name"], row["model_b_name"], winner)

    def _turn(self, row: Row) -> Preference:
        return self._preference(row, row["model_a"], row["model_b"], WINNERS.get(row["choice"], TIE))

    def _preference(self, row: Row, left: str, right: str, winner: str) -> Preference:
        self.imported.votes += 1
        self._voted.add(str(_pair(row)))
        return left, right, winner, _voter(row), _named("conversation", _pair(row)), "vote"

    def _of_reactions(self) -> Iterator[Preference]:
        thumbs: dict[str, list[Thumb]] = defaultdict(list)
        about: dict[str, tuple[str, str, str]] = {}
        for row in self._sound("reactions", OF_REACTIONS, faults.fault_of_reaction, _reaction_key):
            pair = str(_pair(row))
            thumbs[pair].append(Thumb(row["msg_rank"], row["model_pos"], bool(row["liked"])))
            about.setdefault(pair, (row["model_a_name"], row["model_b_name"], _voter(row)))
        for pair, given in thumbs.items():
            winners = RULES[self._rule](given)
            left, right, voter = about[pair]
            self.imported.from_reactions += len(winners)
            self.imported.without_preference += not winners
            self.imported.counted_twice += bool(winners) and pair in self._voted
            for winner in winners:
                yield left, right, winner, voter, _named("conversation", pair), "reaction"


def write_votes(conversion: Conversion, path: Path) -> int:
    """Write the file of votes; how many. Raises UnusableTable and OSError, and then leaves no file."""
    unfinished = path.with_name(f".unfinished-{path.name}")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            rows = 0
            for rows, row in enumerate(conversion.preferences(), start=1):  # noqa: B007
                writer.writerow(row)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return rows


def _pair(row: Row) -> Hashable:
    return row.get("conversation_pair_id") or row.get("comparison_id")


def _vote_key(row: Row) -> Hashable:
    """Generation 1 has one vote a conversation, Prism one a turn."""
    return _pair(row), row.get("turn")


def _turn_key(row: Row) -> Hashable:
    return _pair(row), row["turn"]


def _reaction_key(row: Row) -> Hashable:
    return _pair(row), row["model_pos"], row["msg_rank"]


def _voter(row: Row) -> str:
    return _named("voter", row.get("visitor_id") or row.get("voter"))


def _named(kind: str, name: Any) -> str:
    """A pseudonym in place of a published one, which led back to an address or a cookie; blank for nobody."""
    return keyed_hash("import", kind, str(name))[:12] if name else ""
