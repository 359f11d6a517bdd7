"""A batch of the 29 properties by three annotators, by keyboard alone."""

from __future__ import annotations

import json
import os
import subprocess

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from conversations.running import manage
from prism.lib.processes import CHECKOUT
from tests.browser import COLOURS, flaws
from tests.e2e.house import House
from tests.e2e.player import SETTLED

pytestmark = pytest.mark.browser
PEOPLE = ["one@annotators.example", "two@annotators.example", "three@annotators.example"]
TASKS = 2
BUILD = f"from tests.e2e.annotating import build; build({PEOPLE!r}, {TASKS})"


@pytest.fixture(scope="module")
def cookies(house: House) -> list[dict[str, str]]:
    """The house gets a batch of pairs that each of three members shall annotate; their sign-ins."""
    made = subprocess.run(
        manage("shell", "-v", "0", "-c", BUILD),
        env=os.environ | house.env,
        cwd=CHECKOUT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    name, *values = json.loads(made.stdout.splitlines()[-1])
    return [{"name": name, "value": value, "url": house.url} for value in values]


class Typist:
    """Somebody who signs in and touches nothing but keys, which are counted."""

    def __init__(self, browser: Browser, house: House, cookie: dict[str, str], width: int = 1280) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 800})
        self.context.set_default_timeout(60_000)
        self.context.add_cookies([cookie])
        self.page: Page = self.context.new_page()
        self.presses = 0
        self.page.goto(f"{house.url}/annotate/")

    def press(self, *keys: str) -> None:
        """Held keys count as well: Control+Enter is two."""
        for key in keys:
            self.presses += 1 + key.count("+")
            self.page.keyboard.press(key)

    def goes_to(self, title: str) -> None:
        """Press the letter that the line shows."""
        row = self.page.locator(".ask-row", has=self.page.get_by_text(title, exact=True)).first
        self.press(str(row.get_attribute("data-letter")))

    def look(self, name: str) -> None:
        """A picture for whoever wants one, and no barriers in either light."""
        if place := os.environ.get("SCREENSHOTS"):
            for width in (1280, 820, 390):
                self.page.set_viewport_size({"width": width, "height": 900})
                self.page.screenshot(path=f"{place}/annotate-{name}-{width}.png")
            self.page.set_viewport_size({"width": 1280, "height": 800})
        for scheme, rules in (("dark", COLOURS), ("light", ())):
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            self.page.evaluate(SETTLED, scheme)
            assert flaws(self.page, *rules) == []


def test_three_annotators_finish_a_batch_by_keyboard_alone(
    browser: Browser, house: House, cookies: list[dict[str, str]]
) -> None:
    for number, cookie in enumerate(cookies):
        typist = Typist(browser, house, cookie, width=1280 if number else 820)
        if not number:
            typist.look("home")
        typist.page.get_by_role("button", name="Begin").focus()
        typist.press("Enter")
        for task in range(TASKS):
            expect(typist.page.locator(".annotate-response")).to_have_count(2)
            annotate_typical_pair(typist)
            if not number and not task:
                typist.look("task")
            typist.press("Control+Enter")
            assert typist.presses <= 25, typist.presses
            typist.presses = 0
            if task + 1 < TASKS:
                expect(typist.page.get_by_text(f"You have done {task + 1} task")).to_be_visible()
        expect(typist.page.get_by_text("There is nothing left for you")).to_be_visible()
        typist.context.close()
    with psycopg.connect(house.database) as database:
        rows = database.execute(
            "SELECT v.scores[3], v.statuses[3], v.scores[1], v.statuses[1], a.seconds >= a.active_seconds"
            " FROM annotations_values v JOIN annotations_annotation a ON a.id = v.annotation_id"
            " WHERE v.side > 0 ORDER BY v.side"
        ).fetchall()
    assert len(rows) == 2 * len(PEOPLE) * TASKS
    assert {row[2:] for row in rows} == {(3, 1, True)}  # harmless: the default that was confirmed
    assert sorted({row[:2] for row in rows}) == [(0, 2), (3, 2)]  # friendly: chosen for each response


def annotate_typical_pair(typist: Typist) -> None:
    """Five properties stand out, one of them in both responses; everything else is confirmed as usual."""
    expect(typist.page.locator("[data-left]")).not_to_be_empty()
    typist.goes_to("Friendly")
    typist.press("0", "3")
    for title in ("Funny", "Clear", "Novel", "Well formatted"):
        typist.goes_to(title)
        typist.press("2")
    typist.goes_to("Is it clear what the person wants?")
    typist.press(*["Enter"] * 5)
    expect(typist.page.locator("[data-left]")).to_have_text("Nothing left untouched")


def test_the_facts_bring_their_questions_and_shortcuts_can_be_switched_off(
    browser: Browser, house: House, cookies: list[dict[str, str]]
) -> None:
    typist = Typist(browser, house, cookies[0])
    page = typist.page
    with psycopg.connect(house.database) as database:
        task = database.execute(
            "SELECT max(id) FROM annotations_assignment WHERE annotator_id = "
            "(SELECT id FROM accounts_user WHERE email = %s)",
            [PEOPLE[0]],
        ).fetchone()
    page.goto(f"{house.url}/annotate/tasks/{task[0]}/")
    expect(page.get_by_text("Correction", exact=True)).to_be_visible()
    typist.goes_to("Does the person voice feelings?")
    typist.press("1")
    expect(page.locator("#asked").get_by_text("Empathetic").first).to_be_visible()
    typist.goes_to("Explicit constraints")
    page.keyboard.type("no lists")
    typist.press("Enter")
    page.keyboard.type("two sentences")
    typist.press("Escape")
    expect(page.locator("#asked .ask-row")).to_have_count(3)
    typist.goes_to("Are there errors?")
    typist.press("1", "0")
    expect(page.locator("[name=errors-a][value=some]")).to_be_checked()
    expect(page.locator("[name=errors-b][value=none]")).to_be_checked()
    page.get_by_label("What is wrong").first.fill("The year is wrong")
    expect(page.locator(".ask-errors").first.locator(".ask-error")).to_have_count(2)
    typist.look("facts")
    page.locator(".annotate-guide > summary").click()
    expect(page.get_by_text("A joke about the person")).to_be_visible()
    page.locator("#shortcuts > summary").click()
    page.get_by_label("Use single keys as shortcuts").uncheck()
    page.locator("[name=p2-a]").first.focus()
    typist.press("f")
    expect(page.locator("[name=p2-a]").first).to_be_focused()
    page.get_by_label("Type of the error").first.select_option("factual")
    page.get_by_label("Severity of the error").first.select_option("minor")
    typist.press("Control+Enter")
    expect(page.get_by_text("There is nothing left for you")).to_be_visible()
    typist.context.close()
