"""Two windows of a real browser at a house that is harmed: a study's talk, and the arena."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from playwright.sync_api import Page

from conversations.running import participant_link
from tests.browser import chromium


class Windows:
    """A talk and a comparison. The browser has a thread of its own, as an event loop runs beside it."""

    def __init__(self, url: str, slug: str) -> None:
        self.thread = ThreadPoolExecutor(1)
        self.browser = ExitStack()
        self.pages = self.thread.submit(self._open, url, slug).result(120)

    def _open(self, url: str, slug: str) -> list[Page]:
        context = self.browser.enter_context(chromium()).new_context()
        talk, pair = context.new_page(), context.new_page()
        talk.goto(participant_link(url, slug))
        talk.locator("button.kind").first.click()
        pair.goto(f"{url}/arena/")
        pair.check("[name=consent]")
        pair.click(".arena-terms [type=submit]")
        return [talk, pair]

    def close(self) -> None:
        self.thread.submit(self.browser.close).result(60)
        self.thread.shutdown()

    def each(self, act: Callable[[Page], Any]) -> list[Any]:
        """What `act` gives for the talk and for the comparison."""
        return self.thread.submit(lambda: [act(page) for page in self.pages]).result(180)

    def judge(self) -> None:
        self.each(_judge)

    def say(self, text: str) -> None:
        self.each(lambda page: _send(page, text))


def _send(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("form:has(#text) [type=submit]").first.click()
    page.locator("#stream").wait_for()
    page.evaluate("window.neverReloaded = true")


def _judge(page: Page) -> None:
    for at, slider in enumerate(page.locator("[data-slider-range]").all()):
        slider.fill(str(90 - 10 * at))
    for choice in page.locator("[value=both_good]").all():
        choice.check()
    page.locator("#rate [type=submit], #ballot [type=submit]").click()
    page.locator("#say").wait_for()


def shown(page: Page) -> list[list[str]]:
    """The words of the newest answers once they are judged; fails if the page was loaded anew meanwhile."""
    page.locator("#rate, #ballot").wait_for(timeout=90_000)
    assert page.evaluate("window.neverReloaded")
    return [text.split() for text in page.locator("#latest .answer-text").all_text_contents()]
