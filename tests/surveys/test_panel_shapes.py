"""The regular expressions that studies bring along for panels' ids: slow ones are not taken."""

import time

import pytest
from django.http import HttpResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.panels.definitions import KINDS, definition
from surveys.panels.exits import Exit, let_post
from surveys.panels.shapes import LONGEST, fits, is_taken
from tests.factories import make_study
from tests.surveys.visitors import PANEL_STUDY, SESSION, address

WORST = "a" * (LONGEST - 1) + "!"
SLOW = [
    "(a+)+",
    "(a|a)*b",
    "(a*)*b",
    "(?:a+)+b",
    "([a-z]+){3,}",
    "a*a*a*a*b",
    "a?" * 40 + "a" * 40,
    r"\w*\w*\w*\w*\w*",
    "(a|a)" * 30,
    "(a|a|a|a|a|a)b",
    r"(a+)\1*b",
    "(?=a*a*)a",
    "(?P<x>a+)(?P=x)",
    "(?i)a",
    "a{1,999}a{1,999}a{1,999}a{1,999}",
    "(",
    "a{99999999999}",
]


@pytest.mark.parametrize("pattern", SLOW)
def test_what_could_take_for_ever_is_not_taken(pattern):
    assert not is_taken(pattern)


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("^[0-9a-f]{24}$", "0" * 24),
        (r"^[\w.:@+-]{1,100}$", "a.b:c@d+e-f"),
        (r"[A-Z]{2}-?\d+", "AB-123"),
        (r"(?:uni|lab)-\d{1,6}", "lab-12"),
        (r"[\w.+-]+@[\w-]+\.[a-z]+", "ada@example.org"),
        (r"[*+?|(){}\]\\]+", "*+?|(){}]\\"),
        (r"A\+\*\?B", "A+*?B"),
        ("[]a]+", "]a"),
    ],
)
def test_usual_shapes_are_taken_and_fit(pattern, value):
    assert is_taken(pattern)
    assert fits(pattern, value)
    assert not fits(pattern, value + "\n")
    assert not fits(pattern, "ä ö")


@pytest.mark.parametrize("kind", KINDS)
def test_the_shapes_of_every_panel_are_taken(kind):
    panel = definition(kind)
    assert all(map(is_taken, [panel["pattern"], *panel["patterns"].values()]))


PARTS = st.sampled_from(
    ["a", "a*", "a+", "a?", "(a|a)", "(a|aa)", "[ab]*", "a{0,99}", "\\w+", "(a)", "b", "|"]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=12))
def test_what_is_taken_answers_soon(parts):
    pattern = "".join(parts)
    begun = time.process_time()
    if is_taken(pattern):
        fits(pattern, WORST)
    assert time.process_time() - begun < 3


def test_a_value_too_long_fits_nothing():
    assert fits("a+", "a" * LONGEST)
    assert not fits("a+", "a" * (LONGEST + 1))


@pytest.mark.django_db
def test_a_long_value_at_the_door_is_a_damaged_link(client):
    """A study from before this rule may have a slow expression; what is matched is short all the same."""
    study = make_study(panel={"kind": "prolific", "pattern": "a+"})
    link = {"PROLIFIC_PID": "a" * 5000, "STUDY_ID": PANEL_STUDY, "SESSION_ID": SESSION}
    answer = client.get(address(study), link)
    assert answer.status_code == 400
    assert "damaged" in answer.content.decode()
    assert not study.enrolments.exists()


@pytest.mark.parametrize("host", ["x.example;script-src", "x.example,evil", "[::1", "a%20b", ""])
def test_a_way_back_adds_nothing_else_to_the_policy(host):
    response = let_post(HttpResponse(), Exit("C", f"https://{host}/back", {"a": "b"}))
    assert "Content-Security-Policy" not in response


def test_a_way_back_by_a_form_may_be_posted_to_its_host():
    response = let_post(HttpResponse(), Exit("C", "https://panel.example:8443/back?x=1", {"a": "b"}))
    assert "form-action 'self' https://panel.example:8443;" in response["Content-Security-Policy"]
