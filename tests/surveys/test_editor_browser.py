"""The editor in a browser: it checks and previews while one types, and loses nothing without the server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from surveys.models.people import Role
from tests.browser import COLOURS, chromium_beside_the_database, flaws
from tests.e2e.player import SETTLED
from tests.factories import make_enrolment, make_member, make_study

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators"),
]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PICTURES = os.environ.get("PICTURES", "")


@pytest.fixture
def study():
    study = make_study(slug="values", title="Values and answers")
    make_enrolment(study, finished_survey=True)
    return study


@pytest.fixture
def cookie(live_server, study) -> dict[str, str]:
    client, name = Client(), django_settings.SESSION_COOKIE_NAME
    client.force_login(make_member(study, Role.OWNER, may_export_full=True))
    return {"name": name, "value": client.cookies[name].value, "url": live_server.url}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_beside_the_database() as running:
        yield running


@pytest.fixture
def context(browser, cookie) -> Iterator[BrowserContext]:
    signed_in = browser.new_context(viewport=DESK, reduced_motion="reduce")
    signed_in.add_cookies([cookie])
    yield signed_in
    signed_in.close()


def opened(context: BrowserContext, live_server, study, name: str, *args: str) -> tuple[Page, list[str]]:
    """The page, and what its console complains about."""
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(live_server.url + reverse(f"coordinate:{name}", args=[study.slug, *args]))
    return page, complaints


def photograph(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def sideways(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def test_the_editor_checks_and_previews_while_one_types(context, live_server, study):
    page, complaints = opened(context, live_server, study, "questionnaire")
    text, frame = page.locator("#questionnaire-text"), page.frame_locator("iframe")
    expect(frame.locator("h1")).to_have_text("You and AI language models")
    whole = text.input_value()
    text.fill(whole.replace("How familiar are you", "How well acquainted are you"))
    expect(frame.get_by_text("How well acquainted are you")).to_be_visible(timeout=10_000)
    expect(page.locator("[data-state]")).to_have_text("Draft kept")
    text.fill(whole.replace("type: sliders", "type: slidders"))
    link = page.locator("#findings a[data-line]").first
    expect(link).to_be_visible(timeout=10_000)
    photograph(page, "editor-problem")
    link.click()
    chosen = text.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)")
    assert "slidders" in chosen
    expect(frame.get_by_text("How well acquainted are you")).to_be_visible()
    assert complaints == []
    page.reload()
    assert "slidders" in text.input_value()


def test_what_the_server_did_not_take_is_found_again_in_the_browser(context, live_server, study):
    page, _complaints = opened(context, live_server, study, "questionnaire")
    text = page.locator("#questionnaire-text")
    kept = context.cookies()
    context.clear_cookies()
    text.press_sequentially("# mine ")
    expect(page.locator("[data-state]")).to_contain_text("safe in this browser", timeout=10_000)
    context.add_cookies(kept)
    page.reload()
    assert "# mine" not in text.input_value()
    page.get_by_role("button", name="Put it into the editor").click()
    assert "# mine" in text.input_value()
    expect(page.locator("[data-state]")).to_have_text("Draft kept", timeout=10_000)
    page.reload()
    assert "# mine" in text.input_value()


def test_a_text_is_coded_by_the_keyboard_alone(context, live_server, study):
    page, complaints = opened(context, live_server, study, "code", "ethnicity")
    expect(page.get_by_text("British Indian")).to_be_visible()
    photograph(page, "code-desk")
    page.keyboard.press("d")
    assert page.locator("input:checked").get_attribute("value") == "Asian"
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing left for you")).to_be_visible()
    assert complaints == []


PAGES = {
    "questionnaire": (),
    "versions": (),
    "import_questionnaire": (),
    "coding": (),
    "code": ("ethnicity",),
    "coding_rulings": ("ethnicity",),
}


def test_the_pages_work_on_a_phone_in_both_lights_and_have_no_flaws(context, live_server, study):
    page = context.new_page()
    for name, args in PAGES.items():
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(DESK)
        page.goto(live_server.url + reverse(f"coordinate:{name}", args=[study.slug, *args]))
        photograph(page, f"{name}-desk")
        assert flaws(page) == [], name
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size(PHONE)
        page.evaluate(SETTLED, "dark")
        photograph(page, f"{name}-phone")
        assert sideways(page) == 0, name
        assert flaws(page, *COLOURS) == [], name
