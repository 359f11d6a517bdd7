"""`manage.py import_arena`: tables of other arenas become votes, faulty rows are refused and counted."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from analysis.imports.preferences import LEFT, RIGHT, RULES, TIE, Thumb
from prism.lib.processes import CHECKOUT
from tests.analysis.arena_votes import make_arena, some_votes, vote_in
from tests.analysis.releases import export_to
from tests.factories import make_reaction

LEGACY = CHECKOUT.parent / "shared" / "data" / "arena" / "legacy"
SAID = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
VOTE = {
    "model_a_name": "m1",
    "model_b_name": "m2",
    "chosen_model_name": "m1",
    "both_equal": False,
    "conversation_pair_id": "p1",
    "visitor_id": "cookie",
}
REACTION = {
    "model_a_name": "m1",
    "model_b_name": "m2",
    "conversation_pair_id": "p2",
    "model_pos": "a",
    "refers_to_model": "m1",
    "msg_rank": 0,
    "msg_index": 1,
    "conv_turns": 1,
    "liked": True,
    "disliked": False,
}


def answered(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def write_table(folder: Path, name: str, *rows: dict[str, Any]) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")


def imported(folder: Path, *arguments: str) -> tuple[list[dict[str, str]], dict[str, Any]]:
    out, said = folder / "out.csv", StringIO()
    call_command("import_arena", str(folder), "--out", str(out), *arguments, "--json", stdout=said)
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file)), json.loads(said.getvalue())


def test_votes_become_rows_that_can_be_ranked_without_published_ids(tmp_path):
    tie = VOTE | {"chosen_model_name": None, "both_equal": True, "conversation_pair_id": "p2"}
    right = VOTE | {"chosen_model_name": "m2", "conversation_pair_id": "p3", "visitor_id": None}
    write_table(tmp_path, "sample_votes", VOTE, tie, right)
    rows, found = imported(tmp_path)
    assert [row["winner"] for row in rows] == ["left", "tie", "right"]
    assert rows[0]["voter"] == rows[1]["voter"] != rows[2]["voter"] == ""
    assert "cookie" not in (tmp_path / "out.csv").read_text()
    assert (found["votes"], found["refused"]["votes"]["counts"]) == (3, {})
    ranked = StringIO()
    call_command("leaderboard", "--votes", str(tmp_path / "out.csv"), "--json", stdout=ranked)
    assert {row["item"] for row in json.loads(ranked.getvalue())} == {"m1", "m2"}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"model_a_name": ""}, "no model"),
        ({"model_b_name": "m1"}, "a model against itself"),
        ({"chosen_model_name": None}, "no choice"),
        ({"chosen_model_name": "m9"}, "the winner is neither model"),
        ({"both_equal": True}, "both a winner and a tie"),
        ({"conversation_a": SAID[:1], "conversation_b": SAID[:1]}, "no answer"),
        ({"conversation_a": SAID, "conversation_b": SAID[:1]}, "sides of unequal length"),
        ({"conversation_a": SAID, "conversation_b": answered(" ")}, "an empty answer"),
        (
            {"conversation_a": SAID, "conversation_b": answered("<app.Msg object at 0x7f>")},
            "an answer is a printed object",
        ),
        ({"conversation_pair_id": "p1"}, "duplicate"),
    ],
)
def test_a_faulty_vote_is_refused_and_told_by_its_row(tmp_path, wrong, reason):
    write_table(tmp_path, "votes", VOTE, VOTE | {"conversation_pair_id": "p2"} | wrong)
    rows, found = imported(tmp_path)
    assert len(rows) == 1
    assert found["refused"]["votes"] == {"counts": {reason: 1}, "rows": {reason: [2]}}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"disliked": True}, "neither liked nor disliked, or both"),
        ({"model_pos": "b"}, "side and model do not fit"),
        ({"msg_rank": 1}, "out of range or on the wrong message"),
        ({"msg_rank": -1}, "out of range or on the wrong message"),
        (
            {"conversation_a": SAID, "conversation_b": SAID, "msg_index": 0},
            "out of range or on the wrong message",
        ),
        ({"conversation_pair_id": "p2"}, "duplicate"),
    ],
)
def test_a_faulty_reaction_is_refused(tmp_path, wrong, reason):
    write_table(tmp_path, "reactions", REACTION, REACTION | {"conversation_pair_id": "p3"} | wrong)
    rows, found = imported(tmp_path, "--reactions", "each")
    assert [row["source"] for row in rows] == ["reaction"]
    assert found["refused"]["reactions"]["counts"] == {reason: 1}


def test_a_refused_conversation_takes_its_votes_along(tmp_path):
    write_table(
        tmp_path,
        "conversations",
        {"conversation_pair_id": "p1", "conversation_a": SAID, "conversation_b": SAID[:1]},
        {"conversation_pair_id": "p2", "conversation_a": SAID, "conversation_b": SAID},
    )
    write_table(tmp_path, "votes", VOTE, VOTE | {"conversation_pair_id": "p2"})
    rows, found = imported(tmp_path)
    assert len(rows) == 1
    assert found["refused"]["votes"]["counts"] == {"its conversation is refused": 1}


def test_turns_give_votes_where_no_table_of_votes_is(tmp_path):
    turn = {"model_a": "m1", "model_b": "m2", "comparison_id": "c", "turn": 0, "choice": "both_bad"}
    others = [turn | {"turn": 1, "choice": "b_better"}, turn | {"turn": 2, "choice": "idk"}]
    write_table(tmp_path, "turns", turn, *others, turn | {"turn": 3, "choice": "a"}, turn | {"turn": 0})
    rows, found = imported(tmp_path)
    assert [row["winner"] for row in rows] == ["tie", "right"]
    counts = found["refused"]["turns"]["counts"]
    assert counts == {"I don't know": 1, "unknown choice": 1, "duplicate": 1}


def test_reactions_become_votes_by_a_named_rule_alone(tmp_path):
    write_table(tmp_path, "votes", VOTE | {"conversation_pair_id": "p2"})
    write_table(tmp_path, "reactions", REACTION)
    assert len(imported(tmp_path)[0]) == 1
    rows, found = imported(tmp_path, "--reactions", "by-turn")
    assert [row["source"] for row in rows] == ["vote", "reaction"]
    assert (found["rule"], found["counted_twice"]) == ("by-turn", 1)


UP_A, DOWN_A, UP_B, DOWN_B = (Thumb(0, side, liked) for side in "ab" for liked in (True, False))


@pytest.mark.parametrize(
    ("rule", "thumbs", "winners"),
    [
        ("by-conversation", [UP_A], [LEFT]),
        ("by-conversation", [DOWN_A], [RIGHT]),
        ("by-conversation", [UP_A, UP_B], [TIE]),
        ("by-conversation", [DOWN_A, DOWN_B], [TIE]),
        ("by-conversation", [UP_A, Thumb(1, "a", True)], [LEFT]),
        ("by-conversation", [Thumb(1, "a", True), UP_B], [RIGHT]),
        ("by-conversation", [Thumb(1, "a", False), DOWN_B], [LEFT]),
        ("by-conversation", [DOWN_A, UP_B], [RIGHT]),
        ("by-conversation", [UP_A, Thumb(1, "a", False)], [LEFT]),
        ("by-conversation", [DOWN_A, Thumb(1, "a", True)], [RIGHT]),
        ("by-conversation", [UP_A, UP_B, Thumb(1, "a", True)], []),
        ("by-turn", [UP_A, UP_B], [TIE]),
        ("by-turn", [DOWN_A, DOWN_B], [TIE]),
        ("by-turn", [UP_A], [LEFT]),
        ("by-turn", [DOWN_B], [LEFT]),
        ("by-turn", [DOWN_A, Thumb(1, "b", True)], [RIGHT, RIGHT]),
        ("each", [UP_A, DOWN_B, UP_B], [LEFT, LEFT, RIGHT]),
    ],
)
def test_each_rule_is_the_published_one(rule, thumbs, winners):
    assert sorted(RULES[rule](thumbs)) == sorted(winners)


@pytest.mark.parametrize("rule", RULES)
@given(
    st.lists(
        st.builds(Thumb, st.integers(0, 3), st.sampled_from("ab"), st.booleans()),
        unique_by=lambda thumb: (thumb.turn, thumb.side),
    )
)
def test_changing_the_sides_changes_the_winners(rule, thumbs):
    changed = [Thumb(thumb.turn, "ab"["ba".index(thumb.side)], thumb.liked) for thumb in thumbs]
    other = {LEFT: RIGHT, RIGHT: LEFT, TIE: TIE}
    assert sorted(other[winner] for winner in RULES[rule](thumbs)) == sorted(RULES[rule](changed))


def test_what_cannot_be_read_is_told_with_its_place(tmp_path):
    def failure(*arguments: str) -> str:
        with pytest.raises(CommandError) as failed:
            call_command("import_arena", str(tmp_path), "--out", str(tmp_path / "out.csv"), *arguments)
        return str(failed.value)

    assert "has no table" in failure()
    write_table(tmp_path, "votes", VOTE, {"model_a_name": "m1"})
    assert "votes.jsonl, row 2: there is no column model_b_name" in failure()
    (tmp_path / "votes.jsonl").write_text("{}\nnonsense\n")
    assert "votes.jsonl, row 1" in failure()
    (tmp_path / "votes.jsonl").write_text(json.dumps(VOTE) + "\nnonsense\n")
    assert failure() == "votes.jsonl, row 2: this is no JSON."
    write_table(tmp_path, "old_votes", VOTE)
    assert "More than one file" in failure()
    (tmp_path / "old_votes.parquet").write_bytes(b"nothing")
    assert failure() == "old_votes.parquet is no Parquet file that can be read."
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


@pytest.mark.django_db
def test_an_export_of_our_own_can_be_imported_again(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"
    study, models = make_arena()
    some_votes(study, models)
    vote_in(study, models[:2], "idk")
    make_reaction(vote_in(study, models[:2], "both_bad").response_a)
    export_to(tmp_path, study, format="arena")
    rows, found = imported(tmp_path, "--reactions", "by-conversation")
    assert (found["votes"], found["from_reactions"]) == (13, 1)
    assert found["refused"]["votes"]["counts"] == {"I don't know": 1}
    assert len({row["voter"] for row in rows}) == 13
    (tmp_path / "votes.parquet").unlink()
    (tmp_path / "votes.jsonl").unlink()
    assert imported(tmp_path)[1]["votes"] == 13


@pytest.mark.skipif(not LEGACY.is_dir(), reason="compar:IA's sample tables are not on this machine")
def test_the_samples_of_the_old_tables_are_read(tmp_path):
    for path in LEGACY.glob("*.parquet"):
        (tmp_path / path.name).symlink_to(path)
    rows, found = imported(tmp_path, "--reactions", "by-conversation")
    assert found["read"] == {"conversations": 15, "votes": 10, "reactions": 5}
    assert all(not refused["counts"] for refused in found["refused"].values())
    votes = pl.read_parquet(LEGACY / "sample_votes.parquet")
    ties = int(votes["both_equal"].sum())
    assert [row["winner"] for row in rows if row["source"] == "vote"].count("tie") == ties
    written = (tmp_path / "out.csv").read_text()
    assert not [visitor for visitor in votes["visitor_id"].drop_nulls() if visitor in written]
