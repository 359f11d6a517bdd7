"""Contrast by the definition of WCAG, and shades that keep it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism.lib.colours import LEAST, contrast, is_readable, lightened, luminance, mixed

COLOURS = st.tuples(*[st.integers(0, 255)] * 3).map(lambda c: "#{:02x}{:02x}{:02x}".format(*c))
DARK = ("#131219", "#262430")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),  # the known grey that just fails
        ("#767676", "#ffffff", 4.54),  # and the one that just passes
        ("#ff0000", "#ffffff", 4.00),
        ("#0000ff", "#ffffff", 8.59),
    ],
)
def test_the_contrast_of_known_pairs(one, other, ratio):
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)


@given(COLOURS, COLOURS)
def test_contrast_has_no_direction_and_its_bounds(one, other):
    assert contrast(one, other) == contrast(other, one)
    assert 1 <= contrast(one, other) <= 21
    assert (contrast(one, other) == 1) == (luminance(one) == luminance(other))


@given(COLOURS)
def test_a_lightened_colour_can_be_read_on_dark_ground(colour):
    lighter = lightened(colour, DARK)
    assert is_readable(lighter, DARK)
    assert luminance(lighter) >= luminance(colour)
    assert lighter == colour or not all(contrast(colour, ground) >= LEAST for ground in DARK)


@given(COLOURS, COLOURS)
def test_a_mix_begins_and_ends_with_its_colours(one, other):
    assert (mixed(one, other, 0), mixed(one, other, 1)) == (one, other)
