"""The gate of a release: personal data in any text, whoever wrote it, is masked and counted."""

import json

import pytest

from conversations.models import Conversation, Feedback, Response, Turn
from conversations.privacy import versions
from conversations.privacy.checking import digest_of
from conversations.privacy.rules import Place
from surveys.erasure import append_only_lifted
from tests.analysis.releases import export_to, manifest_of, released
from tests.factories import make_conversation, make_enrolment, make_models, make_study, make_text_check

pytestmark = pytest.mark.django_db
EMAIL, PHONE = "amina.khan@orange.fr", "06 12 34 56 78"


@pytest.fixture
def study():
    """One person who wrote of themselves wherever one can write, and a model that quotes them."""
    study = make_study()
    person = make_enrolment(
        study,
        finished_survey=True,
        answers={
            "self_description": f"Write to {EMAIL}",
            "lm_usecases_text": {"other": f"Calling {PHONE}"},
        },
    )
    talk = make_conversation(person, models=make_models(2, study), turns=1)
    with append_only_lifted():
        Turn.objects.update(text=f"I am at {EMAIL}")
        Response.objects.update(text=f"So you are at {EMAIL}, or {PHONE}.")
        Feedback.objects.filter(conversation=talk).update(text=f"Pay me: {PHONE}")
    return study


def whole(directory):
    return "".join(path.read_text(encoding="utf-8") for path in directory.iterdir())


def test_without_rules_of_its_own_a_study_masks_every_kind_in_every_text(study, tmp_path):
    rows = released(tmp_path, study)
    assert EMAIL not in whole(tmp_path)
    assert PHONE not in whole(tmp_path)
    assert rows["survey"][0]["self_description"] == "Write to [EMAIL]"
    assert rows["survey"][0]["lm_usecases"]["other_text"] == "Calling [PHONE]"
    assert rows["conversations"][0]["opening_prompt"] == "I am at [EMAIL]"
    assert rows["conversations"][0]["open_feedback"] == "Pay me: [PHONE]"
    assert {row["model_response"] for row in rows["utterances"]} == {"So you are at [EMAIL], or [PHONE]."}


def test_the_manifest_counts_what_was_found_in_each_column(study, tmp_path):
    rows = released(tmp_path, study)
    told = manifest_of(tmp_path)["personal_data"]
    assert told["rules_version"] is None
    assert set(told["actions"].values()) == {"mask"}
    answers = len(rows["utterances"])
    assert told["texts"]["utterances.jsonl"]["model_response"] == {
        "looked_at": answers,
        "changed": answers,
        "left_out": 0,
        "warned": 0,
        "found": {"email": answers, "phone": answers},
    }
    assert told["texts"]["conversations.jsonl"]["open_feedback"]["found"] == {"phone": 1}


def test_rules_leave_a_kind_mark_it_or_leave_the_text_out(study, tmp_path):
    versions.store(study, {"export": {"email": "mark", "phone": "block"}}, None)
    rows = released(tmp_path, study)
    assert rows["conversations"][0]["opening_prompt"] == f"I am at {EMAIL}"
    assert rows["conversations"][0]["open_feedback"] is None
    assert {row["model_response"] for row in rows["utterances"]} == {None}
    told = manifest_of(tmp_path)["personal_data"]
    assert told["texts"]["conversations.jsonl"]["opening_prompt"]["found"] == {"email": 1}
    assert told["texts"]["conversations.jsonl"]["opening_prompt"]["changed"] == 0
    assert told["texts"]["conversations.jsonl"]["open_feedback"]["left_out"] == 1
    assert told["rules_version"] == 1


def test_a_kind_that_is_off_is_neither_masked_nor_counted(study, tmp_path):
    versions.store(study, {"export": {"email": "off"}}, None)
    rows = released(tmp_path, study)
    assert rows["conversations"][0]["opening_prompt"] == f"I am at {EMAIL}"
    told = manifest_of(tmp_path)["personal_data"]
    assert told["texts"]["conversations.jsonl"]["opening_prompt"]["found"] == {}


def test_a_de_identified_release_has_no_texts_to_look_at(study, tmp_path):
    released(tmp_path, study, is_full=False)
    assert manifest_of(tmp_path)["personal_data"]["texts"] == {}


def test_answers_go_through_the_same_gate_in_both_files(study, tmp_path):
    export_to(tmp_path, study, format="answers")
    assert EMAIL not in whole(tmp_path)
    assert PHONE not in whole(tmp_path)
    lines = (tmp_path / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    values = {row["question"]: row["value"] for row in map(json.loads, lines)}
    assert values["self_description"] == "Write to [EMAIL]"
    found = manifest_of(tmp_path)["personal_data"]["texts"]
    assert found["answers.csv"]["value"]["found"] == found["answers.jsonl"]["value"]["found"]
    assert found["answers.jsonl"]["value"]["found"]["email"] == 1


def flags_of(rows, name):
    return {
        row["column_id"]: row[name]
        for row in rows["metadata"]
        if row["column_id"] != "model_response" or row["utterance_id"] == "ut0"
    }


def test_flags_tell_of_personal_data_whatever_the_rules_do_about_it_and_nobody_looks_by_hand(study, tmp_path):
    versions.store(study, {"export": {"email": "off"}}, None)
    rows = released(tmp_path, study, is_full=False)
    assert flags_of(rows, "pii_flag") == {
        "model_response": True,
        "user_prompt": True,
        "open_feedback": True,
        "self_description": True,
        "system_string": False,
    }
    assert set(flags_of(rows, "pii_manual_flag").values()) == {None}
    assert "pii_flag" not in manifest_of(tmp_path)["not_computed"]["metadata.jsonl"]


def test_a_text_that_was_masked_before_it_was_sent_is_flagged_and_has_its_scores(study, tmp_path):
    talk = Conversation.objects.get()
    with append_only_lifted():
        Turn.objects.update(text="I am at [EMAIL]")
        Feedback.objects.update(text="All well.")
    make_text_check(
        talk,
        turn=talk.turns.get(),
        moderation="answered",
        scores={"hate": 0.7261, "violence": 0.0049},
        flagged={"hate": "log"},
    )
    other = {"place": "feedback", "kinds": {}, "moderation": "answered"}
    said = digest_of(talk, Place.FEEDBACK, "All well.")
    make_text_check(
        talk, **other, outcome="warned", digest=said, scores={"hate": 0.9}, flagged={"hate": "warn"}
    )
    make_text_check(talk, **other, outcome="clean", digest="another text", scores={"hate": 0.5})
    make_text_check(talk, **other, outcome="clean", digest=said, scores={"hate": 0.011})
    rows = released(tmp_path, study)
    flags = flags_of(rows, "moderation_flag")
    assert flags["user_prompt"] == {
        "flagged": True,
        "categories": {"hate": True, "violence": False},
        "category_scores": {"hate": 0.73, "violence": 0.0},
    }
    assert flags["open_feedback"] == {
        "flagged": False,
        "categories": {"hate": False},
        "category_scores": {"hate": 0.01},
    }
    assert [flags[name] for name in ("model_response", "self_description")] == [None, None]
    assert flags_of(rows, "pii_flag")["user_prompt"] is True
    assert flags_of(rows, "pii_flag")["open_feedback"] is False
