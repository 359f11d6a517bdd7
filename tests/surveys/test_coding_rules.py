"""The mathematics and rules of coding: suggestions, standings, agreement; and the shipped schemes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.coding import schemes
from surveys.coding.agreement import agreement, cohen
from surveys.coding.categories import Standing, decided, standing

ETHNICITY = schemes.parsed(schemes.shipped("ethnicity"))
RELIGION = schemes.parsed(schemes.shipped("religion"))
GENDER = schemes.parsed(schemes.shipped("gender"))


def test_the_categories_are_those_of_the_release():
    assert set(ETHNICITY.values) == {
        *("White", "Black / African", "Hispanic / Latino", "Asian", "Mixed", "Other", "Prefer not to say"),
        *("Middle Eastern / Arab", "Indigenous / First Peoples"),
    }
    assert len(RELIGION.values) == 12
    assert GENDER.values == ("Male", "Female", "Non-binary / third gender", "Prefer not to say")
    simplified = {RELIGION.simplified(value) for value in RELIGION.values}
    assert simplified == {"No Affiliation", "Christian", "Muslim", "Jewish", "Other", "Prefer not to say"}
    assert len({ETHNICITY.simplified(value) for value in ETHNICITY.values}) == 7


@pytest.mark.parametrize("scheme", [ETHNICITY, RELIGION, GENDER])
def test_a_scheme_is_sound(scheme):
    words = [word for category in scheme.categories for word in category.words]
    assert len(words) == len(set(words))
    assert all(words)
    assert scheme.several in {"", *scheme.values}
    assert "{categories}" in scheme.prompt


@pytest.mark.parametrize(
    ("scheme", "text", "category"),
    [
        (ETHNICITY, "White British", "White"),
        (ETHNICITY, "Native American", "Indigenous / First Peoples"),
        (ETHNICITY, "Black and White", "Mixed"),
        (ETHNICITY, "métisse", "Mixed"),
        (ETHNICITY, "عربي", "Middle Eastern / Arab"),
        (ETHNICITY, "Whitehall", ""),
        (ETHNICITY, "", ""),
        (RELIGION, "Roman Catholic", "Christian"),
        (RELIGION, "Church of England, I suppose", "Christian"),
        (RELIGION, "athée", "Non-religious"),
        (RELIGION, "Orthodox Jewish", "Jewish"),
        (RELIGION, "Christian and Buddhist", ""),
        (GENDER, "non-binary", "Non-binary / third gender"),
        (GENDER, "Trans man", "Male"),
        (GENDER, "woman", "Female"),
    ],
)
def test_words_suggest_a_category(scheme, text, category):
    assert schemes.suggestion(scheme, text) == category


@given(st.sampled_from([ETHNICITY, RELIGION, GENDER]), st.text(max_size=200))
def test_any_text_gets_one_of_the_categories_or_none(scheme, text):
    assert schemes.suggestion(scheme, text) in {"", *scheme.values}


CODES = st.lists(st.sampled_from(["a", "b"]), max_size=2)


@given(CODES, st.none() | st.sampled_from(["a", "b"]))
def test_only_two_equal_codes_or_a_ruling_decide(codes, ruling):
    if ruling is not None:
        assert decided(codes, ruling) == ruling
    elif len(codes) == 2 and codes[0] == codes[1]:
        assert decided(codes, ruling) == codes[0]
    else:
        assert decided(codes, ruling) is None


def test_the_standing_follows_from_codes_and_ruling():
    steps = [
        standing([], None),
        standing(["a"], None),
        standing(["a", "a"], None),
        standing(["a", "b"], None),
    ]
    assert steps == [Standing.OPEN, Standing.HALF, Standing.AGREED, Standing.CONTESTED]
    assert standing(["a", "b"], "b") == Standing.RULED


def test_kappa_and_its_error_are_those_of_fleiss_textbook_example():
    # Fleiss, Statistical Methods for Rates and Proportions, table of 100 patients by two clinicians.
    kappa, error = cohen(np.array([[75.0, 1, 4], [5, 4, 1], [0, 0, 10]]))
    assert kappa == pytest.approx(0.676, abs=0.001)
    assert error == pytest.approx(0.088, abs=0.001)


PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=60)


@given(PAIRS)
def test_agreement_lies_in_its_bounds_and_does_not_care_who_was_first(pairs):
    found, turned = agreement(pairs), agreement([(second, first) for first, second in pairs])
    assert found.n == len(pairs)
    assert found.share is not None
    assert found.share.percent == pytest.approx(100 * sum(a == b for a, b in pairs) / len(pairs))
    assert found.share.low <= found.share.percent + 1e-9
    assert found.share.high >= found.share.percent - 1e-9
    if found.kappa is None:
        assert turned.kappa is None
    else:
        assert -1 <= found.kappa <= 1 + 1e-12
        assert turned.kappa == pytest.approx(found.kappa)
        assert found.kappa_interval[0] <= found.kappa <= found.kappa_interval[1] + 1e-12


def test_who_always_agrees_has_kappa_one_and_who_uses_one_category_has_none():
    assert agreement([("a", "a"), ("b", "b")]).kappa == pytest.approx(1)
    assert agreement([("a", "a")]).kappa is None
    assert agreement([]).share is None
