"""A batch of the 29 properties by three annotators and an adjudicator, by keyboard alone; all their pages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, expect

from tests.browser import flaws
from tests.e2e.annotating import BATCH, RUBRIC, SLUG, TASKS
from tests.e2e.house import House
from tests.e2e.player import SETTLED

# They hold long walks, which a machine that stalls may not finish within the time of a usual test.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
STUDY = f"/coordinate/studies/{SLUG}"
REASON = "The opening words are matter of fact."
# What an annotator sees: the letter of each line by its title, and whether the numbered list stands first.
SEEN = """() => ({
  letters: Object.fromEntries([...document.querySelectorAll(".ask-row[data-letter]")].map(
    (row) => [row.querySelector(".ask-title > span").textContent, row.dataset.letter])),
  isListFirst: document.querySelector(".annotate-response").querySelector("ol") !== null,
})"""
# How often Tab must be pressed from where one is to come to an element.
TABS = """(wanted) => {
  const all = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const isStop = (one) => one.checkVisibility() && !one.disabled && (one.type !== "radio" || one.checked);
  const isBehind = (one) =>
    document.activeElement.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING;
  const stops = [...document.querySelectorAll(all)];
  return stops.filter((one) => isStop(one) && isBehind(one)).indexOf(wanted) + 1;
}"""


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One for all people: who sits down brings their cookie."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(60_000)
    yield context
    context.close()


class Typist:
    """Somebody who signs in and touches nothing but keys, which are counted."""

    def __init__(self, context: BrowserContext, cookie: dict[str, str], address: str) -> None:
        context.clear_cookies()
        context.add_cookies([cookie])  # type: ignore[list-item]
        self.page = context.pages[0] if context.pages else context.new_page()
        self.presses = 0
        self.page.goto(address)

    def types(self, keys: str) -> None:
        self.presses += len(keys)
        self.page.keyboard.type(keys)

    def press(self, *keys: str) -> None:
        """Held keys count as well: Control+Enter is two."""
        for key in keys:
            self.presses += 1 + key.count("+")
            self.page.keyboard.press(key)

    def tabs_to(self, wanted: Locator) -> None:
        expect(wanted).to_be_visible()
        self.press(*["Tab"] * wanted.evaluate(TABS))
        expect(wanted).to_be_focused()

    def enters(self, wanted: Locator) -> None:
        """Past the navigation by the page's first link, and on to this one."""
        self.press("Tab", "Enter")
        self.tabs_to(wanted)
        self.press("Enter")

    def chooses(self, key: str) -> None:
        """An adjudicator's value, once the page hears keys."""
        self.page.wait_for_load_state()
        self.press(key)
        expect(self.page.locator(f"[data-key='{key}']")).to_be_checked()

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def look(self, name: str) -> None:
        """No barriers at a desk in the light, nor on a phone in the dark, and nothing to scroll sideways."""
        for width, scheme in ((1280, "light"), (390, "dark")):
            self.page.set_viewport_size({"width": width, "height": 800})
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            self.page.evaluate(SETTLED, scheme)
            if folder := os.environ.get("SCREENSHOTS"):
                path = Path(folder) / f"{name}-{width}-{scheme}.png"
                self.page.screenshot(path=path, full_page=True)
            assert flaws(self.page) == [], f"{name} {width} {scheme}"
            assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        self.page.set_viewport_size({"width": 1280, "height": 800})
        self.page.emulate_media(color_scheme="light")


def test_three_annotators_and_an_adjudicator_finish_a_batch_by_keyboard_alone(
    context: BrowserContext, house: House
) -> None:
    *annotators, owner = house.cookies
    for number, cookie in enumerate(annotators):
        typist = Typist(context, cookie, f"{house.url}/annotate/")
        typist.enters(typist.page.get_by_role("button", name="Begin"))
        for task in range(TASKS):
            typist.presses = 0
            # Two find the list friendly and the prose not; to the third both are.
            annotate_typical_pair(typist, prose=0 if number else 3)
            if number == task == 0:
                ask_for_more_and_take_it_back(typist)
                typist.presses = 0
            typist.press("Control+Enter")
            assert typist.presses <= 25, typist.presses
            if task + 1 < TASKS:
                typist.sees(f"You have done {task + 1} task")
        typist.sees("There is nothing left for you")
    with psycopg.connect(house.database) as database:
        rows = database.execute(
            "SELECT v.side, v.scores[3], v.statuses[3], v.scores[1], v.statuses[1],"
            " a.seconds >= a.active_seconds"
            " FROM annotations_values v JOIN annotations_annotation a ON a.id = v.annotation_id"
            " JOIN annotations_task t ON t.id = a.task_id JOIN annotations_batch b ON b.id = t.batch_id"
            " WHERE v.side > 0 AND b.slug = %s ORDER BY v.side, v.scores[3]",
            [BATCH],
        ).fetchall()
    assert {row[3:] for row in rows} == {(3, 1, True)}  # harmless: the default that was confirmed
    chosen = [(side, friendly, status) for side, friendly, status, *_rest in rows]
    prose = [(1, 0, 2)] * 2 * TASKS + [(1, 3, 2)] * TASKS
    assert chosen == prose + [(2, 3, 2)] * 3 * TASKS  # whatever was shown first
    adjudicate(Typist(context, owner, f"{house.url}{STUDY}/adjudication/{BATCH}/"))
    with psycopg.connect(house.database) as database:
        ruled = database.execute(
            "SELECT t.number, r.side, r.position, r.score, r.rule, r.reason, l.score"
            " FROM annotations_ruling r JOIN annotations_task t ON t.id = r.task_id"
            " JOIN annotations_firstlook l USING (task_id, side, position) WHERE r.is_current ORDER BY 1, 3"
        ).fetchall()
    friendly = 2
    assert [row for row in ruled if row[2] == friendly] == [
        (task, 1, friendly, 0, "definition", REASON, 1) for task in range(1, TASKS + 1)
    ]
    assert len(ruled) == TASKS + 1


def annotate_typical_pair(typist: Typist, prose: int) -> None:
    """Five properties stand out, one of them in both responses; everything else is confirmed as usual."""
    expect(typist.page.locator(".annotate-response")).to_have_count(2)
    expect(typist.page.locator("[data-left]")).not_to_be_empty()
    seen = typist.page.evaluate(SEEN)
    letter = seen["letters"]
    friendly = f"3{prose}" if seen["isListFirst"] else f"{prose}3"
    keys = letter["Friendly"] + friendly
    for title, level in {"Funny": 1, "Clear": 2, "Novel": 1, "Well formatted": 2}.items():
        keys += f"{letter[title]}{level}"
    typist.types(keys + letter["Is it clear what the person wants?"] + "\n" * 5)
    expect(typist.page.locator("[data-left]")).to_have_text("Nothing left untouched")


def ask_for_more_and_take_it_back(typist: Typist) -> None:
    """Facts bring their questions, an error is named, and shortcuts are switched off and on again."""
    page, letter = typist.page, typist.page.evaluate(SEEN)["letters"]
    typist.types(letter["Does the person voice feelings?"] + "1")
    expect(page.locator("#asked").get_by_text("Empathetic").first).to_be_visible()
    typist.types(letter["Does the person voice feelings?"] + "0" + letter["Explicit constraints"])
    typist.types("no lists\ntwo sentences")
    typist.press("Escape")
    expect(page.locator("#asked .ask-row")).to_have_count(2)
    typist.types(letter["Are there errors?"] + "10")
    expect(page.locator("[name=errors-a][value=some]")).to_be_checked()
    expect(page.locator("[name=errors-b][value=none]")).to_be_checked()
    typist.tabs_to(page.get_by_label("What is wrong").first)
    typist.types("The year is wrong")
    expect(page.locator(".ask-errors").first.locator(".ask-error")).to_have_count(2)
    typist.press("Tab", "f", "Tab", "m", "Escape")
    typist.press("?")
    typist.tabs_to(page.get_by_label("Use single keys as shortcuts"))
    typist.press("Space")
    typist.types(letter["Friendly"])
    expect(page.get_by_label("Use single keys as shortcuts")).to_be_focused()
    typist.press("Space")
    typist.look("task")


def adjudicate(typist: Typist) -> None:
    """Each contested value is first looked at blind, then ruled on with a reason and a rule."""
    page = typist.page
    typist.look("adjudication")
    typist.enters(page.get_by_role("link", name="Next contested value"))
    for number, title in enumerate(["Explicit constraints", "Friendly", "Friendly"]):
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(page.get_by_text("First, your own value")).to_be_visible()
        expect(page.get_by_text("What annotators said", exact=True)).to_have_count(0)
        if not number:
            typist.look("blind")
        typist.chooses("1")
        typist.press("Enter")
        expect(page.get_by_text("What annotators said", exact=True)).to_be_visible()
        typist.chooses("0" if number else "1")
        if not number:
            typist.tabs_to(page.get_by_label("Items, one a line"))
            typist.types("no lists")
        typist.tabs_to(page.get_by_label("Rests on"))
        typist.press("t", "Tab")
        typist.types(REASON)
        if number == 1:
            typist.look("side-by-side")
        typist.press("Control+Enter")
        typist.sees(f"Ruled: {title}.")
    typist.sees("Nothing is left for you here")
    typist.sees("Everything contested is ruled on")
    typist.enters(page.get_by_role("link", name="Agreement", exact=True).last)
    typist.sees(f"{TASKS + 1} values are contested, {TASKS + 1} of them ruled on.")
    expect(page.locator("[data-agreement]")).to_have_count(0)  # too few values to draw
    typist.look("agreement")


PAGES = {
    "new-batch": "batches/new/",
    "rules": f"batches/{BATCH}/rules/",
    "members": f"batches/{BATCH}/annotators/",
    "preview": f"batches/{BATCH}/tasks/1/",
    "batches": "batches/",
    "batch": f"batches/{BATCH}/",
    "annotators": "annotators/",
    "rubrics": "rubrics/",
    "editor": f"rubrics/{RUBRIC}/",
    "agreements": "agreement/",
    "adjudications": "adjudication/",
    "scenarios": "scenarios/",
    "scenarios-of-batch": f"scenarios/{BATCH}/",
    "judges": "judges/",
    "dissections": "dissections/",
    "imports": "imports/",
}


def test_no_page_of_the_annotation_rooms_has_a_barrier(context: BrowserContext, house: House) -> None:
    typist = Typist(context, house.cookies[-1], f"{house.url}/annotate/")
    for name, address in PAGES.items():
        typist.page.goto(f"{house.url}{STUDY}/{address}")
        typist.look(name)
