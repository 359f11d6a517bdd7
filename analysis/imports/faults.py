"""Why a row of another arena's tables is refused: what its makers found wrong in their own data, and more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SIDES = ("a", "b")
CHOICES = ("a_better", "b_better", "both_good", "both_bad", "idk", "equal")
UNDECIDED = "I don't know"
SHOWN = 5
# An answer stored as the printed form of what held it.
PRINTED = re.compile(r"\s*(<[\w.]+ object at 0x|\w+\((role|content)=|\[?\{'(role|content)')")


@dataclass
class Refused:
    """How many rows of a table were refused, by reason, with the numbers of the first ones."""

    counts: dict[str, int] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)

    def add(self, reason: str, row: int) -> None:
        self.counts[reason] = self.counts.get(reason, 0) + 1
        first = self.rows.setdefault(reason, [])
        if len(first) < SHOWN:
            first.append(row)


def fault_of_vote(row: Mapping[str, Any]) -> str | None:
    """Of a row of votes; None where it can be counted."""
    chosen, both = row["chosen_model_name"], bool(row["both_equal"])
    models = [row["model_a_name"], row["model_b_name"]]
    if fault := fault_of_pair(*models) or fault_of_conversation(row):
        return fault
    if chosen and both:
        return "both a winner and a tie"
    if not chosen and not both:
        return UNDECIDED if row.get("choice") == "idk" else "no choice"
    return "the winner is neither model" if chosen and chosen not in models else None


def fault_of_turn(row: Mapping[str, Any]) -> str | None:
    """Of a row of turns."""
    if row["choice"] in (None, ""):
        return "no choice"
    if row["choice"] not in CHOICES:
        return "unknown choice"
    if row["choice"] == "idk":
        return UNDECIDED
    sides = [row.get(f"response_{side}") for side in SIDES]
    pair = fault_of_pair(row["model_a"], row["model_b"])
    return pair or (_fault_of_sides(*sides) if None not in sides else None)


def fault_of_reaction(row: Mapping[str, Any]) -> str | None:
    """Of a row of reactions."""
    models = {side: row[f"model_{side}_name"] for side in SIDES}
    if fault := fault_of_pair(*models.values()) or fault_of_conversation(row):
        return fault
    if bool(row["liked"]) == bool(row["disliked"]):
        return "neither liked nor disliked, or both"
    side = row["model_pos"]
    if side not in SIDES or row.get("refers_to_model", models[side]) != models[side]:
        return "side and model do not fit"
    return None if _is_on_an_answer(row) else "out of range or on the wrong message"


def fault_of_conversation(row: Mapping[str, Any]) -> str | None:
    """Of the messages that a row carries; None where it carries none."""
    sides = [row.get(f"conversation_{side}") for side in SIDES]
    return None if None in sides else _fault_of_sides(*sides)


def fault_of_exchange(row: Mapping[str, Any]) -> str | None:
    """Of the messages of one turn, in which a side may be silent."""
    if any(row.get(f"response_{side}") is None for side in SIDES):
        return None
    said = [message for side in SIDES for message in row[f"response_{side}"]]
    texts = [message.get("content") for message in said if message.get("role") == "assistant"]
    if not any(isinstance(text, str) and text.strip() for text in texts):
        return "no answer"
    is_printed = any(isinstance(text, str) and PRINTED.match(text) for text in texts)
    return "an answer is a printed object" if is_printed else None


def fault_of_pair(a: Any, b: Any) -> str | None:
    """Of the names of two models."""
    if not a or not b:
        return "no model"
    return "a model against itself" if a == b else None


def _fault_of_sides(a: Any, b: Any) -> str | None:
    answers = [[said.get("content") for said in side if said.get("role") == "assistant"] for side in (a, b)]
    if not any(answers):
        return "no answer"
    if len(answers[0]) != len(answers[1]):
        return "sides of unequal length"
    texts = [text for side in answers for text in side]
    if any(not isinstance(text, str) or not text.strip() for text in texts):
        return "an empty answer"
    return "an answer is a printed object" if any(PRINTED.match(text) for text in texts) else None


def _is_on_an_answer(row: Mapping[str, Any]) -> bool:
    rank, turns = row["msg_rank"], row.get("conv_turns")
    if not isinstance(rank, int) or rank < 0 or (isinstance(turns, int) and rank >= turns):
        return False
    said = row.get(f"conversation_{row['model_pos']}")
    if said is None:
        return True
    place = row.get("msg_index")
    return isinstance(place, int) and 0 <= place < len(said) and said[place].get("role") == "assistant"
