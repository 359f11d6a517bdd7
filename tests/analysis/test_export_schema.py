"""Every row of every file against PRISM's schema: key order, types, values, nulls only where announced."""

import json
import re
from pathlib import Path

import pytest

from tests.analysis.releases import manifest_of, released, study_with_talks

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "prism" / "export_schema.json"
# What the published schema lists from one study: ours may have other hosts and more conversations.
FREE = {"model_provider", "num_completed_conversations"}
TYPES = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "number": (int, float),
    "object": dict,
    "array": list,
}
KEYS = {
    "survey": """user_id survey_only num_completed_conversations consent consent_age lm_familiarity
        lm_indirect_use lm_direct_use lm_frequency_use self_description system_string age gender
        employment_status education marital_status english_proficiency study_id study_locale religion
        ethnicity location lm_usecases stated_prefs order_lm_usecases order_stated_prefs generated_datetime
        timing_duration_s timing_duration_mins included_in_US_REP included_in_UK_REP
        included_in_balanced_subset""",
    "conversations": """conversation_id user_id conversation_type opening_prompt conversation_turns
        conversation_history performance_attributes choice_attributes open_feedback generated_datetime
        timing_duration_s timing_duration_mins included_in_balanced_subset""",
    "utterances": """utterance_id interaction_id conversation_id user_id turn within_turn_id conversation_type
        user_prompt model_response model_name model_provider score if_chosen included_in_balanced_subset""",
    "metadata": """column_id user_id conversation_id interaction_id utterance_id pii_flag pii_manual_flag
        language_flag en_flag moderation_flag""",
    "models": """long_name short_name longcode model_family model_provider model_provider_type model_type
        default_params selected_params header link in_yaml params_tested endpoint_live status""",
}
HISTORY_KEYS = "turn role content model_provider model_name score if_chosen within_turn_id"
NESTED = {
    "religion": "self_described categorised simplified",
    "ethnicity": "self_described categorised simplified",
    "location": """birth_country birth_countryISO birth_region birth_subregion reside_country reside_region
        reside_subregion reside_countryISO same_birth_reside_country special_region""",
    "lm_usecases": """homework_assistance research source_suggestions professional_work creative_writing
        casual_conversation personal_recommendations daily_productivity technical_or_programming_help
        travel_guidance lifestyle_and_hobbies well-being_guidance medical_guidance financial_guidance games
        historical_or_news_insight relationship_advice language_learning other other_text""",
    "stated_prefs": "values creativity fluency factuality diversity safety personalisation helpfulness other "
    "other_text",
    "order_lm_usecases": """homework_assistance research source_suggestions professional_work creative_writing
        casual_conversation personal_recommendations daily_productivity technical_or_programming_help
        travel_guidance lifestyle_and_hobbies well-being_guidance medical_guidance financial_guidance games
        historical_or_news_insight relationship_advice language_learning other""",
    "order_stated_prefs": "values creativity fluency factuality diversity safety personalisation helpfulness "
    "other",
    "performance_attributes": "values fluency factuality safety diversity creativity helpfulness",
    "choice_attributes": "values fluency factuality safety diversity creativity helpfulness",
}


@pytest.fixture
def release(db, tmp_path):
    study, _ = study_with_talks()
    return released(tmp_path, study), manifest_of(tmp_path)


def test_every_row_has_the_keys_of_the_release_in_its_order(release):
    rows, _ = release
    for name, keys in KEYS.items():
        assert rows[name]
        assert {tuple(row) for row in rows[name]} == {tuple(keys.split())}


def test_every_nested_object_has_the_keys_of_the_release_in_its_order(release):
    rows, _ = release
    for row in rows["survey"] + rows["conversations"]:
        for column in NESTED.keys() & row.keys():
            assert list(row[column]) == NESTED[column].split(), column


def test_items_of_a_history_have_exactly_the_keys_of_their_role(release):
    rows, _ = release
    roles = {
        item["role"]: list(item) for row in rows["conversations"] for item in row["conversation_history"]
    }
    assert roles == {
        "user": ["turn", "role", "content"],
        "model": HISTORY_KEYS.split(),
    }


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published schema is not on this machine")
def test_every_value_fits_the_published_schema(release):
    rows, manifest = release
    for file, schema in json.loads(PUBLISHED.read_text())["files"].items():
        name = file.removesuffix(".jsonl")
        assert KEYS[name].split() == [column["name"] for column in schema["columns"]]
        announced = {*manifest["not_computed"].get(file, {}), *manifest["null_means"].get(file, {})}
        for row in rows[name]:
            for column in schema["columns"]:
                check(row[column["name"]], column, column["name"], announced)


def check(value, column, path, announced):
    if value is None:
        parent = path.rpartition(".")[0]
        assert path in announced or f"{parent}.*" in announced, f"{path} is null and nothing announces it"
        return
    assert isinstance(value, TYPES[column["type"]]), path
    assert column["type"] == "boolean" or not isinstance(value, bool), path
    if column["name"] not in FREE:
        check_range(value, column, path)
    if "fields" in column:
        assert [field["name"] for field in column["fields"]] == list(value), path
        for field in column["fields"]:
            check(value[field["name"]], field, f"{path}.{field['name']}", announced)
    if column["type"] == "array":
        kinds = {kind["role"]: kind for kind in column["items"]}
        for item in value:
            assert [field["name"] for field in kinds[item["role"]]["fields"]] == list(item)
            for field in kinds[item["role"]]["fields"]:
                check(item[field["name"]], field, f"{path}[].{field['name']}", announced)


def check_range(value, column, path):
    assert value in column.get("values", [value]), f"{path}: {value}"
    assert re.fullmatch(column.get("pattern", ".*"), str(value), re.DOTALL), path
    if "min" in column:
        assert value >= column["min"], path
    if "max" in column:
        assert value <= column["max"], path
    if column.get("format") == "YYYY-MM-DD HH:MM:SS":
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", value), path


def test_every_column_is_documented():
    text = (Path(__file__).parents[2] / "docs" / "exports.md").read_text(encoding="utf-8")
    sections = dict(zip(KEYS, re.split(r"^### \w+\.jsonl", text, flags=re.MULTILINE)[1:], strict=True))
    for name, keys in KEYS.items():
        missing = [key for key in keys.split() if f"`{key}`" not in sections[name]]
        assert not missing, f"{name}: {missing}"
