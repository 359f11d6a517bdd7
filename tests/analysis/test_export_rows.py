"""What the rows of an export say."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.models import Choice, Rating, Response, Turn
from surveys.models import Enrolment
from tests.analysis.releases import manifest_of, released, study_with_talks
from tests.factories import (
    make_conversation,
    make_enrolment,
    make_models,
    make_response,
    make_study,
    make_turn,
    submit_page,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study()


def only_survey_row(tmp_path, study, **answers):
    make_enrolment(study, finished_survey=True, answers=answers)
    return released(tmp_path, study)["survey"][0]


def test_choices_are_released_under_their_published_labels(study, tmp_path):
    row = only_survey_row(tmp_path, study)
    assert row["employment_status"] == "Unemployed, seeking work"
    assert row["education"] == "Vocational"
    assert row["marital_status"] == "Divorced / Separated"
    assert row["consent"] == "Yes, I consent to take part"
    assert row["consent_age"] == "I certify that I am 18 years of age or over"
    assert row["study_id"] == "panelstudy1"
    assert row["study_locale"] == "uk"


def test_use_cases_are_marked_chosen_or_not_with_the_text_typed_beside_other(study, tmp_path):
    cases = only_survey_row(tmp_path, study)["lm_usecases"]
    assert {key for key, value in cases.items() if value == 1} == {"research", "well-being_guidance", "other"}
    assert {cases[key] for key in cases if key != "other_text"} == {0, 1}
    assert cases["other_text"] == "Naming my plants"


def test_questions_that_were_not_shown_are_null(study, tmp_path):
    row = only_survey_row(tmp_path, study, lm_indirect_use="No", lm_direct_use="No")
    assert row["lm_frequency_use"] is None
    assert set(row["lm_usecases"].values()) == {None}
    assert set(row["order_lm_usecases"].values()) == {None}
    assert row["lm_indirect_use"] == "No"


def test_orders_are_the_places_at_which_items_were_shown(study, tmp_path):
    person = make_enrolment(study, finished_survey=True)
    row = released(tmp_path, study)["survey"][0]
    shown = person.presentations.get(question="stated_prefs").order
    assert sorted(row["order_stated_prefs"], key=row["order_stated_prefs"].get) == shown
    assert sorted(row["order_stated_prefs"].values()) == list(range(1, 10))
    assert row["order_stated_prefs"]["other"] == 9
    assert row["order_lm_usecases"]["other"] == 19


def test_an_untouched_slider_is_null_and_never_a_number(study, tmp_path):
    preferences = only_survey_row(tmp_path, study)["stated_prefs"]
    assert preferences["other"] is None
    assert preferences["helpfulness"] == 96


def test_birth_and_residence_are_told_with_their_regions(study, tmp_path):
    assert only_survey_row(tmp_path, study)["location"] == {
        "birth_country": "India",
        "birth_countryISO": "IND",
        "birth_region": "Asia",
        "birth_subregion": "Southern Asia",
        "reside_country": "United Kingdom",
        "reside_region": "Europe",
        "reside_subregion": "Northern Europe",
        "reside_countryISO": "GBR",
        "same_birth_reside_country": "No",
        "special_region": "Asia",
    }


@pytest.mark.parametrize(
    ("birth", "reside", "same", "region"),
    [
        ("USA", "USA", "Yes", "US"),
        ("GBR", "USA", "No", "UK"),
        ("ISR", "ISR", "Yes", "Middle East"),
        ("Prefer not to say", "GBR", "Prefer not to say", "Prefer not to say"),
        ("MEX", "Prefer not to say", "Prefer not to say", "Latin America and the Caribbean"),
    ],
)
def test_a_declined_country_makes_the_comparison_declined(study, tmp_path, birth, reside, same, region):
    location = only_survey_row(tmp_path, study, birth_country=birth, reside_country=reside)["location"]
    assert location["same_birth_reside_country"] == same
    assert location["special_region"] == region


def test_own_words_wait_for_coding_and_declining_needs_none(study, tmp_path):
    row = only_survey_row(tmp_path, study, gender="Prefer to self-describe", gender_text={"x": "y"})
    assert row["ethnicity"] == {"self_described": "British Indian", "categorised": None, "simplified": None}
    assert row["religion"] == dict.fromkeys(row["religion"], "Prefer not to say")
    assert row["gender"] is None
    assert "gender" in manifest_of(tmp_path)["not_computed"]["survey.jsonl"]


def test_no_affiliation_is_in_the_persons_words_and_not_coded(study, tmp_path):
    religion = only_survey_row(tmp_path, study, religion="No affiliation")["religion"]
    assert religion == {"self_described": "no affiliation", "categorised": None, "simplified": None}


def test_the_answer_submitted_last_counts(study, tmp_path):
    person = make_enrolment(study, finished_survey=True)
    submit_page(person, person.devices.get(), "person", {"age": "65+ years old", "gender": "Male"})
    row = released(tmp_path, study)["survey"][0]
    assert (row["age"], row["gender"]) == ("65+ years old", "Male")


def test_survey_times_run_from_arrival_to_the_last_page(study, tmp_path):
    person = make_enrolment(study, finished_survey=True)
    person.survey_finished_at = person.arrived_at + timedelta(minutes=20, seconds=30)
    person.save()
    row = released(tmp_path, study)["survey"][0]
    assert row["timing_duration_s"] == 1230
    assert row["timing_duration_mins"] == 20.5
    assert row["generated_datetime"] == person.survey_finished_at.strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    "outcome", ["screened_out", "quota_full", "no_consent", "failed_checks", "withdrawn"]
)
def test_people_who_were_turned_away_or_withdrew_are_left_out(study, tmp_path, outcome):
    make_enrolment(study, finished_survey=True, outcome=outcome, outcome_at=timezone.now())
    assert released(tmp_path, study)["survey"] == []


def test_people_who_did_not_finish_the_survey_or_were_erased_are_left_out(study, tmp_path):
    make_enrolment(study)
    erased = make_enrolment(study, finished_survey=True)
    erased.participant.erased_at = timezone.now()
    erased.participant.save()
    finished = make_enrolment(study, finished_survey=True)
    assert [row["user_id"] for row in released(tmp_path, study)["survey"]] == [finished.code]


def test_test_data_come_only_when_asked_for(study, tmp_path):
    make_enrolment(study, finished_survey=True, is_test=True)
    assert released(tmp_path / "without", study)["survey"] == []
    assert len(released(tmp_path / "with", study, include_test=True)["survey"]) == 1
    assert manifest_of(tmp_path / "with")["filters"]["include_test"] is True


def test_people_of_other_studies_are_not_in_it(study, tmp_path):
    make_conversation(make_enrolment(make_study(), finished_survey=True))
    assert all(not rows for rows in released(tmp_path, study).values())


def test_only_complete_conversations_count(study, tmp_path):
    person = make_enrolment(study, finished_survey=True)
    models = make_models(4)
    kept = make_conversation(person, models=models)
    make_conversation(person, models=models, complete=False)
    rows = released(tmp_path, study)
    assert [row["conversation_id"] for row in rows["conversations"]] == [kept.code]
    assert rows["survey"][0]["num_completed_conversations"] == 1
    assert rows["survey"][0]["survey_only"] is False


def test_a_conversation_tells_its_history_feedback_and_time(study, tmp_path):
    models = make_models(4, study)
    make_conversation(
        make_enrolment(study, finished_survey=True), models=models, turns=2, type="values guided"
    )
    (row,) = released(tmp_path, study)["conversations"]
    assert row["conversation_type"] == "values guided"
    assert row["opening_prompt"] == "What should I think about question number 0?"
    assert row["conversation_turns"] == 2
    assert [(item["turn"], item["role"]) for item in row["conversation_history"]] == (
        [(0, "user")] + [(0, "model")] * 4 + [(1, "user")] + [(1, "model")] * 2
    )
    answer = row["conversation_history"][2]
    assert answer["model_name"] == models[1].name
    assert answer["model_provider"] == "fake_works"
    assert (answer["score"], answer["if_chosen"], answer["within_turn_id"]) == (80, False, 1)
    assert row["performance_attributes"]["values"] == 60
    assert row["performance_attributes"]["diversity"] is None
    assert row["choice_attributes"]["safety"] is None
    assert row["open_feedback"] == "The first answer was clear and to the point."
    assert (row["timing_duration_s"], row["timing_duration_mins"]) == (570, 9.5)


def test_exactly_one_answer_is_chosen_in_every_turn_even_when_texts_are_the_same(study, tmp_path):
    talk = make_conversation(make_enrolment(study, finished_survey=True), turns=3)
    Response.objects.filter(turn__conversation=talk).update(text="The same words.")
    chosen: dict[str, int] = {}
    for row in released(tmp_path, study)["utterances"]:
        chosen[row["interaction_id"]] = chosen.get(row["interaction_id"], 0) + row["if_chosen"]
    assert list(chosen.values()) == [1, 1, 1]


def test_failed_and_replaced_answers_are_left_out_and_cut_ones_kept(study, tmp_path):
    models = make_models(5, study)
    talk = make_conversation(make_enrolment(study, finished_survey=True), models=models[:1], turns=1)
    turn = talk.turns.get()
    make_response(turn, "B", models[1], state=Response.State.FAILED, text="", failure="timeout")
    make_response(turn, "C", models[2], state=Response.State.FAILED, text="It broke off", failure="cut")
    make_response(turn, "D", models[3], is_replaced=True)
    make_response(turn, "D", models[4], text="The one that came instead.")
    rows = released(tmp_path, study)["utterances"]
    assert [(row["within_turn_id"], row["model_name"], row["score"]) for row in rows] == [
        (0, models[0].name, 90),
        (1, models[2].name, None),
        (2, models[4].name, None),
    ]
    assert rows[1]["model_response"] == "It broke off"


def test_an_untouched_rating_is_null(study, tmp_path):
    talk = make_conversation(make_enrolment(study, finished_survey=True), turns=1, models=make_models(1))
    turn = Turn.objects.create(conversation=talk, number=1, key="k", text="And then?")
    response = make_response(turn, "A", make_models(1)[0])
    Rating.objects.create(response=response, score=None)
    Choice.objects.create(turn=turn, response=response, rule="random")
    rows = released(tmp_path, study)["utterances"]
    assert [row["score"] for row in rows] == [90, None]


def test_a_turn_in_which_no_model_answered_is_left_out_and_the_rest_renumbered(study, tmp_path):
    models = make_models(2, study)
    talk = make_conversation(make_enrolment(study, finished_survey=True), models=models, turns=1)
    silent = Turn.objects.create(conversation=talk, number=1, key="silent", text="Anybody?")
    make_response(silent, "A", models[0], state=Response.State.FAILED, text=" \n", failure="timeout")
    make_turn(talk, 2, models)
    rows = released(tmp_path, study)
    assert rows["conversations"][0]["conversation_turns"] == 2
    assert {row["turn"] for row in rows["utterances"]} == {0, 1}
    assert {row["interaction_id"] for row in rows["utterances"]} == {"int0", "int1"}


def test_interactions_are_numbered_by_conversation_codes_read_as_text(study, tmp_path):
    models = make_models(1, study)
    person = make_enrolment(study, finished_survey=True)
    for number in (9, 10, 100):
        make_conversation(person, models=models, turns=2, number=number)
    found = {
        (row["conversation_id"], row["turn"]): row["interaction_id"]
        for row in released(tmp_path, study)["utterances"]
    }
    assert found == {
        ("c10", 0): "int0",
        ("c10", 1): "int1",
        ("c100", 0): "int2",
        ("c100", 1): "int3",
        ("c9", 0): "int4",
        ("c9", 1): "int5",
    }


def test_all_ids_join(tmp_path):
    study, _ = study_with_talks()
    rows = released(tmp_path, study)
    users = {row["user_id"] for row in rows["survey"]}
    talks = {row["conversation_id"]: row for row in rows["conversations"]}
    utterances = {row["utterance_id"]: row for row in rows["utterances"]}
    names = {row["long_name"] for row in rows["models"]}
    assert [row["utterance_id"] for row in rows["utterances"]] == [f"ut{n}" for n in range(len(utterances))]
    for row in rows["utterances"]:
        talk = talks[row["conversation_id"]]
        assert talk["user_id"] == row["user_id"]
        assert row["user_id"] in users
        assert row["model_name"] in names
        item = next(
            item
            for item in talk["conversation_history"]
            if (item["turn"], item.get("within_turn_id")) == (row["turn"], row["within_turn_id"])
        )
        assert (item["content"], item["score"]) == (row["model_response"], row["score"])
    for row in rows["metadata"]:
        assert row["user_id"] in users
        assert row["conversation_id"] in {None, *talks}
        assert row["utterance_id"] in {None, *utterances}
        assert row["interaction_id"] in {None, *(u["interaction_id"] for u in utterances.values())}


def test_metadata_has_one_row_for_every_text_with_its_language(tmp_path):
    study, talker = study_with_talks()
    Enrolment.objects.exclude(pk=talker.pk).update(is_test=True)
    talk = talker.conversations.first()
    Response.objects.filter(turn=talk.turns.first(), slot="B").update(
        text="Je ne sais pas encore ce que nous allons faire de toutes ces questions."
    )
    Response.objects.filter(turn=talk.turns.first(), slot="C").update(text="42")
    rows = released(tmp_path, study)
    counted: dict[str, int] = {}
    for row in rows["metadata"]:
        counted[row["column_id"]] = counted.get(row["column_id"], 0) + 1
    assert counted == {
        "model_response": len(rows["utterances"]),
        "user_prompt": 5,
        "open_feedback": 2,
        "self_description": 1,
        "system_string": 1,
    }
    answers = {row["utterance_id"]: row["model_response"] for row in rows["utterances"]}
    flags = {
        answers.get(row["utterance_id"]): (row["language_flag"], row["en_flag"]) for row in rows["metadata"]
    }
    assert flags["Je ne sais pas encore ce que nous allons faire de toutes ces questions."] == ("fr", False)
    assert flags["42"] == (None, None)
    assert ("en", True) in flags.values()


def test_what_is_not_measured_is_null_and_listed(tmp_path):
    study, _ = study_with_talks()
    rows = released(tmp_path, study)
    listed = manifest_of(tmp_path)["not_computed"]
    for row in rows["metadata"]:
        assert [row["pii_manual_flag"], row["moderation_flag"]] == [None, None]
    for row in rows["survey"]:
        assert [row["included_in_US_REP"], row["included_in_UK_REP"]] == [None, None]
    assert {"pii_manual_flag"} <= listed["metadata.jsonl"].keys()
    assert {"included_in_US_REP", "ethnicity.categorised"} <= listed["survey.jsonl"].keys()


def test_models_are_those_of_the_pool_and_those_that_answered(study, tmp_path):
    in_pool, answered, _ = make_models(1, study), make_models(1), make_models(1)
    in_pool[0].is_open_access = True
    in_pool[0].save()
    make_conversation(make_enrolment(study, finished_survey=True), models=answered)
    rows = {row["long_name"]: row for row in released(tmp_path, study)["models"]}
    assert rows.keys() == {in_pool[0].name, answered[0].name}
    assert rows[in_pool[0].name]["model_provider_type"] == "Open Access"
    assert rows[in_pool[0].name]["in_yaml"] == "Yes"
    assert rows[answered[0].name]["model_provider_type"] == "Commerical"
    assert rows[answered[0].name]["in_yaml"] == "No"
    assert rows[answered[0].name]["model_provider"] == "Fake-Works"
    assert rows[answered[0].name]["selected_params"] == {"temperature": "1.0"}
