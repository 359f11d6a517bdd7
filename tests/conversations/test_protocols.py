"""The conversation protocol's format: what is read, and that each fault is named with its place."""

import json
from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.protocols import RESERVED, ProtocolError, parse, preset

PRESET = preset("prism")
DOCUMENT = yaml.safe_load(PRESET)
Path = tuple[str | int, ...]


def changed(path: Path, value: Any) -> str:
    """The preset as JSON with one part replaced."""
    document = deepcopy(DOCUMENT)
    part = document
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return json.dumps(document)


def without(path: Path) -> str:
    document = deepcopy(DOCUMENT)
    part = document
    for key in path[:-1]:
        part = part[key]
    del part[path[-1]]
    return json.dumps(document)


def written(path: Path) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


def refusal(text: str) -> str:
    with pytest.raises(ProtocolError) as refused:
        parse(text)
    return str(refused.value)


def all_paths(value: Any, path: Path = ()) -> list[Path]:
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [found for key, inner in entries for found in [(*path, key), *all_paths(inner, (*path, key))]]


PATHS = all_paths(DOCUMENT)
OPTIONAL = {
    ("opening", "replacements"),
    ("opening", "sampling"),
    ("opening", "sampling", "rule"),
    ("opening", "sampling", "a"),
    ("opening", "sampling", "s"),
    ("generation",),
    ("feedback", "open", "required"),
}


def is_free(path: Path) -> bool:
    """Keys that each study chooses itself."""
    return path[0] == "generation" or path[:2] == ("feedback", "attributes") or path[-1] == "hint"


NEEDED = [p for p in PATHS if p not in OPTIONAL and not is_free(p) and not isinstance(p[-1], int)]


def test_the_shipped_protocol_is_prisms():
    protocol = parse(PRESET)
    assert [(kind.key, kind.required) for kind in protocol.types] == [
        ("unguided", 2),
        ("values guided", 2),
        ("controversy guided", 2),
    ]
    assert protocol.conversations == 6
    assert (protocol.opening_models, protocol.samples, protocol.replacements) == (4, 2, 3)
    assert (protocol.minimum_turns, protocol.maximum_turns) == (2, 10)
    assert (protocol.rating.minimum, protocol.rating.maximum) == (1, 100)
    assert (protocol.sampling.rule, protocol.sampling.a, protocol.sampling.s) == ("exposure", 1.0, 4.0)
    assert protocol.generation == {"temperature": 1.0, "max_tokens": 256}
    assert len(protocol.feedback.attributes) == 7
    assert protocol.type("unguided") is protocol.types[0]
    assert protocol.type("nothing") is None


def test_what_may_be_left_out_has_a_default():
    document = deepcopy(DOCUMENT)
    del document["opening"]["replacements"], document["opening"]["sampling"], document["generation"]
    del document["feedback"]["open"]["required"]
    protocol = parse(json.dumps(document))
    assert protocol.replacements == 0
    assert (protocol.sampling.rule, protocol.sampling.a, protocol.sampling.s) == ("exposure", 1.0, 1.0)
    assert protocol.generation == {}
    assert protocol.feedback.open_required is False


@pytest.mark.parametrize("path", NEEDED, ids=written)
def test_a_missing_part_is_named(path: Path):
    if path == ("protocol",):
        assert "the key `protocol` is missing" in refusal(without(path))
    else:
        assert f"{written(path)}: is missing" in refusal(without(path))


@pytest.mark.parametrize("path", [p for p in PATHS if p[0] != "generation" or len(p) == 1], ids=written)
@pytest.mark.parametrize("value", [[[]], {"x": {}}, True, -1], ids=repr)
def test_a_part_of_a_wrong_kind_is_named(path: Path, value: Any):
    if path == ("feedback", "open", "required") and value is True:
        value = "yes"
    if path == ("generation",) and isinstance(value, dict):
        value = [value]
    message = refusal(changed(path, value))
    assert message.startswith("line 1: ")
    assert written(path) in message


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("types",), [], "at least one"),
        (("types", 2, "key"), "unguided", "another type has the same key"),
        (("types", 1, "key"), "k" * 41, "1 to 40 characters"),
        (("types", 1, "label"), "  ", "1 to"),
        (("opening", "models"), 9, "from 1 to 8"),
        (("opening", "models"), "4", "whole number"),
        (("opening", "models"), 2.5, "whole number"),
        (("opening", "sampling", "rule"), "weighted", "exposure, uniform"),
        (("opening", "sampling", "s"), 0, "from 0.001"),
        (("opening", "sampling", "apart"), "a, b", "list of at most 100 pairs"),
        (("opening", "sampling", "apart"), [["a", "b"]] * 101, "list of at most 100 pairs"),
        (("opening", "sampling", "a"), -0.1, "from 0 to 10"),
        (("continuation", "samples"), 0, "from 1 to 8"),
        (("turns", "maximum"), 1, "from 2 to 100"),
        (("turns", "minimum"), 0, "from 1 to 100"),
        (("prompt", "maximum_characters"), 0, "from 1"),
        (("rating", "maximum"), 101, "from 2 to 100"),
        (("rating", "maximum"), 1, "from 2 to 100"),
        (("rating", "minimum"), 0, "from 1 to 99"),
        (("tie",), "coin", "choose, random"),
        (("feedback", "open", "required"), "maybe", "true or false"),
        (("opening", "modles"), 4, "no such key"),
        (("generation", "max_tokens"), "many", "whole number"),
        *[(("generation", key), True, "cannot be changed") for key in RESERVED],
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_place(path: Path, value: Any, reason: str):
    message = refusal(changed(path, value))
    assert f"{written(path)}: " in message
    assert reason in message


def test_the_line_of_a_fault_is_told():
    lines = PRESET.splitlines()
    number = next(i for i, line in enumerate(lines) if line.startswith("tie:"))
    lines[number] = "tie: coin"
    assert refusal("\n".join(lines)).startswith(f"line {number + 1}: tie: ")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1"),
        ("just words", "the key `protocol` is missing"),
        ("[1, 2]", "the key `protocol` is missing"),
        ("protocol: [", "line 2"),
        ("protocol: p\nprotocol: q", "line 2"),
        ("protocol: 2024-13-45\ntypes: x", "line 1"),
        ("protocol: !!python/object/apply:os.getcwd []", "line 1"),
        ("protocol: !!int abc", "line 1"),
        ("protocol: " + "9" * 5000, "line 1"),
        ("protocol: .nan", "line 1"),
        ("? [a]\n: b", "line 1"),
        ("protocol: &a [*a]", "Aliases"),
        ("protocol: x\ntypes: " + "[" * 5000, "nested too deeply"),
        ("protocol: x\x00", "line 1"),
        ("a: " + "x" * 1_100_000, "larger than 1 MB"),
    ],
)
def test_a_text_that_is_no_protocol_is_refused(text: str, reason: str):
    assert reason in refusal(text)


def test_a_small_file_cannot_become_a_huge_one():
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for name, before in zip("bcdefghij", "abcdefghi", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    assert "Aliases" in refusal(f"{bomb}protocol: *j\n")


@given(st.text())
def test_any_text_is_read_or_refused(text: str):
    with pytest.raises(ProtocolError):
        parse(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PATHS), JSON)
def test_any_value_in_any_place_is_read_or_refused(path: Path, value: Any):
    text = changed(path, value)
    try:
        parse(text)
    except ProtocolError as refused:
        reason = str(refused)
    else:
        reason = "line 0: none"
    assert reason.startswith("line ")


@pytest.mark.parametrize("pair", [["a", "a"], ["a", 7], ["a"], ["a", " "], "ab"])
def test_a_pair_to_keep_apart_has_two_different_names(pair: Any):
    message = refusal(changed(("opening", "sampling", "apart"), [["a", "b"], pair]))
    assert "opening.sampling.apart[1]: must be the names of two different models" in message
