"""The published JSON Schema of protocols: it takes what Prism takes, and knows the same keys."""

import json

import pytest
import yaml
from django.test import Client
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from conversations.protocols import ProtocolError, parse, preset
from conversations.views.schemas import SCHEMA_FILE
from surveys.questionnaires.schema import questionnaire_schema
from tests.conversations.talking import rules
from tests.conversations.test_feedback_blocks import BLOCKS
from tests.conversations.test_reliability import TAX, TREE

SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
KNOWN = Resource.from_contents(questionnaire_schema())
VALIDATOR = Draft202012Validator(
    SCHEMA, registry=Registry().with_resource("/schemas/questionnaire-1.json", KNOWN)
)


def label() -> dict[str, str]:
    """Anew each time: YAML would write the second as an alias of the first, which no protocol may have."""
    return {"en": "Anything", "fr": "Ce qui vient"}


WHOLE = rules(
    language="en",
    types=[{"key": k, "label": label(), "text": "x", "required": 1, "most": 9, "system": "y"} for k in "ab"],
    prompt={"maximum_characters": 90, "minimum_characters": 1, "minimum_words": 1, "maximum_words": 9},
    rating={"kind": "likert", "points": 7, "low": label(), "high": "High"},
    continuation={"who": "participant", "samples": 2},
    reveal="never",
    system=label(),
    answers={"words": 50, "instruction": "Be within {words} words."},
    pacing="cadence",
    stop=False,
    calls={"attempts": 3, "again_after": ["silent"], "longest_wait": 2},
    suggestions=[{"topic": "t", "label": label(), "messages": {"en": ["Hello"]}, "types": ["a"]}],
    repeats={"chance": 0.5, "most": 1},
    overlap={"chance": 0.5, "most": 2, "answers": "stored", "messages": [TAX | {"type": "a"}]},
    feedback={"blocks": BLOCKS},
)


@pytest.mark.django_db
def test_everybody_gets_it_under_the_address_it_names():
    answer = Client().get(SCHEMA["$id"])
    assert (answer.status_code, answer.json()) == (200, SCHEMA)
    assert answer["Content-Type"] == "application/schema+json"
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("text", [preset("prism"), preset("arena"), WHOLE], ids=["prism", "arena", "whole"])
def test_what_prism_takes_is_valid(text):
    assert parse(text)
    assert [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(text))] == []


def test_both_know_the_same_keys():
    with pytest.raises(ProtocolError) as refused:
        parse("protocol: x\nnothing: y\n")
    known = set(str(refused.value).partition("known are ")[2].split(", "))
    assert known | {"vote"} == set(SCHEMA["properties"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"tie": "coin"},
        {"repeats": {"chance": 2}},
        {"answers": {"words": 0}},
        {"overlap": {"chance": 1, "messages": [TREE | {"text": "x"}]}},
        {"feedback": {"blocks": [{**BLOCKS[0], "type": "grid"}]}},
    ],
    ids=str,
)
def test_what_neither_takes(wrong):
    text = rules(**wrong)
    with pytest.raises(ProtocolError):
        parse(text)
    assert not VALIDATOR.is_valid(yaml.safe_load(text))
