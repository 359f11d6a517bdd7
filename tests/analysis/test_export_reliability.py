"""Feedback, second ratings and common messages in the long form of an export, and what PRISM’s form says."""

import json

import pytest

from analysis.exports import jobs
from analysis.exports.release import Scope
from conversations.models import Repeat
from conversations.repeats import again
from tests.conversations.talking import come_in, make_talk_study, post, reach_feedback
from tests.conversations.test_reliability import ONE_TYPE, second

pytestmark = pytest.mark.django_db
TAX = {"key": "tax", "texts": {"en": "Is it fair to tax wealth?"}}
OWN = [{"key": "remark", "type": "text", "text": "Anything else?", "required": False}]


@pytest.fixture
def study():
    made = make_talk_study(
        types=ONE_TYPE,
        turns__minimum=1,
        opening__models=2,
        repeats={"chance": 1, "most": 1},
        overlap={"chance": 1, "messages": [TAX]},
        system="Be brief.",
        feedback__blocks=OWN,
    )
    person = come_in(made)
    talk = reach_feedback(person, made)
    fields = {"open_feedback": "Fair", "performance.values": "9", "remark": "mail me: ann@example.org"}
    assert post(person, talk, "feedback", **fields).status_code == 302
    repeat = Repeat.objects.get()
    person.post(second(made), {"turn": repeat.pk, "score-A": 30, "score-B": 70})
    made.enrolments.update(survey_finished_at=talk.started_at)
    return made


def exported(study, form: str, folder, **scope) -> dict:
    """The manifest and the rows of each file."""
    export = jobs.request_export(Scope(study=study, format=form, **scope), None, source=jobs.BY_COMMAND)
    assert jobs.run(export.pk, folder).state == "done"
    found = {"manifest": json.loads((folder / "manifest.json").read_text())}
    for path in folder.glob("*.jsonl"):
        found[path.name] = [json.loads(line) for line in path.read_text().splitlines()]
    return found


def test_all_of_it_stands_in_the_long_form_and_in_no_other_count(study, tmp_path):
    long = exported(study, "answers", tmp_path / "long")
    given = {(row["block"], row["item"]): row for row in long["feedback.jsonl"]}
    assert (given["performance", "values"]["value"], given["choice", "values"]["status"]) == (9, "untouched")
    assert given["open", None]["text"] == "Fair"
    assert "ann@example.org" not in given["remark", None]["text"]  # the gate masks it
    assert given["remark", None]["value"] is None
    shown = again(Repeat.objects.get())
    rows = {row["slot_second"]: row for row in long["second_ratings.jsonl"]}
    assert {slot: row["score_second"] for slot, row in rows.items()} == {"A": 30, "B": 70}
    assert {slot: row["model"] for slot, row in rows.items()} == {r.slot: r.model.name for r in shown}
    assert rows["A"]["score_first"] == shown[0].rating.score
    [talk] = {row["conversation"] for row in long["feedback.jsonl"]}
    assert {row["repeat_of"] for row in rows.values()} == {row["after"] for row in rows.values()} == {talk}
    [opening] = long["openings.jsonl"]
    assert (opening["key"], opening["chance"], opening["pool"]) == ("tax", 1.0, ["tax"])

    prism = exported(study, "prism", tmp_path / "prism")
    assert [len(prism[name]) for name in ("conversations.jsonl", "utterances.jsonl")] == [1, 2]
    counted = prism["manifest"]["reliability"]
    assert (counted["second_ratings"], counted["conversations_with_a_common_message"]) == (2, 1)
    [told] = prism["manifest"]["system_prompts"]
    assert (told["text"], told["type"], told["language"]) == ("Be brief.", "unguided", "en")


def test_a_de_identified_export_has_no_words_of_people(study, tmp_path):
    long = exported(study, "answers", tmp_path / "long", is_full=False)
    assert {row["text"] for row in long["feedback.jsonl"]} == {None}
    assert {row["block"] for row in long["feedback.jsonl"]} == {"performance", "choice", "open", "remark"}
