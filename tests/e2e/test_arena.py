"""The arena in a real browser over real processes: by keyboard alone, blind until the reveal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Error, Page, Response, expect

from conversations.fakellm.personas import PERSONAS
from tests.e2e.house import House
from tests.e2e.player import Player, tab_to

pytestmark = pytest.mark.browser


@pytest.fixture
def player(browser: Browser, house: House) -> Iterator[Player]:
    player = Player(browser, house.url)
    yield player
    player.close()


def heard(page: Page) -> list[tuple[str, str]]:
    """(address, body) of everything that the browser is sent from now on."""
    received: list[tuple[str, str]] = []

    def keep(response: Response | None) -> None:
        if response is None:
            return
        try:
            received.append((response.url, f"{response.headers} {response.text()}"))
        except Error:  # a redirect has no body, and that of a stream is gone
            received.append((response.url, str(response.headers)))

    page.on("requestfinished", lambda request: keep(request.response()))
    return received


def named(text: str) -> set[str]:
    return {name for name in PERSONAS if name in text.lower()}


def come_in(player: Player) -> None:
    page = player.page
    page.goto(f"{player.url}/arena/")
    player.look("arena-front", phone=True)
    tab_to(page, "[name=consent]")
    page.keyboard.press("Space")
    tab_to(page, ".arena-terms [type=submit]")
    page.keyboard.press("Enter")
    page.locator("#ask").wait_for()


def test_somebody_compares_votes_and_goes_on_by_keyboard_alone(player: Player, house: House) -> None:
    page = player.page
    received = heard(page)
    come_in(player)
    player.look("arena-ask", phone=True)
    tab_to(page, "[data-use]")
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("how bread rises")  # in place of what stood in brackets
    expect(page.locator("#text")).to_have_value(
        "Explain how bread rises to a ten-year-old, in five sentences."
    )
    tab_to(page, "#ask [type=submit]")
    page.keyboard.press("Enter")
    page.locator("#ballot").wait_for()
    expect(page.locator("#talk-status")).to_have_text("Both answers are complete. Which is better?")
    ended = page.locator("#talk-ends p").all_inner_texts()
    assert sorted(ended) == ["Answer A is complete.", "Answer B is complete."]  # each is announced once
    player.look("arena-ballot", phone=True)
    vote(page)
    expect(page.locator("#voted-title")).to_be_focused()
    player.look("arena-voted", phone=True)
    found, evidence = noticed(house)
    assert "driven" in found  # which this browser is
    assert evidence["keys"] > 10
    assert [where for where, body in received if named(body)] == []
    tab_to(page, "#voted [type=submit]")
    page.keyboard.press("Enter")
    page.locator(".arena-card").first.wait_for()
    expect(page.locator("#voted-title")).to_be_focused()
    assert len(named(page.content())) == 2
    assert len({name for _where, body in received for name in named(body)}) == 2
    assert page.locator(".arena-card", has_text="Energy").count() == 2
    player.look("arena-reveal", phone=True)
    tab_to(page, "form[action*=share] [type=submit]")
    page.keyboard.press("Enter")
    link = page.locator("#shared-link").input_value()
    tab_to(page, "#text")
    page.keyboard.type("And in one sentence?")
    page.keyboard.press("Control+Enter")
    page.locator("#ballot").wait_for()
    vote(page)
    page.goto(f"{player.url}/arena/history/")
    player.look("arena-history", phone=True)
    page.goto(link)
    player.look("arena-shared", phone=True)


def noticed(house: House) -> tuple[list[str], dict[str, Any]]:
    """The signals of the newest vote, with their figures."""
    with psycopg.connect(house.database) as connection:
        query = "SELECT found, evidence FROM conversations_votesignals ORDER BY id DESC LIMIT 1"
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0], row[1]


def vote(page: Page) -> None:
    tab_to(page, "[name=choice]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[name=choice]:checked")).to_have_value("both_bad")
    tab_to(page, ".ballot-more summary")
    page.keyboard.press("Enter")
    tab_to(page, "[name=reasons-B][value=superficial]")
    page.keyboard.press("Space")
    tab_to(page, "#ballot [type=submit]")
    page.keyboard.press("Enter")
    page.locator("#voted").wait_for()


def test_without_scripts_everything_works_by_links_and_forms(browser: Browser, house: House) -> None:
    player = Player(browser, house.url, scripts=False)
    page = player.page
    page.goto(f"{house.url}/arena/")
    page.check("[name=consent]")
    page.click(".arena-terms [type=submit]")
    page.click("[data-use] >> nth=1")
    expect(page.locator("#text")).to_have_value(
        "What is the difference between weather and climate? Give one everyday example."
    )
    page.click("#ask [type=submit]")
    while not page.locator("#ballot").count():
        page.wait_for_timeout(300)
        page.reload()
    page.check("[value=a_better]")
    page.click("#ballot [type=submit]")
    page.click("#voted [type=submit]")
    assert len(named(page.content())) == 2
    player.close()
