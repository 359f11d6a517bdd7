"""Energy is a range that holds what EcoLogits itself would say, and is never zero for what is unknown."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.energy import (
    Estimate,
    Range,
    estimate,
    method,
    per_thousand_tokens,
    size_of,
    together,
    zones,
)

BILLIONS = st.floats(0.5, 2000)
TOKENS = st.integers(1, 16_000)


@settings(deadline=None)  # the first example loads the library
@given(BILLIONS, st.floats(0.01, 1), TOKENS, st.sampled_from(["", "FRA", "POL"]))
def test_the_range_holds_what_ecologits_computes_with_its_own_assumptions(billions, share, tokens, zone):
    method()  # loads the library as Prism does
    from ecologits.electricity_mix_repository import electricity_mixes
    from ecologits.impacts.llm import compute_llm_impacts

    mix = electricity_mixes.find_electricity_mix(zone or "WOR")
    theirs = compute_llm_impacts(
        model_active_parameter_count=billions * share,
        model_total_parameter_count=billions,
        output_token_count=tokens,
        if_electricity_mix_adpe=mix.adpe,
        if_electricity_mix_pe=mix.pe,
        if_electricity_mix_gwp=mix.gwp,
        if_electricity_mix_wue=mix.wue,
        datacenter_pue=1.14,
        datacenter_wue=0.5,
    )
    ours = estimate(size_of(billions, billions * share), tokens, zone=zone)
    assert 0 < ours.wh.low < theirs.energy.value * 1000 < ours.wh.high
    assert 0 < ours.grams.low < theirs.gwp.value * 1000 < ours.grams.high


@given(BILLIONS, TOKENS)
def test_more_tokens_and_a_longer_call_never_take_less(billions, tokens):
    size = size_of(billions, None)
    more = estimate(size, tokens + 100)
    assert estimate(size, tokens).wh.low < more.wh.low
    assert estimate(size, tokens, seconds=0.1).wh.high <= estimate(size, tokens, seconds=60).wh.high


@pytest.mark.parametrize(
    ("size", "tokens"), [(None, 300), (size_of(7, None), None), (size_of(7, None), 0), (None, None)]
)
def test_what_is_unknown_is_said_to_be_and_is_no_zero(size, tokens):
    assert estimate(size, tokens) is None
    known = estimate(size_of(7, None), 300)
    assert together([known, estimate(size, tokens)]) is None
    assert together([]) is None


def test_the_size_is_the_registrys_else_a_range_for_a_closed_model_else_unknown():
    assert size_of(671, 37, "gpt-4o").active == Range(37, 37)
    closed = size_of(None, None, "openai/gpt-4o")
    assert closed.source == "ecologits"
    assert closed.active.low < closed.active.high
    wide, narrow = per_thousand_tokens(closed).wh, per_thousand_tokens(size_of(440, 44)).wh
    assert wide.high / wide.low > narrow.high / narrow.low
    assert size_of(None, None, "persona-nobody-knows;rate=5") is None
    assert size_of(0, None) is None


def test_electricity_of_a_country_changes_the_gases_and_not_the_energy():
    size = size_of(70, None)
    world, france, unheard = (per_thousand_tokens(size, zone) for zone in ("", "FRA", "XXX"))
    assert world.wh == france.wh
    assert france.grams.high < world.grams.low
    assert unheard == world
    assert {"FRA", "DEU", "USA"} <= zones()
    assert "WOR" not in zones()


def test_sums_lamps_and_what_is_no_range():
    part = Estimate(Range(0.5, 1.0), Range(0.1, 0.2))
    assert together([part, part]).wh == Range(1.0, 2.0)
    assert part.lamp_minutes == Range(6, 12)
    assert part.wh.middle == 0.75
    for low, high in ((2, 1), (-1, 1), (1, float("inf"))):
        with pytest.raises(ValueError, match="no range"):
            Range(low, high)


def test_loading_the_library_asks_no_network_and_changes_nobody_elses_code():
    """In a process of its own: no connection, no SDK loaded or wrapped, and loggers stay as they were."""
    code = (
        "import logging, socket, sys\n"
        "def refuse(*given): raise SystemExit('it asked the network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from conversations.energy import method\n"
        "assert 'ecologits' not in sys.modules\n"
        "print(method().version)\n"
        "assert 'openai' not in sys.modules and 'ecologits.tracers' not in sys.modules\n"
        "assert logging.getLoggerClass() is logging.Logger\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == method().version
