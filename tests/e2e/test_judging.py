"""A recruited participant judges a pair beside a machine's suggestion, by keys and by pointer."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import flaws
from tests.e2e.house import House
from tests.e2e.judging import SLUG
from tests.e2e.player import SETTLED

pytestmark = pytest.mark.browser
OVER = """
SELECT side, taken_over FROM annotations_values said
JOIN annotations_annotation made ON made.id = said.annotation_id
WHERE made.origin = 'person' AND suggestion_shown AND taken_over IS NOT NULL ORDER BY side
"""


def look(page: Page, name: str) -> None:
    """No barriers at a desk in the light, nor on a phone in the dark, and nothing to scroll sideways."""
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.evaluate(SETTLED, scheme)
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"{name}-{width}-{scheme}.png", full_page=True)
        assert flaws(page) == [], f"{name} {width} {scheme}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")


def test_a_participant_takes_over_what_a_machine_suggests_and_is_done(browser: Browser, house: House) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page.set_default_timeout(60_000)
    page.goto(house.link(SLUG))
    look(page, "judging-home")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("What a machine would choose is marked like this")).to_be_visible()
    assert page.locator(".annotate-form input:checked").count() == 0
    look(page, "judging-task")
    row = page.locator('.ask-row:has([name="p0-a"])')
    page.keyboard.press(row.get_attribute("data-letter") or "")
    page.keyboard.press("+")
    expect(row.locator('[name="p0-a"]:checked')).to_have_count(1)
    page.keyboard.press("+")  # the second response is where one came to
    expect(row.locator('[name="p0-b"]:checked')).to_have_count(1)
    errors = page.locator('[data-take^="errors-"]', has_text="Listed below")
    errors.click()
    side = (errors.get_attribute("data-take") or "")[-1]
    expect(page.locator(f'[name="error-{side}-1-text"]')).to_have_value("2+2=5")
    page.locator('[data-take="fact-constraints"]').click()
    expect(page.locator('[name="fact-constraints"]')).to_have_value("no lists")
    page.get_by_role("button", name="Submit and go on").click()
    expect(page.get_by_role("heading", name="Thank you, you are done")).to_be_visible()
    with psycopg.connect(house.database) as connection:
        assert connection.execute(OVER).fetchall() == [(0, [31]), (1, [0, 20, 21, 22]), (2, [0])]
    page.close()
