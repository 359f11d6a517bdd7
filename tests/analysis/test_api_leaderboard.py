"""The leaderboard over the API: open to all, the same numbers as the page, and where they come from."""

import pytest
from django.test import Client

from analysis.leaderboard import keeping
from tests.analysis.arena_votes import make_arena, some_votes, vote_in
from tests.surveys.programs import asked, assert_problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def board(tmp_path, settings):
    settings.EXPORT_DIR = tmp_path
    study, models = make_arena()
    some_votes(study, models)
    vote_in(study, models[:2], "b_better", leaked_a=True, language="fr")
    return keeping.recompute()


def test_scores_matrix_and_origin_are_those_of_the_page_and_need_no_token(board):
    page = Client().get("/leaderboard/table.json").json()
    said = asked("leaderboard/").json()
    assert said["rows"] == page["rows"]
    assert (said["style"], said["minimum_votes"]) == (page["style"], page["minimum_votes"])
    assert (said["votes"], said["all_votes"], said["left_out"]["leaked"]) == (12, 13, 1)
    origin = said["origin"]
    assert (origin["rows"], origin["rows_sha256"], origin["seed"]) == (13, board.rows_sha256, board.seed)
    matrix = asked("leaderboard/matrix/").json()
    assert {name: matrix[name] for name in page["matrix"]} == page["matrix"]
    days = asked("leaderboard/history/").json()["results"]
    assert [(day["rows_sha256"], len(day["scores"])) for day in days] == [(board.rows_sha256, 3)]
    method = asked("leaderboard/method/").json()
    assert method["origin"] == origin
    assert Client().get(method["votes"]).status_code == Client().get(method["page"]).status_code == 200


def test_filters_are_those_of_the_page_and_a_wrong_one_is_named(board):
    everything = asked("leaderboard/", **{"with": "leaked"}).json()
    assert (everything["votes"], everything["filters"]) == (13, "with=leaked")
    french = asked("leaderboard/", language="fr", **{"with": "leaked"}).json()
    assert (french["votes"], {row["n"] for row in french["rows"]}) == (1, {1})
    assert asked("leaderboard/", language="fr").json()["rows"] == []
    for wrong in ({"period": "31"}, {"ties": "none"}, {"with": "nothing"}, {"langage": "fr"}):
        assert assert_problem(asked("leaderboard/", **wrong), 400)["errors"].keys() == wrong.keys()


def test_there_is_none_before_the_first_and_an_address_has_its_rate(settings, board):
    settings.RATE_LIMITS_ON, settings.API_RATE = True, "2/min"
    assert [asked("leaderboard/method/").status_code for _ in range(3)] == [200, 200, 429]
    settings.RATE_LIMITS_ON = False
    board.delete()
    for rest in ("", "matrix/", "method/"):
        assert_problem(asked(f"leaderboard/{rest}"), 404)
    assert_problem(asked("leaderboard/", "prism_UNKNOWN"), 401)
