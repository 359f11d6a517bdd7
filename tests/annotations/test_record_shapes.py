"""The shapes in which annotated pairs go about, beside the published one, say the same."""

import json

import pytest

from analysis.dissection.record_values import read_pair
from annotations.batches.from_file import look_through, task_rows
from annotations.imports.reading import Reader, UnusableRecord
from annotations.record_shapes import as_published
from annotations.records import SIDES
from tests.annotations.published_records import RUBRIC, record

UNANNOTATED = {
    "id": 7,
    "prompt": "Why is the sky blue?",
    "response_a": "It scatters.",
    "response_b": "Because of the sea.",
    "response_a word": 3,
    "response_b word": 5,
    "prompt word": 6,
    "response_a llama tokens": 4,
    "model_a": "one",
    "model_b": "two",
    "winner": "model_b",
    "scenario": "explaining_general",
    "group": "Knowledge-aware",
    "gpt4_ref_output": "Rayleigh scattering.",
    "oaimoderation_tag": "",
    "toxic_chat_tag": "toxic",
}


def raw(whole: dict) -> dict:
    """A record as a model's replies are: rated key by key, the rest side by side, numbers as texts."""
    made = {
        name: value for name, value in whole.items() if not name.startswith(("basic", "errors", "query-"))
    }
    ratings = [whole[f"basic_response_{side}"] for side in SIDES]
    errors = [whole[f"errors_response_{side}"] for side in SIDES]
    answers = [whole[f"query-specific_response_{side}"] for side in SIDES]
    made["ratings"] = {
        key: {"response 1": str(value), "response 2": str(ratings[1][key])}
        for key, value in ratings[0].items()
    }
    made["query-specific"] = {f"Response {side}": answers[side - 1] for side in SIDES}
    made["accuracy"] = {
        f"Response {side}": {
            "accuracy check": errors[side - 1]["applicable or not"],
            "inaccuracies": errors[side - 1]["errors"],
        }
        for side in SIDES
    }
    made["express feelings"] = made.pop("explicitly express feelings")
    return made


def test_raw_replies_say_the_same_as_the_published_record_for_imports_and_for_figures():
    reader, whole = Reader(RUBRIC), record()
    published, found = reader.read("1", whole), reader.read("1", raw(whole))
    assert found == published
    assert found.flags == []
    one, other = read_pair(whole), read_pair(raw(whole))
    assert (one.values == other.values).sum() > 50  # NaN is not equal to itself
    assert (one.facts, one.verdicts, one.applicable) == (other.facts, other.verdicts, other.applicable)
    alone = raw(whole)
    alone |= alone.pop("ratings")
    assert reader.read("1", alone) == published
    hopeless = raw(whole) | {"accuracy": {"Response 1": {"accuracy check": "Not applicable"}}}
    read = reader.read("1", hopeless)
    assert read.is_checkable[1:] == [False, None]
    assert read.flags == ["errors: not told whether and which"]
    assert as_published(whole, reader.is_property) is whole


def test_pairs_that_nobody_annotated_become_tasks_with_their_vote_and_tags(tmp_path):
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps(UNANNOTATED) + "\n" + json.dumps(UNANNOTATED | {"id": 8, "winner": "?"}))
    looked = look_through(file, RUBRIC, "pair")
    assert (looked.tasks, looked.faults) == (2, [])
    assert looked.unread == {"response_a llama tokens"}
    task, undecided = task_rows(file, RUBRIC, "pair")
    assert (task.key, task.query, task.reference) == ("7", UNANNOTATED["prompt"], "Rayleigh scattering.")
    assert [(side.text, side.words, side.model_name) for side in task.sides] == [
        ("It scatters.", 3, "one"),
        ("Because of the sea.", 5, "two"),
    ]
    assert (task.preferences, undecided.preferences) == ({"human": "response_2"}, {})
    assert (task.scenario, task.scenario_group, task.tags) == (
        "explaining_general",
        "Knowledge-aware",
        ("toxic_chat",),
    )
    with pytest.raises(UnusableRecord, match="no ratings"):
        Reader(RUBRIC).read("7", UNANNOTATED)
