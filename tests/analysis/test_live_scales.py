"""The live picture of a study whose scale changed: figures of the newest scale alone, in its own terms."""

import pytest

from analysis.live import model_table
from conversations.studies import load_protocol
from surveys.models.people import Role
from tests.conversations.talking import answer, begin, come_in, make_talk_study, page, post, rules, say
from tests.factories import make_member

pytestmark = pytest.mark.django_db
LIKERT = {"kind": "likert", "points": 5, "low": "Bad", "high": "Good"}
PAIR = {"kind": "pairwise", "ties": ["equal"]}


def rated(study, **given):
    """Somebody new says what they think of the answers to a message; gives the model of each slot."""
    client = come_in(study)
    talk = begin(client, study)
    turn = say(client, talk)
    answer(turn)
    page(client, talk)
    assert post(client, talk, "rate", turn=0, **given).status_code == 302
    return dict(turn.responses.values_list("slot", "model__name"))


def test_scores_are_of_the_newest_scale_and_of_compared_answers_how_often_each_was_best(client, monkeypatch):
    monkeypatch.setattr("analysis.live.remembered", lambda key, count: count())
    study = make_talk_study(models=2, opening__models=2)
    rated(study, **{"score-A": 90, "score-B": 10})
    load_protocol(study, rules(opening__models=2, rating=LIKERT))
    slots = rated(study, **{"score-A": 5, "score-B": 2})
    table = model_table(study)
    assert (table.scale.kind, table.scale.maximum) == ("likert", 5)
    assert {row.name: (row.score, row.ratings) for row in table.rows} == {
        slots["A"]: (5, 1),
        slots["B"]: (2, 1),
    }
    load_protocol(study, rules(opening__models=2, rating=PAIR, tie="random"))
    best = rated(study, best="A")["A"]
    rated(study, best="equal")
    rows = {row.name: row for row in model_table(study).rows}
    assert {row.compared for row in rows.values()} == {1}
    assert [name for name, row in rows.items() if row.best_rate and row.best_rate.percent == 100] == [best]
    client.force_login(make_member(study, Role.ANALYST))
    html = client.get(f"/coordinate/studies/{study.slug}/").content.decode()
    assert "Found best" in html
    assert "Mean score<" not in html
