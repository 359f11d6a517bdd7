"""Coded self-descriptions in the survey file of an export."""

import pytest

from surveys.coding import schemes, texts
from tests.analysis.releases import manifest_of, released
from tests.factories import make_enrolment, make_member, make_study

pytestmark = pytest.mark.django_db
OWN = "Self-describe [please type]"


def code(study, key: str, *categories: str) -> None:
    row = schemes.current(key)
    answer = texts.to_code(study, row).get()
    for category in categories:
        texts.code(study, row, answer, make_member(study), category)


def survey_row(tmp_path, study):
    return released(tmp_path, study)["survey"][0]


def test_a_decided_text_is_released_with_its_category_and_the_coarser_one(tmp_path):
    study = make_study()
    make_enrolment(study, finished_survey=True, answers={"ethnicity_text": {OWN: "Persian"}})
    code(study, "ethnicity", "Middle Eastern / Arab", "Middle Eastern / Arab")
    assert survey_row(tmp_path, study)["ethnicity"] == {
        "self_described": "Persian",
        "categorised": "Middle Eastern / Arab",
        "simplified": "Other",
    }
    schemes_used = manifest_of(tmp_path)["versions"]["coding_schemes"]
    assert [(scheme["key"], scheme["version"]) for scheme in schemes_used] == [("ethnicity", 1)]


def test_one_code_or_two_that_differ_release_nothing(tmp_path):
    study = make_study()
    make_enrolment(study, finished_survey=True)
    code(study, "ethnicity", "Asian", "Mixed")
    assert survey_row(tmp_path, study)["ethnicity"]["categorised"] is None


def test_a_coded_gender_is_released_like_a_chosen_one(tmp_path):
    study = make_study()
    described = {"gender": "Prefer to self-describe", "gender_text": {"Prefer to self-describe": "enby"}}
    make_enrolment(study, finished_survey=True, answers=described)
    code(study, "gender", *["Non-binary / third gender"] * 2)
    assert survey_row(tmp_path, study)["gender"] == "Non-binary / third gender"
