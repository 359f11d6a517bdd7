"""`manage.py leaderboard --votes FILE.csv`."""

import csv
import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from analysis.bradley_terry import POINTS
from prism.lib.processes import CHECKOUT
from tests.analysis.ballots import write_csv

CROWD = CHECKOUT.parent / "shared" / "data" / "arena" / "llmfao" / "crowd_votes.csv"
THREE = (
    ["a,b,left"] * 30 + ["a,b,right"] * 10 + ["a,b,tie"] * 10
    + ["b,c,left"] * 20 + ["b,c,right"] * 20 + ["b,c,tie"] * 10
    + ["a,c,left"] * 25 + ["a,c,right"] * 15 + ["a,c,tie"] * 10
)  # fmt: skip


def leaderboard(path, *arguments):
    out, err = StringIO(), StringIO()
    call_command("leaderboard", "--votes", str(path), *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def table(path, *arguments):
    return json.loads(leaderboard(path, *arguments, "--json")[0])


@pytest.mark.parametrize(
    ("ties", "scores"),
    [
        ("half", {"a": 1071.77, "b": 952.16, "c": 976.07}),
        ("davidson", {"a": 1090.96, "b": 939.37, "c": 969.67}),
    ],
)
def test_it_prints_the_published_scores_as_rows(tmp_path, ties, scores):
    rows = table(write_csv(tmp_path / "votes.csv", *THREE), "--ties", ties)
    assert list(rows[0]) == ["item", "score", "low", "high", "rank_low", "rank_high", "n"]
    assert {row["item"]: row["score"] for row in rows} == pytest.approx(scores, abs=0.005)
    assert {row["n"] for row in rows} == {100}


def test_models_with_too_few_votes_are_listed_apart_and_no_number_changes(tmp_path):
    path = write_csv(tmp_path / "votes.csv", *THREE, "a,d,right", "d,b,right")
    whole, apart = leaderboard(path)[0], leaderboard(path, "--min-votes", "50")[0]
    head, few = apart.split("Too few votes: fewer than 50")
    assert [line.split()[1] for line in few.splitlines()[2:3]] == ["d"]
    assert "  d  " not in head
    rows = [line for line in whole.splitlines() if "…" in line]
    assert len(rows) == 4
    assert all(line in apart for line in rows)


def test_intervals_are_those_of_the_sandwich(tmp_path):
    rows = table(write_csv(tmp_path / "votes.csv", *THREE), "--ties", "half")
    half_widths = {row["item"]: (row["high"] - row["low"]) / 2 / 1.959964 for row in rows}
    assert half_widths == pytest.approx({"a": 21.38, "b": 20.91, "c": 21.35}, abs=0.005)


def test_a_column_of_voters_widens_the_intervals(tmp_path):
    lines = [f"a,b,{winner},{voter}" for voter in range(10) for winner in [("left", "right")[voter > 5]] * 10]
    path = write_csv(tmp_path / "votes.csv", *lines, header="left,right,winner,who")
    alone, people = table(path), table(path, "--voter-column", "who")
    gap = [(rows[0]["high"] - rows[0]["low"]) / 1.959964 for rows in (alone, people)]
    assert gap == pytest.approx([35.46, 118.20], abs=0.005)


def test_votes_without_a_voter_count_as_people_of_their_own(tmp_path):
    lines = [*["a,b,left,"] * 6, *["a,b,right,"] * 2, "a,b,tie,anna", "a,b,tie,anna"]
    said = leaderboard(
        write_csv(tmp_path / "v.csv", *lines, header="left,right,winner,who"), "--voter-column", "who"
    )
    assert "clustered by 9 voters" in said[0]


def test_other_columns_in_another_order_are_found_by_name(tmp_path):
    header = "verdict,note,model_b,model_a"
    path = write_csv(tmp_path / "votes.csv", "left,x,b,a", 'TIE,"a, b",b,a', header=header)
    names = ("--left-column", "model_a", "--right-column", "model_b", "--winner-column", "verdict")
    assert [row["item"] for row in table(path, *names)] == ["a", "b"]


def test_a_file_from_a_spreadsheet_is_read(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_bytes("\ufeffleft,right,winner\r\nä,b,left\r\n\r\nb,ä,right\r\n".encode())
    assert [row["item"] for row in table(path)] == ["ä", "b"]


def test_the_table_says_ties_seed_and_who_is_held(tmp_path):
    said, _ = leaderboard(write_csv(tmp_path / "votes.csv", "a,b,left", "x,y,tie"), "--seed", "7")
    assert "2 votes, 50.0% ties, 4 models; seed 7." in said
    assert "never compared" in said
    assert "* won or lost everything" in said


def test_json_keeps_what_is_not_json_out_of_stdout(tmp_path):
    out, err = leaderboard(write_csv(tmp_path / "votes.csv", "a,b,left"), "--json")
    assert len(json.loads(out)) == 2
    assert "seed 0" in err


def test_every_line_that_is_no_vote_is_named(tmp_path):
    path = write_csv(tmp_path / "votes.csv", "a,b,left", "a,b,both", "a,a,tie", "a,b", ",b,left", "a,b,right")
    with pytest.raises(CommandError) as refused:
        leaderboard(path)
    said = str(refused.value)
    assert "line 3: the winner is “both”, not left, right or tie" in said
    assert "line 4: “a” stands on both sides" in said
    assert "line 5: 2 fields, where 3 were expected" in said
    assert "line 6: a model has no name" in said
    assert "line 2" not in said
    assert "line 7" not in said


def test_of_many_faults_some_are_told(tmp_path):
    path = write_csv(tmp_path / "votes.csv", *["a,b,?"] * 50)
    with pytest.raises(CommandError, match="There may be more") as refused:
        leaderboard(path)
    assert str(refused.value).count("line ") == 5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty"),
        (b"left,right,winner\n", "no votes under its heading"),
        (b"left;right;winner\na;b;left\n", "no column “left”, “right”, “winner”"),
        (b"left,right,result\na,b,left\n", "Its columns are “left”, “right”, “result”"),
        (b"left,right,winner\n\xff\xfe,b,left\n", "not in UTF-8"),
        (b'left,right,winner\na,b,left\n"a"x,b,left\n', "line 3: this is no CSV"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(tmp_path, content, said):
    path = tmp_path / "votes.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=said):
        leaderboard(path)


def test_a_missing_file_and_a_negative_seed_are_refused(tmp_path):
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        leaderboard(tmp_path / "none.csv")
    with pytest.raises(CommandError, match="zero or more"):
        leaderboard(write_csv(tmp_path / "votes.csv", "a,b,left"), "--seed", "-1")


@pytest.mark.skipif(not CROWD.exists(), reason="the reference votes are not here")
def test_real_votes_rank_as_evalica_ranks_them():
    evalica = pytest.importorskip("evalica")
    winner = {"left": evalica.Winner.X, "right": evalica.Winner.Y, "tie": evalica.Winner.Draw}
    with CROWD.open(newline="") as file:
        votes = list(csv.DictReader(file))
    result = evalica.bradley_terry(
        [vote["left"] for vote in votes],
        [vote["right"] for vote in votes],
        [winner[vote["winner"]] for vote in votes],
        tie_weight=0.5,
        tolerance=1e-12,
        limit=100_000,
    )
    theirs = np.log(result.scores)
    theirs = 1000 + POINTS * (theirs - theirs.mean())
    ours = {row["item"]: row["score"] for row in table(CROWD, "--ties", "half", "--voter-column", "worker")}
    assert ours == pytest.approx(theirs.to_dict(), abs=0.05)
