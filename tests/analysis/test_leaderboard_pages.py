"""The public pages of the leaderboard, for somebody who never signed in."""

import csv
import hashlib
import io
import re
from datetime import timedelta
from itertools import combinations

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from analysis import tasks
from analysis.leaderboard import keeping, shown
from analysis.leaderboard.choices import Choice
from analysis.models import LeaderboardDay, LeaderboardTable
from conversations.demo import load_demo
from conversations.demo_votes import COMMENT
from conversations.models import Draw, LanguageModel, Portal, Vote
from conversations.models.watching import VoteSignals
from tests.analysis.arena_votes import make_arena, some_votes, vote_in
from tests.factories import make_study

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path


@pytest.fixture
def board():
    study, models = make_arena()
    some_votes(study, models)
    return keeping.recompute()


def test_without_any_votes_pages_say_so_and_files_are_not_found(client):
    for name in ("home", "matrix", "against", "method"):
        page = client.get(reverse(f"leaderboard:{name}"))
        assert page.status_code == 200
        assert "There are no votes yet" in page.text
    for name in ("json", "csv", "votes"):
        assert client.get(reverse(f"leaderboard:{name}")).status_code == 404


def test_the_page_shows_scores_intervals_ranks_and_where_they_come_from(client, board):
    assert client.post("/leaderboard/").status_code == 405
    page = client.get("/leaderboard/").text
    row = keeping.table(board, Choice()).document["rows"][0]
    assert f"<strong>{row['score']:.0f}</strong>" in page
    assert f"[{row['low']:.0f}, {row['high']:.0f}]" in page
    assert board.rows_sha256 in page
    assert re.search(rf"<dd>\s*{board.seed}\s*</dd>", page)
    assert page.count('<th scope="row">') >= 3
    method = client.get("/leaderboard/method/").text
    for known in (board.rows_sha256, board.code_version, board.software["numpy"], f"{board.seed}", "Σ"):
        assert known in method


def test_the_demonstration_ranks_all_models_by_votes_that_say_they_are_invented(client):
    with pytest.raises(CommandError, match="no arena of a demonstration"):
        call_command("demo_votes")
    load_demo()
    for _again in range(2):
        call_command("demo_votes", verbosity=0)
    assert set(Vote.objects.values_list("comment")) == {(COMMENT,)}
    assert Vote.objects.count() == keeping.newest().rows_total == 160
    page = client.get("/leaderboard/").text
    assert "halcyon-xl" in page
    assert "Too few votes" not in page
    drawn = Draw.objects.values_list("drawn", "turn__responses__slot", "turn__responses__model")
    assert all(models["AB".index(slot)] == model for models, slot, model in drawn)


def test_models_with_too_few_votes_are_listed_apart_with_their_scores_and_nobody_is_hidden(client):
    study, models = make_arena(3)
    for choice in ("a_better", "b_better", "both_good") * 10:
        vote_in(study, models[:2], choice)
    vote_in(study, models[1:], "a_better")
    board = keeping.recompute()
    row = next(
        row for row in keeping.table(board, Choice()).document["rows"] if row["item"] == models[2].name
    )
    told, apart = client.get("/leaderboard/").text.split("Too few votes")
    assert models[2].short_name not in told
    assert models[2].short_name in apart
    assert f"<strong>{row['score']:.0f}</strong>" in apart
    assert "Too few votes" not in client.get("/leaderboard/?least=0").text
    assert client.get("/leaderboard/?least=100").text.count("fewer than 100") == 1
    lines = csv.DictReader(io.StringIO(client.get("/leaderboard/table.csv").getvalue().decode()))
    assert {line["item"]: line["too_few_votes"] for line in lines} == {
        model.name: str(int(model == models[2])) for model in models
    }
    # It decides what stands where, and no number: one table is kept.
    assert LeaderboardTable.objects.count() == 1


def test_filters_are_in_the_address_and_stay_chosen_and_hostile_ones_are_no_harm(client, board):
    page = client.get("/leaderboard/?ties=half&with=custom").text
    assert '<option value="half" selected>' in page
    assert re.search(r'value="custom"\s+id="with-custom"\s+checked', page)
    assert "table.csv?ties=half&amp;with=custom" in page
    assert "No vote is left" in client.get("/leaderboard/?language=xx").text
    assert "No vote is left" in client.get("/leaderboard/matrix/?language=xx").text
    hostile = {"language": "<script>" + "x" * 5000, "days": "9" * 400, "with": "'"}
    answer = client.get("/leaderboard/", hostile)
    assert answer.status_code == 200
    assert "<script>x" not in answer.text


def test_the_pairs_are_shown_with_wins_ties_and_losses(client, board, monkeypatch):
    page = client.get("/leaderboard/matrix/").text
    assert "2/1/1" in page
    assert "<strong>62 %</strong>" in page or "<strong>63 %</strong>" in page
    monkeypatch.setattr(shown, "MOST_PAIRS", 2)
    page = client.get("/leaderboard/matrix/").text
    assert "The 2 strongest of 3 models" in page
    assert page.count('<th scope="row">') == 2


def test_the_table_can_be_had_as_json_and_csv_and_the_votes_have_the_hash_that_is_shown(client, board):
    document = client.get("/leaderboard/table.json?ties=half").json()
    answer = client.get("/leaderboard/table.csv?ties=half")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert document["rows_sha256"] == board.rows_sha256
    assert (document["filters"], document["software"]) == ("ties=half", board.software)
    assert {(row["filters"], row["rows_sha256"], row["seed"], row["rows"]) for row in rows} == {
        ("ties=half", board.rows_sha256, str(board.seed), "12")
    }
    assert board.rows_sha256[:12] in answer["Content-Disposition"]
    assert [row["item"] for row in rows] == [row["item"] for row in document["rows"]]
    assert float(rows[0]["adjusted_score"]) == document["rows"][0]["adjusted"]["score"]
    votes = client.get("/leaderboard/votes.csv")
    assert hashlib.sha256(b"".join(votes.streaming_content)).hexdigest() == board.rows_sha256


def test_while_the_file_is_made_anew_the_known_table_stands_and_others_wait(client, board):
    keeping.rows_file(board).unlink()
    assert client.get("/leaderboard/").status_code == 200
    for path in ("/leaderboard/?ties=half", "/leaderboard/table.json?ties=half", "/leaderboard/votes.csv"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer["Retry-After"] == "600"


def test_an_address_can_have_few_tables_made_and_read_known_ones_freely(client, board, settings, monkeypatch):
    settings.RATE_LIMITS_ON = True
    monkeypatch.setattr("analysis.leaderboard.asking.MOST", 1)
    assert client.get("/leaderboard/?period=30").status_code == 200
    assert client.get("/leaderboard/?period=90").status_code == 503
    assert client.get("/leaderboard/?period=30").status_code == 200
    assert LeaderboardTable.objects.count() == 2


def test_what_cannot_be_costs_nothing_and_a_state_has_so_many_tables(client, board, monkeypatch):
    for number in range(5):
        assert client.get(f"/leaderboard/?topic=made-up-{number}&period=2020-01").status_code == 200
    assert LeaderboardTable.objects.count() == 1
    monkeypatch.setattr(keeping, "MOST_TABLES", 2)
    assert [client.get(f"/leaderboard/?period={days}").status_code for days in (30, 90, 30)] == [
        200,
        503,
        200,
    ]


def test_a_worker_makes_the_tables_of_many_votes_once(
    client, board, monkeypatch, django_capture_on_commit_callbacks
):
    asked: list[int] = []
    monkeypatch.setattr(keeping, "AT_ONCE", 5)
    monkeypatch.setattr(tasks.make_leaderboard_table, "delay", asked.append)
    with django_capture_on_commit_callbacks(execute=True):
        answers = [client.get(f"/leaderboard/{name}?ties=half") for name in ("", "", "matrix/", "table.csv")]
    assert [answer.status_code for answer in answers] == [202] * 4
    assert "is being computed" in answers[0].text
    assert answers[0]["Retry-After"] == "3"
    (pk,) = asked
    LeaderboardTable.objects.filter(pk=pk).update(asked_at=timezone.now() - 2 * keeping.LOST)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.get("/leaderboard/?ties=half").status_code == 202
    assert asked == [pk, pk]
    tasks.make_leaderboard_table(pk)
    assert client.get("/leaderboard/?ties=half").status_code == 200
    assert client.get("/leaderboard/table.json?ties=half").json()["ties"] == "half"
    assert client.get("/leaderboard/").status_code == 200


def test_models_never_compared_stand_in_tables_of_their_own(client):
    study, models = make_arena(4)
    for pair in (models[:2], models[2:]):
        for choice in ("a_better", "b_better"):
            vote_in(study, pair, choice)
    keeping.recompute()
    page = client.get("/leaderboard/?least=0").text
    assert page.count("Models by score, the strongest first</caption>") == 2
    assert "never compared with the others" in page


def test_scores_stand_against_price_energy_and_size_and_what_is_not_known_is_not_guessed(client):
    study, models = make_arena(4)
    for model, (billions, price, currency) in zip(
        models, [(7, "0.5", "EUR"), (70, "2", "EUR"), (400, "9", "USD"), (None, "0", "USD")], strict=True
    ):
        LanguageModel.objects.filter(pk=model.pk).update(
            billions=billions, price_out=price, currency=currency
        )
    for pair in combinations(models, 2):
        for choice in ("a_better", "b_better") * 6:
            vote_in(study, list(pair), choice)
    keeping.recompute()
    page = HTMLParser(client.get("/leaderboard/against/").text)
    price, energy, size = page.css("figure.board-figure")
    # Two have prices in euros, the third in dollars, which do not compare; three have sizes.
    assert [len(figure.css("circle")) for figure in (price, energy, size)] == [2, 3, 3]
    assert "EUR" in price.css_first("text.axis").text()
    assert len(energy.css("line.wide")) == 3
    rows = {
        row.css_first("th").text(): [cell.text() for cell in row.css("td")] for row in page.css("tbody tr")
    }
    assert "9" in rows[models[2].short_name][1]
    assert "USD" in rows[models[2].short_name][1]
    assert [" ".join(text.split()) for text in rows[models[3].short_name][1:]] == ["not known"] * 3
    low, high = rows[models[0].short_name][2].split()[0].split("–")
    assert 0 < float(low) < float(high)


def test_the_history_shows_lines_from_the_second_day_on_a_table_and_a_file(client, board):
    page = client.get("/leaderboard/history/").text
    assert "One day is kept so far" in page
    day = LeaderboardDay.objects.get()
    LeaderboardDay.objects.create(
        day=day.day - timedelta(days=2), leaderboard=board, scores=[{**day.scores[0], "score": 900.0}]
    )
    names = [row["item"] for row in day.scores]
    parsed = HTMLParser(client.get("/leaderboard/history/").text)
    lines = [one.attributes["points"] for one in parsed.css(".past polyline")]
    assert sorted(len(points.split()) for points in lines) == [1, 1, 2]
    assert [len(row.css("td")) for row in parsed.css("tbody tr")] == [3, 3]
    assert "900" in parsed.css("tbody tr")[1].text()
    one = HTMLParser(client.get("/leaderboard/history/", {"model": [names[1], "unheard of"]}).text)
    assert len(one.css(".past polyline")) == 1
    rows = list(csv.DictReader(io.StringIO(client.get("/leaderboard/history.csv").getvalue().decode())))
    assert [row["score"] for row in rows] == ["900.0", *(str(row["score"]) for row in day.scores)]
    assert {row["rows_sha256"] for row in rows} == {board.rows_sha256}


def test_votes_with_signs_of_a_machine_count_unless_a_reader_leaves_them_out(client):
    study, models = make_arena()
    some_votes(study, models)
    vote = vote_in(study, models[:2])
    VoteSignals.objects.create(vote=vote, found=["fast"], flagged=True, rules_version=1)
    keeping.recompute()
    assert client.get("/leaderboard/table.json").json()["votes"] == 13
    without = client.get("/leaderboard/table.json?without=flagged").json()
    assert (without["votes"], without["left_out"]["flagged"], without["filters"]) == (
        12,
        1,
        "without=flagged",
    )
    assert "signs of a machine" in client.get("/leaderboard/?without=flagged").text


def test_one_arena_can_be_had_by_itself_where_there_are_several(client):
    study, models = make_arena()
    some_votes(study, models)
    other = make_study(slug="schools", title="Arena of schools", questionnaire=None)
    vote_in(other, models[:2])
    assert keeping.recompute().rows_total == 12
    Portal.objects.create(
        host="schools.example", study=other, name="Schools", languages=["en"], language="en", is_active=True
    )
    assert keeping.recompute().rows_total == 13
    assert "Arena of schools (1)" in client.get("/leaderboard/").text
    assert client.get("/leaderboard/table.json?study=schools").json()["votes"] == 1
