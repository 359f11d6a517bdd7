"""A person at a browser: what they do on each page, and what is watched meanwhile."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Locator, Page, TimeoutError, expect

from tests.browser import COLOURS, flaws

SIZES = {"desk": (1280, 900), "phone": (390, 844)}
# A form that is sent back says so by its status, and Chromium reports that as an error of the console.
SENT_BACK = re.compile(r"Failed to load resource: the server responded with a status of (409|422|429)")
ANSWERS_TIMEOUT = 60_000
MOST_STEPS = 80  # of the Tab key
# Axe must not look at a colour in mid-change. Bounded, for dots that keep moving.
SETTLED = """async (scheme) => {
  const soon = () => new Promise((done) => setTimeout(done, 20));
  const root = document.documentElement;
  const isMoving = () => root.dataset.bsTheme !== scheme || document.getAnimations().length;
  await soon();
  for (let looks = 0; looks < 100 && isMoving(); looks += 1) await soon();
}"""


class Player:
    """A browser window at a study's pages; close() fails if something went wrong that nobody saw."""

    def __init__(self, browser: Browser, url: str, size: str = "desk", *, scripts: bool = True) -> None:
        width, height = SIZES[size]
        self.size, self.url = size, url
        self.trouble: list[str] = []
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce", java_script_enabled=scripts
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self._watch(self.page)

    def _watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("request", lambda request: self._note_address(request.url))

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not SENT_BACK.match(text):
            self.trouble.append(text)

    def _note_address(self, address: str) -> None:
        if not address.startswith((self.url, "data:")):
            self.trouble.append(f"asked another host: {address}")

    def close(self) -> None:
        self.context.close()
        assert not self.trouble, self.trouble

    def look(self, name: str, *, dark: bool = True, colours: bool = True, phone: bool = False) -> None:
        """Let axe look at the page as it stands: in light, at its colours in the dark and, with `phone`, as
        it is on a phone. Keep a picture of each where SCREENSHOTS says."""
        self.page.wait_for_load_state()
        self._look(f"{name}-light", "light", but=() if colours else COLOURS)
        if dark and colours:
            self._look(f"{name}-dark", "dark", *COLOURS)
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        if phone and self.size != "phone":
            self._look_on_a_phone(name)

    def _look(
        self, name: str, scheme: Literal["light", "dark"], *rules: str, but: Sequence[str] = ()
    ) -> None:
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        self.page.evaluate(SETTLED, scheme)
        found = flaws(self.page, *rules, but=but)
        assert found == [], f"{name}: {found}"
        self.picture(f"{self.size}-{name}")

    def _look_on_a_phone(self, name: str) -> None:
        self.resize("phone")
        assert flaws(self.page, but=COLOURS) == [], f"{name} on a phone"
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        self.picture(f"phone-{name}")
        self.resize(self.size)

    def resize(self, size: str) -> None:
        width, height = SIZES[size]
        self.page.set_viewport_size({"width": width, "height": height})

    def picture(self, name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def agree(self, button: str = "Agree and begin") -> None:
        for box in self.page.locator("form input[type=checkbox]").all():
            box.check()
        self.go_on(button)

    def fill_page(self) -> None:
        """Answer every question of a survey page in a way that keeps the person in the study."""
        self.page.wait_for_load_state()
        form = self.page.locator(".survey-form")
        for question in form.locator("fieldset").all():
            self._choose(question)
        for choice in form.locator("select").all():
            choice.select_option(index=3, force=True)  # a long list hides behind a field for searching
        for area in form.locator("textarea").all():
            area.fill("I value honesty and kindness.")
        for slider in form.locator("[data-slider-range]:visible").all():
            slider.press("ArrowRight")
        for number in form.locator(".slider-number:visible").all():
            number.fill("60")

    def _choose(self, question: Locator) -> None:
        # By force: the label covers the whole frame of an option, its box too.
        options = question.locator("input[type=radio]")
        if options.count():
            options.nth(1).check(force=True)
        elif question.locator("input[type=checkbox]:not([data-slider-na])").count():
            question.locator("input[type=checkbox]").first.check(force=True)

    def next_page(self) -> None:
        self.go_on("Continue")

    def go_on(self, button: str) -> None:
        """Press a button that leads to another page; fails with the page's text when it leads back."""
        before = self.page.url
        self.press(button)
        try:
            self.page.wait_for_url(lambda address: address != before)
        except TimeoutError as error:
            raise AssertionError(f"{before} was sent back:\n{self.page.inner_text('main')}") from error

    def choose_kind(self, place: int) -> None:
        """Begin a conversation of a kind that is still to do."""
        self.page.locator("button.kind").nth(place).click()
        self.page.locator("#say").wait_for()

    def say(self, text: str) -> None:
        self.page.locator("#text").fill(text)
        self.press("Send")

    def wait_for_answers(self) -> None:
        self.page.locator("#rate").wait_for(timeout=ANSWERS_TIMEOUT)

    def rate(self) -> None:
        """Set every slider; the first answer wins."""
        for place, slider in enumerate(self.page.locator("[data-slider-range]").all()):
            slider.fill(str(90 - 10 * place))
        self.press("Send my ratings")

    def converse(self, messages: list[str]) -> None:
        for text in messages:
            self.say(text)
            self.wait_for_answers()
            self.rate()
        self.press("Finish this conversation")

    def give_feedback(self) -> None:
        self.page.locator("#open_feedback").fill("Clear and friendly, a little long at times.")
        self.press("Send and go on")

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()


def tab_to(page: Page, selector: str) -> None:
    """Go there by the Tab key alone; a keyboard cannot reach it otherwise."""
    page.wait_for_load_state()
    for _ in range(MOST_STEPS):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    raise AssertionError(f"{selector} is not reached by Tab on {page.url}; focus is on {focused}")
