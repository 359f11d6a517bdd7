"""Rows of other arenas' tables as records of one shape. Pure: rows in, records out, no database.

Rows of both generations of compar:IA and of Prism's own exports are read; what they do not say is left open.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from analysis.exports.arena_schema import REASONS
from analysis.leaderboard.public_rows import FEATURES, FLAGS, TIMES

Row = Mapping[str, Any]
SIDES = ("a", "b")
MODES = {"small-models": "small"}  # compar:IA's word and ours
LONGEST_TEXT = 1_000_000
LONGEST_TOPIC = 40
MOST = 2**31 - 1


class Malformed(Exception):
    """A row that has not the form of its table; the text says what is wrong."""


@dataclass(frozen=True)
class Answer:
    text: str
    reasoning: str = ""
    tokens: int | None = None
    first_ms: int | None = None
    total_ms: int | None = None


@dataclass(frozen=True)
class Exchange:
    """A turn: the message, and each side's answer, None where it said nothing.

    `calls` and `draws` are those columns of Prism's own tables of turns.
    """

    number: int
    text: str
    answers: Mapping[str, Answer | None]
    row: str = ""
    calls: Sequence[Row] = ()
    draws: Sequence[Row] = ()


@dataclass(frozen=True)
class Talk:
    """A conversation as far as one row tells of it: `name` is its id, `visitor` a published pseudonym."""

    name: str
    visitor: str
    at: datetime | None
    models: Mapping[str, str]
    turns: Sequence[Exchange]
    row: str = ""
    mode: str = ""
    picked: Sequence[str] = ()
    topic: str = ""
    is_revealed: bool = False
    system: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    facts: Row = field(default_factory=dict)


@dataclass(frozen=True)
class Ballot:
    """A vote on turn `number`. `given` are fields of Vote that the row states."""

    talk: Talk
    models: Mapping[str, str]
    number: int
    choice: str
    row: str
    at: datetime | None
    comment: str
    reasons: Mapping[str, list[str]]
    given: Row


@dataclass(frozen=True)
class Thumb:
    talk: Talk
    number: int
    side: str
    is_liked: bool
    row: str
    at: datetime | None
    comment: str
    reasons: list[str]
    is_blind: bool


def talk_of(row: Row) -> Talk:
    """Of a row of conversations, votes or reactions. Raises Malformed."""
    turns, system = _turns_of(row)
    topic = _text(row["topic"]) if "topic" in row else _topic(row.get("categories"))
    return Talk(
        name=name_of(row),
        visitor=_visitor(row),
        at=moment(row.get("timestamp")),
        models={side: _text(row.get(f"model_{side}_name")) for side in SIDES},
        turns=turns,
        row=row_id(row),
        mode=_mode(row.get("mode")),
        picked=_texts(row.get("custom_models_selection")),
        topic=topic,
        is_revealed=bool(row.get("revealed")),
        system=system,
        sizes={
            side: (
                _number(row.get(f"model_{side}_total_params")),
                _number(row.get(f"model_{side}_active_params")),
            )
            for side in SIDES
        },
        facts=_facts(row, [(f"kwh_{side}", f"total_conv_{side}_kwh") for side in SIDES]),
    )


def turn_of(row: Row) -> Talk:
    """The conversation of a row of turns, with that turn alone. Raises Malformed."""
    told = row.get("metadata") or {}
    answers = {side: _answer_in(row.get(f"response_{side}"), told, side) for side in SIDES}
    asked = next(
        (
            _text(said.get("user_content") or said.get("content"))
            for side in SIDES
            for said in row.get(f"response_{side}") or ()
            if said.get("role") == "user"
        ),
        "",
    )
    exchange = Exchange(
        number=_place(row.get("turn")),
        text=asked,
        answers=answers,
        row=row_id(row),
        calls=row.get("attempts") or (),
        draws=row.get("draws") or (),
    )
    return Talk(
        name=name_of(row),
        visitor=_visitor(row),
        at=moment(row.get("timestamp")),
        models={side: _text(row.get(f"model_{side}")) for side in SIDES},
        turns=[exchange],
        mode=_mode(told.get("mode")),
        picked=_texts(told.get("custom_models_selection")),
        topic=_text(row["topic"]) if "topic" in row else _topic(told.get("categories")),
        system={side: _system(row.get(f"full_conversation_{side}")) for side in SIDES},
        facts=_facts(told, []),
    )


def ballot_of(row: Row) -> Ballot:
    """Of a row of votes. Raises Malformed."""
    talk = talk_of(row)
    number = row.get("turn")
    return Ballot(
        talk=talk,
        models={side: _text(row.get(f"model_{side}")) or talk.models[side] for side in SIDES},
        number=_turns_counted(row, talk) - 1 if number is None else _place(number),
        choice=_choice(row),
        row=row_id(row),
        at=talk.at,
        comment=_comment(row),
        reasons={side: _reasons(row, side) for side in SIDES},
        given=_stated(row) | {column: row[column] for column in TIMES if row.get(column) is not None},
    )


def ballot_of_turn(row: Row) -> Ballot:
    """Of a row of turns that has a choice. Raises Malformed."""
    talk, told = turn_of(row), row.get("metadata") or {}
    (exchange,) = talk.turns
    given = _stated(row)
    for side, answer in exchange.answers.items():
        if answer:
            given |= {f"first_text_ms_{side}": answer.first_ms, f"total_ms_{side}": answer.total_ms}
    return Ballot(
        talk=talk,
        models=talk.models,
        number=exchange.number,
        choice=_text(row["choice"]),
        row=row_id(row),
        at=talk.at,
        comment=_text(row.get("comment")),
        reasons={side: _texts(row.get(f"reasons_{side}")) for side in SIDES},
        given=given | {"ms_to_vote": milliseconds(told.get("time_to_vote"))},
    )


def thumb_of(row: Row) -> Thumb:
    """Of a row of reactions. Raises Malformed."""
    talk = talk_of(row)
    given = row.get("reasons")
    return Thumb(
        talk=talk,
        number=_place(row.get("msg_rank")),
        side=row["model_pos"],
        is_liked=bool(row["liked"]),
        row=row_id(row),
        at=talk.at,
        comment=_text(row.get("comment")),
        reasons=[reason for reason in REASONS if row.get(reason)] if given is None else _texts(given),
        is_blind=bool(row.get("blind", True)),
    )


def name_of(row: Row) -> str:
    """The id of the conversation, the same in all tables of a dataset. Raises Malformed."""
    name = row.get("conversation") or row.get("comparison_id") or row.get("conversation_pair_id")
    if not isinstance(name, str) or not 0 < len(name) <= 120:
        raise Malformed("no id of a conversation")
    return _text(name)


def row_id(row: Row) -> str:
    """The row's id in its table, or what stands for it where it has none."""
    known = row.get("response_id") or row.get("conversation") or row.get("id")
    if known is not None:
        return str(known)[:60]
    whole = json.dumps(row, sort_keys=True, default=str)
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:16]


def moment(value: Any) -> datetime | None:
    """A time without a zone is UTC. Raises Malformed."""
    if value is None or value == "":
        return None
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise Malformed("no time that can be read") from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def milliseconds(seconds: Any) -> int | None:
    value = _number(seconds)
    return None if value is None or value < 0 else min(MOST, round(value * 1000))


def _turns_of(row: Row) -> tuple[list[Exchange], dict[str, str]]:
    """The exchanges of both sides. Without messages as many empty ones as the row counts turns."""
    said = {side: row.get(f"conversation_{side}") for side in SIDES}
    if any(messages is None for messages in said.values()):
        blank = {side: Answer("") for side in SIDES}
        return [Exchange(number, "", blank) for number in range(_place(row.get("conv_turns", 1)))], {
            side: _text(row.get(f"system_prompt_{side}")) for side in SIDES
        }
    halves = {side: _half(messages) for side, messages in said.items()}
    turns = [
        Exchange(
            number,
            next((half[number][0] for half in halves.values() if number < len(half)), ""),
            {side: half[number][1] if number < len(half) else None for side, half in halves.items()},
        )
        for number in range(max(map(len, halves.values())))
    ]
    return turns, {side: _system(messages) for side, messages in said.items()}


def _turns_counted(row: Row, talk: Talk) -> int:
    """How far the conversation had come: messages may have been added to it after the vote."""
    counted = row.get("conv_turns")
    return _place(counted) if counted and counted <= len(talk.turns) else len(talk.turns)


def _half(messages: Any) -> list[tuple[str, Answer | None]]:
    """What one side was asked and answered."""
    turns: list[tuple[str, Answer | None]] = []
    for said in messages:
        if said.get("role") == "user":
            turns.append((_text(said.get("content")), None))
        elif said.get("role") == "assistant" and turns:
            told = said.get("metadata") or {}
            answer = Answer(
                _text(said.get("content")),
                _text(said.get("reasoning_content")),
                _whole(told.get("output_tokens")),
                None,
                milliseconds(told.get("duration")),
            )
            turns[-1] = (turns[-1][0], answer)
    return turns


def _answer_in(messages: Any, told: Row, side: str) -> Answer | None:
    """What a side said in the turn of a row of turns."""
    for said in messages or ():
        if said.get("role") == "assistant":
            first = milliseconds(told.get(f"latency_{side}"))
            rest = milliseconds(told.get(f"duration_{side}"))
            return Answer(
                _text(said.get("content")),
                _text(said.get("reasoning_content")),
                _whole(told.get(f"tokens_{side}")),
                first,
                first + rest if first is not None and rest is not None else None,
            )
    return None


def _system(messages: Any) -> str:
    first = next(iter(messages or ()), None) or {}
    return _text(first.get("content")) if first.get("role") == "system" else ""


def _choice(row: Row) -> str:
    if known := row.get("choice"):
        return _text(known)
    if row["both_equal"]:
        return "equal"
    return "a_better" if row["chosen_model_name"] == row["model_a_name"] else "b_better"


def _stated(row: Row) -> dict[str, Any]:
    """Fields of a vote that Prism's own tables have and compar:IA's omit."""
    stated: dict[str, Any] = {
        flag: bool(row[flag]) for flag in FLAGS if flag != "flagged" and row.get(flag) is not None
    }
    if row.get("leaks") is not None:
        stated["leaks"] = list(row["leaks"])
    stated |= {name: _text(row[name]) for name in ("language", "topic", "mode") if row.get(name) is not None}
    for side in SIDES:
        if row.get(f"{FEATURES[0]}_{side}") is not None:
            stated[f"style_{side}"] = {name: row[f"{name}_{side}"] for name in FEATURES}
    return stated


def _reasons(row: Row, side: str) -> list[str]:
    given = row.get(f"reasons_{side}")
    if given is not None:
        return _texts(given)
    return [reason for reason in REASONS if row.get(f"conv_{reason}_{side}")]


def _comment(row: Row) -> str:
    """compar:IA asks for one comment a side, Prism for one."""
    if row.get("comment"):
        return _text(row["comment"])
    said = [(side.upper(), _text(row.get(f"conv_comments_{side}")).strip()) for side in SIDES]
    return "\n\n".join(f"{side}: {words}" for side, words in said if words)


def _facts(row: Row, more: Sequence[tuple[str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: _texts(row.get(name)) for name in ("categories", "languages", "keywords") if row.get(name)
    }
    if row.get("short_summary"):
        found["short_summary"] = _text(row["short_summary"])
    return found | {name: _number(row[column]) for name, column in more if row.get(column) is not None}


def _topic(categories: Any) -> str:
    """The first category; a long one without its last parts."""
    topic = next(iter(_texts(categories)), "")
    while len(topic) > LONGEST_TOPIC and "&" in topic:
        topic = topic.rpartition("&")[0].strip()
    return topic[:LONGEST_TOPIC]


def _mode(value: Any) -> str:
    mode = _text(value)[:20]
    return MODES.get(mode, mode)


def _visitor(row: Row) -> str:
    return _text(row.get("visitor_id") or row.get("voter") or row.get("session_hash"))


def _texts(value: Any) -> list[str]:
    if value is not None and not isinstance(value, list | tuple):
        raise Malformed("no list where one belongs")
    return [_text(one) for one in value or () if one]


def _text(value: Any) -> str:
    """A text as PostgreSQL stores it. Raises Malformed."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed("no text where one belongs")
    if len(value) > LONGEST_TEXT:
        raise Malformed("a text of more than a million characters")
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None or not 0 <= number <= MOST else round(number)


def _number(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)


def _place(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 10_000:
        raise Malformed("no number of a turn")
    return value
