"""The public pages of the leaderboard, for somebody who never signed in."""

import csv
import hashlib
import io
import re

import pytest
from django.urls import reverse

from analysis.leaderboard import keeping
from analysis.models import LeaderboardTable
from tests.analysis.arena_votes import make_arena, some_votes, vote_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path


@pytest.fixture
def board():
    study, models = make_arena()
    some_votes(study, models)
    return keeping.recompute()


@pytest.mark.parametrize("name", ["home", "matrix", "method"])
def test_pages_without_any_votes_say_so(client, name):
    page = client.get(reverse(f"leaderboard:{name}"))
    assert page.status_code == 200
    assert ("There are no votes yet" in page.text) == (name != "method")


@pytest.mark.parametrize("name", ["json", "csv", "votes"])
def test_files_without_any_votes_are_not_found(client, name):
    assert client.get(reverse(f"leaderboard:{name}")).status_code == 404


def test_the_page_shows_scores_intervals_ranks_and_where_they_come_from(client, board):
    page = client.get("/leaderboard/").text
    row = keeping.table(board, keeping.Choice()).document["rows"][0]
    assert f"<strong>{row['score']:.0f}</strong>" in page
    assert f"[{row['low']:.0f}, {row['high']:.0f}]" in page
    assert board.rows_sha256 in page
    assert re.search(rf"<dd>\s*{board.seed}\s*</dd>", page)
    assert page.count('<th scope="row">') >= 3


def test_nobody_is_hidden_for_few_votes(client, board):
    page = client.get("/leaderboard/").text
    assert len(re.findall("few votes", page)) == 3


def test_filters_are_in_the_address_and_stay_chosen(client, board):
    page = client.get("/leaderboard/?ties=half&with=custom").text
    assert '<option value="half" selected>' in page
    assert re.search(r'value="custom"\s+id="with-custom"\s+checked', page)
    assert "table.csv?ties=half&amp;with=custom" in page


def test_a_filter_that_leaves_nothing_says_so(client, board):
    assert "No vote is left" in client.get("/leaderboard/?language=xx").text
    assert "No vote is left" in client.get("/leaderboard/matrix/?language=xx").text


def test_hostile_filters_are_no_harm(client, board):
    page = client.get("/leaderboard/", {"language": "<script>" + "x" * 5000, "days": "9" * 400, "with": "'"})
    assert page.status_code == 200
    assert "<script>x" not in page.text


def test_the_pairs_are_shown_with_wins_ties_and_losses(client, board):
    page = client.get("/leaderboard/matrix/").text
    assert "2/1/1" in page
    assert "<strong>62 %</strong>" in page or "<strong>63 %</strong>" in page


def test_the_table_can_be_had_as_json_and_csv(client, board):
    document = client.get("/leaderboard/table.json").json()
    rows = list(csv.DictReader(io.StringIO(client.get("/leaderboard/table.csv").text)))
    assert document["rows_sha256"] == board.rows_sha256
    assert [row["item"] for row in rows] == [row["item"] for row in document["rows"]]
    assert float(rows[0]["adjusted_score"]) == document["rows"][0]["adjusted"]["score"]


def test_the_votes_can_be_had_and_have_the_hash_that_is_shown(client, board):
    answer = client.get("/leaderboard/votes.csv")
    assert hashlib.sha256(b"".join(answer.streaming_content)).hexdigest() == board.rows_sha256


def test_while_the_file_is_made_anew_the_known_table_stands_and_others_wait(client, board):
    keeping.rows_file(board).unlink()
    assert client.get("/leaderboard/").status_code == 200
    for path in ("/leaderboard/?ties=half", "/leaderboard/table.json?ties=half", "/leaderboard/votes.csv"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer["Retry-After"] == "600"


def test_an_address_can_have_few_tables_made_and_read_known_ones_freely(client, board, settings, monkeypatch):
    settings.RATE_LIMITS_ON = True
    monkeypatch.setattr("analysis.views.leaderboard.MOST_TABLES", 1)
    assert client.get("/leaderboard/?days=30").status_code == 200
    assert client.get("/leaderboard/?days=90").status_code == 503
    assert client.get("/leaderboard/?days=30").status_code == 200
    assert LeaderboardTable.objects.count() == 2


def test_models_never_compared_stand_in_tables_of_their_own(client):
    study, models = make_arena(4)
    for pair in (models[:2], models[2:]):
        for choice in ("a_better", "b_better"):
            vote_in(study, pair, choice)
    keeping.recompute()
    page = client.get("/leaderboard/").text
    assert page.count("Models by score, the strongest first") == 2
    assert "never compared with the others" in page


def test_posting_is_refused_and_nobody_needs_to_sign_in(client, board):
    assert client.post("/leaderboard/").status_code == 405
    assert client.get("/leaderboard/").status_code == 200
