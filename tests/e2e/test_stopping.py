"""Stopping answers in a browser: on the desk, on a phone, and while another window is open."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.house import House
from tests.e2e.player import Player

pytestmark = pytest.mark.browser
ENDLESS = "chunks=4000;rate=4;first=0.5"


@pytest.fixture(autouse=True)
def quick_again(house: House):
    yield
    house.set_models()


def test_the_answers_stop_at_once_in_every_window_and_what_arrived_can_be_rated(
    house: House, browser: Browser
) -> None:
    player = Player(browser, house.url)
    page = player.page
    page.goto(house.link("talks"))
    player.choose_kind(0)
    house.set_models(ENDLESS)
    player.say("What is fair?")
    slots = page.locator("[data-text]")
    slots.first.wait_for(state="attached")
    page.locator("[data-text]:not(:empty)").nth(slots.count() - 1).wait_for()
    other = page.context.new_page()
    other.goto(page.url)
    other.locator("#stream").wait_for()
    page.bring_to_front()  # in a window behind another one colours stay in mid-change
    player.look("stop", phone=True)
    player.press("Stop the answers")
    player.sees("You stopped this answer. This is what had arrived.")
    player.wait_for_answers()
    player.look("stopped", dark=False, phone=True)
    other.locator("#rate").wait_for(timeout=10_000)
    house.set_models()
    player.rate()
    player.sees("Your next message")
    player.close()


def test_who_waits_long_for_a_first_word_reads_that_we_keep_asking(house: House, browser: Browser) -> None:
    player = Player(browser, house.url)
    page = player.page
    page.clock.install()
    page.goto(house.link("talks"))
    player.choose_kind(0)
    house.set_models("chunks=4000;rate=4;first=3000")
    player.say("What is fair?")
    page.locator("#stream").wait_for()
    state = page.locator("#stream-state")
    expect(state).not_to_contain_text("longer than usual")
    for _ in range(60):  # six seconds count from when the page began to listen
        page.clock.fast_forward(6_000)
        if "longer than usual" in state.inner_text():
            break
    expect(state).to_have_text("This takes longer than usual. We keep asking by ourselves; nothing is lost.")
    player.press("Stop the answers")
    page.locator("#stream").wait_for(state="detached")
    player.close()
