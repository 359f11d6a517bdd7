"""Rating on every scale in a real browser: seen at both widths, by keyboard, and without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.house import House
from tests.e2e.player import Player

pytestmark = pytest.mark.browser


def at_the_answers(browser: Browser, house: House, slug: str, size: str, *, scripts: bool = True) -> Player:
    """Somebody whose first message was answered."""
    player = Player(browser, house.url, size, scripts=scripts)
    player.page.goto(house.link(f"scale-{slug}"))
    player.choose_kind(0)
    player.say("What should I think about before I change jobs?")
    if scripts:
        player.wait_for_answers()
        return player
    for _look in range(60):
        if player.page.locator("#rate").count():
            break
        player.page.wait_for_timeout(500)
        player.page.reload()
    return player


def test_likert_points_are_chosen_by_keyboard_and_every_model_goes_on(browser: Browser, house: House) -> None:
    player = at_the_answers(browser, house, "likert", "desk")
    page = player.page
    player.look("likert", phone=True)
    player.press("Send my ratings")
    player.sees("Please rate every answer. Still to do: A, B, C, D.")
    for slot in "ABCD":
        page.locator(f"#score-{slot}-1").focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
        expect(page.locator(f"#score-{slot}-2")).to_be_checked()
    player.press("Send my ratings")
    player.sees("Who answered")
    expect(page.locator(".arena-card")).to_have_count(4)
    player.look("likert-rated", phone=True)
    player.say("Go on, all of you.")
    player.wait_for_answers()
    expect(page.locator("#rate .answer")).to_have_count(4)
    player.look("likert-second", colours=False, phone=True)
    player.close()


def test_answers_are_put_in_order_by_buttons_and_their_models_named_at_the_end(
    browser: Browser, house: House
) -> None:
    player = at_the_answers(browser, house, "order", "desk")
    page = player.page
    player.look("order", phone=True)
    player.press("Send my order")
    player.sees("Please put the answers in order: move them")
    up = page.get_by_role("button", name="Move up: Answer D")
    for _step in "123":
        up.focus()
        page.keyboard.press("Enter")
    player.sees("Answer D is now number 1 of 4.")
    player.look("order-moved", colours=False, phone=True)
    player.press("Send my order")
    expect(page.locator(".is-winner .answer-letter")).to_contain_text("Answer D")
    player.press("Finish this conversation")
    player.give_feedback()
    page.get_by_role("heading", name="Who answered").wait_for()
    player.look("order-models", phone=True)
    page.get_by_role("link", name="Go on", exact=True).click()
    player.sees("Your next conversation")
    player.close()


def test_eleven_points_fit_a_phone_and_places_are_chosen_from_a_list(browser: Browser, house: House) -> None:
    for slug in ("points", "places"):
        player = at_the_answers(browser, house, slug, "phone")
        player.look(slug)
        assert player.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        player.close()


def test_the_best_answer_is_named_and_another_one_gone_on_with_without_scripts(
    browser: Browser, house: House
) -> None:
    player = at_the_answers(browser, house, "best", "desk", scripts=False)
    page = player.page
    player.picture("best")
    player.press("Send my choice")
    player.sees("Please say first which answer is best.")
    page.get_by_role("radio", name="Answer B").check(force=True)
    player.press("Send my choice")
    player.picture("best-choosing")
    player.press("Go on with answer C")
    player.sees("you went on with it")
    expect(page.locator("#text")).to_be_visible()
    player.close()
