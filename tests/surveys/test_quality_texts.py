"""The mathematics of same texts, and what single answers show."""

import time
from collections import defaultdict
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.quality.answers import Typed, repeated, typing_signal
from surveys.quality.rules import Typing
from surveys.quality.texts import (
    COMMON,
    SKETCH,
    Text,
    candidates,
    contained,
    matches,
    resemblance,
    shingles,
    sketch,
    words_of,
)

WORDS = st.lists(st.text(alphabet="abcdefgh", min_size=1, max_size=6), min_size=1, max_size=40)


def texts(*written: str) -> list[Text]:
    return [Text(owner, "why", words_of(text)) for owner, text in enumerate(written)]


def pairs(found) -> set[tuple[int, int]]:
    return {(match.text.owner, other) for match in found for other in match.others}


LONG = "I think that a model should tell me when it does not know and should never pretend that it does"


def test_case_punctuation_and_spacing_make_no_difference():
    assert pairs(matches(texts(LONG, f"  {LONG.upper()}!! ".replace(" ", "  ")), 0.7)) == {(0, 1), (1, 0)}


def test_a_text_with_a_word_changed_is_still_the_same():
    found = matches(texts(LONG, LONG.replace("never", "not ever")), 0.6)
    assert pairs(found) == {(0, 1), (1, 0)}
    assert 0.6 <= found[0].share < 1


def test_texts_about_the_same_matter_in_other_words_are_not():
    other = (
        "When a model is unsure I want it to say so, for pretending would make me trust it less in the end"
    )
    assert matches(texts(LONG, other), 0.5) == []


def test_the_same_text_by_the_same_person_is_no_match():
    mine = [Text(1, "why", words_of(LONG)), Text(1, "how", words_of(LONG))]
    assert matches(mine, 0.7) == []


def test_hundreds_of_the_same_text_are_all_found():
    found = matches(texts(*[LONG] * 400), 0.7)
    assert len(found) == 400
    assert {match.count for match in found} == {399}
    assert all(match.text.owner not in match.others for match in found)


def test_thousands_of_the_same_text_take_no_time_at_all():
    begun = time.monotonic()
    assert len(matches(texts(*[LONG] * 20_000), 0.7)) == 20_000
    assert time.monotonic() - begun < 10


@given(st.lists(WORDS, min_size=2, max_size=8), st.floats(0.5, 1))
def test_matches_are_exactly_the_pairs_that_resemble(written, share):
    rows = [Text(owner, "q", tuple(words)) for owner, words in enumerate(written)]
    sketches = [sketch(words) for words in written]
    expected: dict[int, set[int]] = defaultdict(set)
    for one, other in combinations(range(len(rows)), 2):
        if resemblance(sketches[one], sketches[other]) >= share:
            expected[one].add(other)
            expected[other].add(one)
    found = {match.text.owner: match for match in matches(rows, share)}
    assert {owner: match.count for owner, match in found.items()} == {
        owner: len(others) for owner, others in expected.items()
    }
    for owner, match in found.items():
        assert set(match.others) <= expected[owner]
        nearest = max(resemblance(sketches[owner], sketches[other]) for other in expected[owner])
        assert match.share == pytest.approx(nearest)


@given(WORDS, WORDS)
def test_resemblance_is_symmetric_bounded_and_exact_for_short_texts(one, other):
    a, b = shingles(one), shingles(other)
    found = resemblance(sketch(one), sketch(other))
    assert found == resemblance(sketch(other), sketch(one))
    assert 0 <= found <= 1
    if len(a | b) <= SKETCH:
        assert found == pytest.approx(len(a & b) / len(a | b))


@given(WORDS)
def test_a_text_resembles_itself(words):
    assert resemblance(sketch(words), sketch(words)) == 1


def test_pairs_grow_with_the_number_of_texts_and_not_with_its_square():
    """Everybody writes the same phrase once, which would make half a million pairs of a thousand texts."""
    phrase = words_of("to be honest with you")
    written = [(*phrase, *(f"word{owner}x{at}" for at in range(20))) for owner in range(1000)]
    assert len(candidates([sketch(words) for words in written])) == 0
    shared = [sketch(words_of(LONG)) for _ in range(COMMON)]
    assert len(candidates(shared)) == COMMON * (COMMON - 1) // 2


def test_a_text_taken_from_the_page_is_contained_in_it():
    page = shingles(words_of(f"Please tell us in your own words: {LONG}. Thank you."))
    assert contained(words_of(LONG), page) == 1
    assert contained(words_of("I never read such a thing in my whole life"), page) == 0
    assert contained((), page) == 0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (dict.fromkeys("abcde", 50), ("50", 5)),
        (dict.fromkeys("abcd", 50), None),
        ({**dict.fromkeys("abcde", 50), "f": 51}, None),
        ({**dict.fromkeys("abcde", "agree"), "f": None, "g": "not_applicable"}, ("agree", 5)),
        (dict.fromkeys("abcdef", None), None),
        ([50] * 6, None),
        (None, None),
    ],
)
def test_the_same_value_in_five_items_is_a_straight_line(value, expected):
    assert repeated(value, 5) == expected


def trace(**counts: object) -> dict[str, object]:
    usual = {"keys": 200, "pastes": 0, "pasted_chars": 0, "first_ms": 1000, "last_ms": 61_000}
    return {"typing": usual | counts}


@pytest.mark.parametrize(
    ("counts", "kind"),
    [
        ({}, None),
        ({"keys": 4, "pastes": 1, "pasted_chars": 150}, "pasted"),
        ({"keys": 4}, "no_keys"),
        ({"keys": 60}, None),
        ({"keys": 900, "last_ms": 21_000}, "fast_typing"),
        ({"keys": 5, "pastes": 1, "pasted_chars": 60}, "no_keys"),
    ],
)
def test_pasting_and_typing_signals(counts, kind):
    typed = Typed.read(trace(**counts))
    found = typing_signal("x" * 200, typed, Typing())
    assert (found[0] if found else None) == kind


def test_a_short_text_may_be_pasted():
    typed = Typed.read(trace(keys=0, pastes=1, pasted_chars=49))
    assert typing_signal("x" * 49, typed, Typing()) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


@given(
    json_values, st.dictionaries(st.sampled_from(["keys", "pastes", "pasted_chars", "first_ms"]), json_values)
)
def test_nothing_that_a_browser_sends_as_trace_breaks_the_reading(whole, counts):
    for sent in (whole, {"typing": whole}, {"typing": counts}):
        typed = Typed.read(sent)
        if typed:
            typing_signal("x" * 100, typed, Typing())
