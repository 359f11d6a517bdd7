"""A crowd at the arena's door in a real browser: a puzzle is solved there, also without HTTPS."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, Route, expect

from conversations.views.arena import doors
from tests.browser import chromium
from tests.conversations.comparing import open_arena
from tests.conversations.talking import field
from tests.e2e.player import Player

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# What a browser is without HTTPS, in a school's own network.
PLAIN = "Object.defineProperty(Crypto.prototype, 'subtle', {get: () => undefined})"


def crowd_in() -> None:
    """More people than a class knock from this address; none of them agrees."""
    client = Client()
    door_key = field(client.get("/arena/").content.decode(), "door_key")
    for _ in range(doors.MANY_ENTRIES):
        assert client.post("/arena/begin/", {"door_key": door_key}).status_code == 422


def agree(page: Page) -> None:
    page.check("[name=consent]")
    page.click(".arena-terms [type=submit]")


def test_a_crowd_comes_in_through_the_puzzle_also_without_https(
    live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATE_LIMITS_ON = True
    monkeypatch.setattr(doors, "MINUTE", 3600)  # the crowd is not forgotten where a machine stalls
    open_arena()
    crowd_in()
    with chromium() as browser:
        player = Player(browser, live_server.url, "phone")
        page = player.page
        page.add_init_script(PLAIN)
        page.goto(f"{live_server.url}/arena/")
        agree(page)
        player.sees("The puzzle is solved. Please agree once more.")
        assert page.evaluate("crypto.subtle === undefined")
        player.look("arena-puzzle")
        agree(page)
        page.locator("#ask").wait_for()

        # A puzzle that nobody can solve leaves the button usable and says what to do.
        page.context.clear_cookies()
        page.goto(f"{live_server.url}/arena/")
        page.route("**/arena/begin/", unsolvable)
        agree(page)
        player.sees("Your browser could not solve the puzzle")
        expect(page.locator(".arena-terms [type=submit]")).to_be_enabled()
        player.close()


def unsolvable(route: Route) -> None:
    """The same page with a puzzle that has no solution."""
    answer = route.fetch()
    route.fulfill(response=answer, body=re.sub(r'data-challenge="\w+"', 'data-challenge="0"', answer.text()))
