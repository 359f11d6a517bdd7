"""The slider has no value until a person sets one: by mouse, by keyboard, or without scripts at all."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils.translation import override
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Route

from tests.browser import COLOURS, chromium, flaws

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parent.parent
POLICY = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:"
REFUSED = "Please enter a whole number from 1 to 100."
PAGE = """<!DOCTYPE html>
<html lang="en" data-bs-theme="light"><head><meta charset="utf-8"><title>Slider</title>
<script src="/static/js/theme.js"></script>
<link rel="stylesheet" href="/static/vendor/bootstrap.min.css">
<link rel="stylesheet" href="/static/css/prism.css"><link rel="stylesheet" href="/static/css/controls.css">
<script type="module" src="/static/js/slider.js"></script></head>
<body><main><h1>Rate</h1><form id="form" action="/sent"><div id="room">%s</div>
<button>Send</button></form></main>
</body></html>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def render_slider(**context: Any) -> str:
    given = {
        "name": "quality",
        "label": "How good?",
        "min": 1,
        "max": 100,
        "low": "Terrible",
        "high": "Perfect",
    }
    return render_to_string("prism/slider.html", given | context)


def serve(page: Page, html: str) -> None:
    def answer(route: Route) -> None:
        path = route.request.url.removeprefix("http://prism.test").split("?")[0]
        if not path.startswith("/static/"):
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY}
            return route.fulfill(body=html, headers=headers)
        content_type = mimetypes.guess_type(path)[0] or "text/plain"
        return route.fulfill(body=(ROOT / path[1:]).read_bytes(), headers={"Content-Type": content_type})

    page.route("**/*", answer)
    page.goto("http://prism.test/")


@pytest.fixture(scope="module")
def window(browser: Browser) -> Page:
    """One for all tests: each loads a page of its own, and a window costs more than most of them."""
    return browser.new_page()


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    errors: list[str] = []

    def keep(said: object) -> None:
        errors.append(str(said))

    def keep_error(message: ConsoleMessage) -> None:
        if message.type == "error":
            keep(message.text)

    window.on("pageerror", keep)
    window.on("console", keep_error)
    yield window
    window.remove_listener("pageerror", keep)
    window.remove_listener("console", keep_error)
    window.unroute_all()
    assert errors == []


def open_slider(page: Page, **context: Any) -> Locator:
    serve(page, PAGE % render_slider(**context))
    page.wait_for_selector(".slider.is-ready")
    return page.locator("input[type=range]")


def posted(page: Page) -> dict[str, str]:
    return page.evaluate("Object.fromEntries(new FormData(document.getElementById('form')))")


def trace(page: Page) -> dict[str, int]:
    return json.loads(posted(page)["quality__trace"])


def test_an_untouched_slider_posts_nothing_and_shows_no_position(page: Page) -> None:
    slider = open_slider(page)
    assert posted(page) == {"quality": "", "quality__trace": ""}
    assert slider.get_attribute("aria-valuetext") == "Not set yet"
    assert page.locator("[data-slider-status]").inner_text() == "Not set yet"


def test_an_unset_slider_looks_the_same_wherever_it_rests(page: Page) -> None:
    slider = open_slider(page)
    unset = slider.screenshot()
    slider.evaluate("range => range.value = 5")
    assert slider.screenshot() == unset
    slider.evaluate("range => range.dispatchEvent(new Event('change'))")
    assert slider.screenshot() != unset


def test_the_words_at_both_ends_are_visible_and_no_number_is(page: Page) -> None:
    open_slider(page, value=72)
    text = page.locator(".slider").inner_text()
    assert "Terrible" in text
    assert "Perfect" in text
    assert not any(character.isdigit() for character in text)


def test_tabbing_through_does_not_touch_the_slider(page: Page) -> None:
    open_slider(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "range"
    page.keyboard.press("Tab")
    assert posted(page)["quality"] == ""


@pytest.mark.parametrize(
    ("key", "value"),
    [("ArrowRight", "51"), ("ArrowLeft", "49"), ("Home", "1"), ("End", "100"), ("PageUp", "60")],
)
def test_a_key_sets_a_position_and_says_it_in_words(page: Page, key: str, value: str) -> None:
    slider = open_slider(page)
    slider.press(key)
    assert posted(page)["quality"] == value
    assert slider.get_attribute("aria-valuetext") == f"{value} out of 100"
    assert page.locator("[data-slider-status]").inner_text() == "Set"


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_enter_and_space_set_the_present_position_without_sending_the_form(page: Page, key: str) -> None:
    slider = open_slider(page)
    slider.press(key)
    assert posted(page)["quality"] == "50"
    assert page.url == "http://prism.test/"


def test_a_press_on_the_present_position_counts_as_setting_it(page: Page) -> None:
    open_slider(page, min=0).click()
    assert posted(page)["quality"] == "50"
    assert {"start": 50, "first": 50, "moves": 1}.items() <= trace(page).items()


def test_the_trace_keeps_the_first_position_and_counts_settings(page: Page) -> None:
    slider = open_slider(page)
    for key in ("End", "ArrowLeft", "Home"):
        slider.press(key)
    kept = trace(page)
    assert (kept["first"], kept["moves"], posted(page)["quality"]) == (100, 3, "1")
    assert 0 <= kept["first_ms"] <= kept["last_ms"]


def test_a_stored_value_and_its_trace_come_back(page: Page) -> None:
    stored = json.dumps({"first": 10, "first_ms": 900, "last_ms": 1500, "moves": 2})
    slider = open_slider(page, value=72, trace=stored)
    assert posted(page) == {"quality": "72", "quality__trace": stored}
    slider.press("ArrowRight")
    assert posted(page)["quality"] == "73"
    assert {"first": 10, "first_ms": 900, "moves": 3}.items() <= trace(page).items()


def test_a_stored_zero_is_a_position(page: Page) -> None:
    open_slider(page, min=0, value=0)
    assert posted(page)["quality"] == "0"
    assert page.locator("[data-slider-status]").inner_text() == "Set"


def test_not_applicable_takes_the_value_away_and_can_be_undone(page: Page) -> None:
    slider = open_slider(page, not_applicable=True, value=30)
    page.get_by_label("Not applicable").check()
    assert posted(page) == {"quality": "", "quality__na": "on", "quality__trace": ""}
    assert slider.is_disabled()
    page.get_by_label("Not applicable").uncheck()
    assert posted(page)["quality"] == "30"
    assert slider.is_enabled()


def test_a_stored_not_applicable_comes_back(page: Page) -> None:
    slider = open_slider(page, not_applicable=True, is_na=True)
    assert posted(page)["quality__na"] == "on"
    assert slider.is_disabled()


def test_the_page_hears_of_a_setting_after_the_value_is_in_place(page: Page) -> None:
    slider = open_slider(page)
    page.evaluate(
        """window.heard = [];
        const form = document.getElementById('form');
        const value = () => new FormData(form).get('quality');
        for (const kind of ['change', 'prism:touched'])
          form.addEventListener(kind, () => window.heard.push([kind, value()]));"""
    )
    slider.press("End")
    assert sorted(page.evaluate("window.heard")) == [["change", "100"], ["prism:touched", "100"]]


def open_entry(page: Page) -> Locator:
    """The number field of the one slider on the page."""
    page.locator(".slider-entry summary").click()
    return page.get_by_label("A number from 1 to 100")


@pytest.mark.parametrize(("typed", "value"), [("64", "64"), (" +7 ", "7"), ("٦٤", "64"), ("१००", "100")])
def test_a_number_can_be_entered_instead_in_the_digits_of_any_script(
    page: Page, typed: str, value: str
) -> None:
    slider = open_slider(page)
    entry = open_entry(page)
    entry.fill(typed)
    entry.press("Tab")
    assert posted(page)["quality"] == value
    assert slider.input_value() == value
    assert slider.get_attribute("aria-valuetext") == f"{value} out of 100"
    assert page.locator("[data-slider-status]").inner_text() == "Set"
    assert trace(page)["first"] == int(value)


@pytest.mark.parametrize("typed", ["0", "101", "-5", "2.5", "many", "9" * 20])
def test_a_number_off_the_scale_is_refused_in_words_and_kept(page: Page, typed: str) -> None:
    slider = open_slider(page, value=30)
    entry = open_entry(page)
    entry.fill(typed)
    entry.press("Enter")
    said = page.get_by_role("status")
    assert said.inner_text() == REFUSED
    assert (entry.input_value(), entry.get_attribute("aria-invalid")) == (typed, "true")
    assert (posted(page)["quality"], page.url) == ("30", "http://prism.test/")
    if typed == "101":
        assert flaws(page) == []
    slider.press("ArrowRight")
    assert (said.inner_text(), entry.input_value(), posted(page)["quality"]) == ("", "31", "31")
    assert entry.get_attribute("aria-invalid") is None


def test_a_form_is_not_sent_past_a_number_that_was_refused(page: Page) -> None:
    open_slider(page, value=30)
    entry = open_entry(page)
    entry.fill("300")
    page.get_by_role("button", name="Send").click()
    assert page.url == "http://prism.test/"
    page.locator(".slider-entry summary").click()
    page.get_by_role("button", name="Send").click()
    assert page.url == "http://prism.test/"
    assert page.evaluate("document.activeElement.id") == "quality-entry"
    entry.fill("40")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/sent?quality=40&*")


def test_a_number_that_was_refused_does_not_stop_who_leaves_the_form_as_it_is(page: Page) -> None:
    serve(page, PAGE % (render_slider() + "<button formnovalidate>Other language</button>"))
    page.wait_for_selector(".slider.is-ready")
    open_entry(page).fill("300")
    page.get_by_role("button", name="Other language").click()
    page.wait_for_url("**/sent?quality=&*")


def test_what_is_not_applicable_takes_no_number(page: Page) -> None:
    open_slider(page, not_applicable=True)
    entry = open_entry(page)
    entry.fill("300")
    page.get_by_label("Not applicable").check()
    assert entry.is_disabled()
    assert (entry.input_value(), page.get_by_role("status").inner_text()) == ("", "")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", "Veuillez entrer un nombre entier de 1 à 100."),
        ("ar", "يرجى إدخال عدد صحيح من 1 إلى 100."),
    ],
)
def test_the_refusal_is_said_in_the_language_of_the_page(page: Page, language: str, words: str) -> None:
    with override(language):
        html = render_slider()
    serve(page, PAGE % html)
    page.wait_for_selector(".slider.is-ready")
    page.locator(".slider-entry summary").click()
    entry = page.locator("[data-slider-entry]")
    entry.fill("300")
    entry.press("Enter")
    assert page.get_by_role("status").inner_text().endswith(words)


def test_a_slider_that_arrives_later_comes_to_life(page: Page) -> None:
    open_slider(page)
    page.evaluate("html => document.getElementById('room').innerHTML = html", render_slider(name="later"))
    page.wait_for_selector(".slider.is-ready")
    page.locator("input[type=range]").press("End")
    assert posted(page)["later"] == "100"


def test_without_scripts_a_number_field_carries_the_value(browser: Browser) -> None:
    page = browser.new_page(java_script_enabled=False)
    serve(page, PAGE % render_slider())
    assert not page.locator("input[type=range]").is_visible()
    page.get_by_role("spinbutton", name="How good?").fill("64")
    page.get_by_role("button", name="Send").click()
    assert "quality=64&" in page.url
    page.close()


def test_a_locked_slider_shows_its_value_and_posts_nothing(page: Page) -> None:
    slider = open_slider(page, value=72, disabled=True)
    assert slider.is_disabled()
    assert slider.input_value() == "72"
    assert posted(page) == {}


def test_axe_finds_nothing_in_any_state(page: Page) -> None:
    states = [
        {"name": "unset"},
        {"name": "set", "value": 5},
        {"name": "na", "not_applicable": True, "is_na": True},
    ]
    html = "".join(render_slider(help="Think of all of it.", **state) for state in states)
    serve(page, PAGE % html)
    page.wait_for_selector(".slider.is-ready")
    assert flaws(page) == []


def test_what_is_hard_to_read_is_found_by_all_rules_and_by_those_of_colours(page: Page) -> None:
    serve(page, PAGE % '<p id="pale">Hard to read</p>')
    page.evaluate("pale.style.color = '#bbb'")
    for rules in ((), COLOURS):
        assert [flaw.partition(":")[0] for flaw in flaws(page, *rules)] == ["color-contrast"]
