"""Rubrics as data: the shipped ones, their names, and what is said of a text that is none."""

import json

import pytest
import yaml
from jsonschema import Draft202012Validator

from annotations.models import Rubric, RubricVersion
from annotations.rubric_documents import (
    OTHER,
    Condition,
    Fact,
    Kind,
    Property,
    RubricDocument,
    RubricError,
    parse,
    rubric_schema,
)
from annotations.rubric_versions import load_version, shipped_version, sync
from annotations.rubrics import KEYS, SCHEMA_FILE, shipped
from tests.factories import make_study

SLUGS = [
    "harmless",
    "grammatical",
    "friendly",
    "polite",
    "interactive",
    "authoritative",
    "funny",
    "uses_rhetoric",
    "complex_language",
    "supporting_materials",
    "well_formatted",
    "admits_limits",
    "persuasive",
    "step_by_step",
    "informal",
    "non_repetitive",
    "clear",
    "relevant",
    "novel",
    "rich_information",
    "no_minor_errors",
    "no_moderate_errors",
    "no_severe_errors",
    "clarifies_intent",
    "empathetic",
    "satisfies_constraints",
    "supports_stances",
    "corrects_mistakes",
    "lengthy",
]
SMALL = """\
format: prism-rubric/1
key: small
title: Small
language: en
scales:
  fit:
    levels:
      - {value: 0, label: "no"}
      - {value: 1, label: "yes"}
facts:
  - {slug: wishes, kind: list, title: Wishes}
properties:
  - {id: 0, slug: kind, title: Kind, kind: scale, scale: fit, aliases: [nice]}
  - {id: 1, slug: meets, title: Meets, kind: item_scale, scale: fit, items: wishes}
"""


def dissection() -> RubricDocument:
    return parse(shipped("preference_dissection"))


def named(name: str) -> Property:
    field = dissection().named(name)
    assert isinstance(field, Property), name
    return field


def test_the_29_properties_stand_in_the_order_of_every_vector_of_weights():
    rubric = dissection()
    assert [p.slug for p in rubric.properties] == SLUGS
    assert [p.id for p in rubric.properties] == list(range(29))
    assert [fact.position for fact in rubric.facts] == list(range(29, 34))
    assert [field.position for field in rubric.fields] == list(range(34))
    kinds = {kind: [p.id for p in rubric.properties if p.kind == kind] for kind in Kind}
    assert kinds == {
        Kind.SCALE: [*range(20), 23, 24],
        Kind.CATEGORY: [],
        Kind.ITEM_SCALE: [25],
        Kind.ITEM_CATEGORY: [26, 27],
        Kind.ERRORS: [20, 21, 22],
        Kind.COMPUTED: [28],
    }
    assert [p.id for p in rubric.properties if p.inverted] == [15]
    assert [p.id for p in rubric.properties if p.sees_query and p.id < 20] == [17, 18]
    assert [p.severity for p in rubric.properties[20:23]] == ["minor", "moderate", "severe"]


def test_every_name_of_the_released_record_and_of_the_papers_is_known_in_any_case():
    assert named("repetitive").slug == named("NON-Repetitive").slug == named("non repetitive").slug
    assert (
        named("Grammar, Spelling, Punctuation, and Code-Switching").id == named("grammarly correct").id == 1
    )
    assert named("METAPHORS, personification, similes, hyperboles, irony, parallelism").id == 7
    assert named("complex word & sentence").id == 8
    assert named("contain rich info").id == named("contain rich information").id == 19
    assert named("provide Step by Step solution").id == named("use step-by-step solution").id == 13
    assert [named(f"{word} errors").id for word in ("minor", "Moderate", "SEVERE")] == [20, 21, 22]
    assert named("num_words").id == named("lengthy").id == named("Length").id == 28
    rubric = dissection()
    short = ["intent clear", "express feelings", "constraints", "subjective stances", "mistakes or biases"]
    long = [fact.key for fact in rubric.facts]
    assert [rubric.named(name) for name in short] == list(rubric.facts) == [rubric.named(n) for n in long]
    assert all(isinstance(rubric.named(name), Fact) for name in long)
    assert rubric.named("no such property") is None


def test_scales_read_numbers_as_text_and_labels_and_take_nothing_unknown_for_zero():
    relevant, stance = named("relevant").scale, named("supports_stances").scale
    mistake, errors = named("corrects_mistakes").scale, dissection().errors
    assert relevant
    assert stance
    assert mistake
    assert errors
    assert (relevant.read("2"), relevant.read(3), relevant.read(" EVERYTHING on topic ")) == (2, 3, 3)
    assert [relevant.read(given) for given in ("4", "2.5", "", None, "bad", True, float("nan"))] == [None] * 7
    assert next(level.label for level in relevant.levels) == "everything off topic"
    assert stance.read("weakly opposed") == -1
    assert stance.values == (2, 1, 0, -1, -2)
    assert mistake.read("Corrected without being pointed out") == 2
    assert errors.read(" Factual Error ") == "factual"
    assert errors.read("typo") == OTHER


def test_prerequisites_call_for_what_the_query_needs_and_an_unknown_fact_for_nothing():
    rubric = dissection()
    none = {"intent_clear": True, "feelings_voiced": False, "constraints": [], "stances": [], "mistakes": []}
    assert [p.id for p in rubric.asked(none)] == [*range(23)]
    some = none | {"intent_clear": False, "constraints": ["in French"]}
    assert [p.id for p in rubric.asked(some)] == [*range(23), 23, 25]
    assert [p.id for p in rubric.asked({})] == [*range(23)]
    assert rubric.property("empathetic").condition == Condition("feelings_voiced", True)
    assert rubric.property("supports_stances").items == "stances"
    with pytest.raises(KeyError):
        rubric.property("nothing")


def test_the_other_shipped_rubrics_say_what_they_are_for():
    compliance = parse(shipped("speechmap")).property("compliance")
    assert compliance.kind == Kind.CATEGORY
    assert compliance.scale
    assert not compliance.scale.is_ordered
    assert [level.label for level in compliance.scale.levels] == ["COMPLETE", "EVASIVE", "DENIAL"]
    assert compliance.scale.read("incomplete") == 1
    preference = parse(shipped("pairwise_preference")).property("preference")
    assert preference.of_pair
    assert preference.mirrored
    assert [p.slug for p in parse(shipped("helpful_harmless")).properties] == [
        "helpful",
        "harmless",
        "honest",
    ]
    with pytest.raises(FileNotFoundError):
        shipped("../../prism/settings")


@pytest.mark.parametrize("text", [*map(shipped, KEYS), SMALL], ids=[*KEYS, "small"])
def test_the_published_schema_takes_what_prism_takes(text):
    Draft202012Validator.check_schema(rubric_schema())
    validator = Draft202012Validator(rubric_schema())
    assert [error.message for error in validator.iter_errors(yaml.safe_load(text))] == []
    assert parse(text).properties


def test_what_is_wrong_is_named_with_its_line():
    broken = {
        "kind: scale, scale": "kind: scala, scale",
        "id: 1": "id: 2",
        "aliases: [nice]": "aliases: [MEETS]",
        "items: wishes": "items: dreams",
        "scale: fit, aliases": "scale: fits, aliases",
        "value: 1": "value: 0",
    }
    said = {}
    for right, wrong in broken.items():
        with pytest.raises(RubricError) as refused:
            parse(SMALL.replace(right, wrong))
        said[wrong] = [(problem.line, problem.message) for problem in refused.value.problems]
    assert [found[0][0] for found in said.values()] == [13, 14, 14, 14, 13, 9]
    assert "Did you mean “scale”?" in said["kind: scala, scale"][0][1]
    assert said["id: 2"] == [(14, "should be 1: ids count from 0 in the order of the list, without a gap.")]
    assert "already a name of “kind”" in str(said["aliases: [MEETS]"])
    assert "no list “dreams”" in str(said["items: dreams"])
    for text in ("", "just words", "format: prism-questionnaire/1"):
        with pytest.raises(RubricError):
            parse(text)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("scale, scale: fit, usual: 7", "7 is no value of the scale"),
        ("scale, scale: fit, mirrored: true, of: pair", "needs its opposite"),
        ("scale, scale: fit, severity: minor", "does not belong"),
        ("computed", "“counter” is missing"),
        ("errors, severity: minor", "their types is missing"),
        ("scale, scale: fit, if: {fact: hope, is: true}", "no fact “hope”"),
    ],
)
def test_a_property_that_makes_no_sense_is_refused(given, message):
    with pytest.raises(RubricError, match=message):
        parse(SMALL + f"  - {{id: 2, slug: third, title: Third, kind: {given}}}\n")


@pytest.mark.django_db
def test_shipped_rubrics_are_stored_once_and_an_edit_is_the_next_version():
    versions = sync()
    assert sync() == versions
    assert [v.rubric.slug for v in versions] == list(KEYS)
    assert shipped_version("speechmap") in versions
    study = make_study()
    own = Rubric.objects.create(study=study, slug="speechmap", title="?")
    first = load_version(own, SMALL)
    assert load_version(own, SMALL) == first
    assert own.title == "Small"
    second = load_version(own, SMALL.replace("Small", "Smaller"))
    assert (second.number, own.newest()) == (2, second)
    assert first.parsed().named("NICE") == first.parsed().property("kind")
    assert first.document == yaml.safe_load(SMALL)
    assert set(Rubric.objects.of(study)) == {own, *(version.rubric for version in versions)}
    assert not Rubric.objects.of(make_study()).filter(study=study).exists()
    assert RubricVersion.objects.count() == len(KEYS) + 2


@pytest.mark.django_db
def test_everybody_gets_the_schema_under_the_address_it_names(client):
    answer = client.get(rubric_schema()["$id"])
    assert (answer.status_code, answer.json()) == (200, json.loads(SCHEMA_FILE.read_text()))
    assert answer["Content-Type"] == "application/schema+json"
