"""The published JSON Schema: the very file that checks, and what another validator makes of it."""

import json
from pathlib import Path

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from surveys.questionnaires import QuestionnaireError, schema
from surveys.questionnaires.schema import SCHEMA_FILE, faults, questionnaire_schema
from surveys.questionnaires.source import read_tree
from tests.surveys.test_questionnaire_languages import HOME
from tests.surveys.test_questionnaires import REFUSED, WHOLE
from tests.surveys.visitors import SMALL

ROOT = Path(__file__).parents[2]
ADDRESS = "/schemas/questionnaire-1.json"
FILES = [ROOT / "surveys" / "instruments" / "prism.yaml", ROOT / "tests" / "e2e" / "every_type.yaml"]


def test_everybody_gets_the_file_that_checks_and_may_keep_it(client: Client) -> None:
    answer = client.get(ADDRESS)
    assert answer["Content-Type"] == "application/schema+json"
    assert answer.content == SCHEMA_FILE.read_bytes()
    assert json.loads(answer.content) == questionnaire_schema()
    assert answer["Cache-Control"] == "public, max-age=3600"
    assert "Cookie" not in answer.get("Vary", "")
    again = client.get(ADDRESS, headers={"if-none-match": answer["ETag"]})
    assert again.status_code == 304
    assert client.post(ADDRESS).status_code == 405


def test_the_schema_names_its_own_address() -> None:
    assert questionnaire_schema()["$id"] == ADDRESS


def test_the_file_at_the_address_is_what_validation_reads(monkeypatch, tmp_path) -> None:
    other = tmp_path / "schema.json"
    other.write_text('{"type": "string"}', encoding="utf-8")
    monkeypatch.setattr(schema, "SCHEMA_FILE", other)
    questionnaire_schema.cache_clear()
    try:
        assert list(faults({"format": "prism-questionnaire/1"}))
        assert not list(faults("text"))
    finally:
        monkeypatch.undo()
        questionnaire_schema.cache_clear()


def test_it_is_a_schema_by_its_own_standard() -> None:
    Draft202012Validator.check_schema(questionnaire_schema())


@pytest.mark.parametrize("text", [WHOLE, SMALL, HOME, *(path.read_text(encoding="utf-8") for path in FILES)])
def test_another_validator_takes_what_we_take(text: str) -> None:
    assert Draft202012Validator(questionnaire_schema()).is_valid(read_tree(text).value)


def _readable(text: str) -> bool:
    try:
        return isinstance(read_tree(text).value, dict)
    except QuestionnaireError:
        return False


@pytest.mark.parametrize("name", [name for name, (text, *_) in REFUSED.items() if _readable(text)])
def test_another_validator_agrees_on_the_shape_of_refused_files(name: str) -> None:
    value = read_tree(REFUSED[name][0]).value
    assert Draft202012Validator(questionnaire_schema()).is_valid(value) == (not list(faults(value)))


def test_every_type_of_question_and_every_field_of_a_study_is_documented() -> None:
    told = (ROOT / "docs" / "questionnaires.md").read_text(encoding="utf-8")
    parts = questionnaire_schema()["$defs"]
    names = list(parts["question"]["properties"]["type"]["enum"])
    names += parts["condition"]["properties"]["study"]["enum"]
    assert [name for name in names if f"`{name}`" not in told] == []
