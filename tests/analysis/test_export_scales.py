"""An export in PRISM's format of a study whose answers were not rated by sliders, or not by them alone."""

import json

import pytest

from conversations.studies import load_protocol
from tests.analysis.releases import manifest_of, released, study_with_talks
from tests.conversations.talking import (
    answer,
    begin,
    come_in,
    enrolment_of,
    make_talk_study,
    post,
    rules,
    say,
)

pytestmark = pytest.mark.django_db
RANKING = {"kind": "ranking"}


def one_talk(study, **given):
    """Somebody who rated one message and is done."""
    client = come_in(study)
    talk = begin(client, study)
    answer(say(client, talk))
    assert post(client, talk, "rate", turn=0, **given).status_code == 302
    post(client, talk, "finish")
    post(client, talk, "feedback", open_feedback="Good.")
    enrolment = enrolment_of(client, study)
    type(enrolment).objects.filter(pk=enrolment.pk).update(survey_finished_at=enrolment.arrived_at)


def test_scores_are_those_of_sliders_and_all_else_is_in_a_file_of_its_own(tmp_path):
    study = make_talk_study(models=2, opening__models=2, turns__minimum=1)
    one_talk(study, **{"score-A": 30, "score-B": 60})
    load_protocol(study, rules(opening__models=2, turns__minimum=1, rating=RANKING))
    one_talk(study, **{"place-A": 2, "place-B": 1})
    pair = {"kind": "pairwise", "ties": ["both_bad"]}
    load_protocol(study, rules(opening__models=2, turns__minimum=1, rating=pair, tie="random"))
    one_talk(study, best="both_bad")
    likert = {"kind": "likert", "points": 5, "low": "Bad", "high": "Good"}
    load_protocol(study, rules(opening__models=2, turns__minimum=1, rating=likert))
    one_talk(study, **{"score-A": 5, "score-B": 1})
    rows = released(tmp_path, study)
    assert sorted(row["score"] or 0 for row in rows["utterances"]) == [0, 0, 0, 0, 0, 0, 30, 60]
    assert all(
        item["score"] in {None, 30, 60}
        for row in rows["conversations"]
        for item in row["conversation_history"]
        if item["role"] == "model"
    )
    ratings = [json.loads(line) for line in (tmp_path / "ratings.jsonl").read_text().splitlines()]
    assert {row["utterance_id"] for row in ratings} == {row["utterance_id"] for row in rows["utterances"]}
    said = {(r["scale"], r["minimum"], r["maximum"], r["score"], r["place"], r["tie"]) for r in ratings}
    assert said == {
        ("slider", 1, 100, 30, None, None),
        ("slider", 1, 100, 60, None, None),
        ("ranking", None, None, None, 1, None),
        ("ranking", None, None, None, 2, None),
        ("pairwise", None, None, None, 1, "both_bad"),
        ("likert", 1, 5, 5, None, None),
        ("likert", 1, 5, 1, None, None),
    }
    manifest = manifest_of(tmp_path)
    assert manifest["files"]["ratings.jsonl"]["rows"] == 8
    assert any("ratings.jsonl" in note for note in manifest["notes"])
    chosen = [row["conversation_id"] for row in rows["utterances"] if row["if_chosen"]]
    assert len(chosen) == len(set(chosen)) == 4


def test_a_study_of_sliders_has_prisms_files_and_no_others(tmp_path):
    study, _talker = study_with_talks()
    released(tmp_path, study)
    assert not (tmp_path / "ratings.jsonl").exists()
    assert not any("ratings.jsonl" in note for note in manifest_of(tmp_path)["notes"])
