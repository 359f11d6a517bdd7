"""The participant's journey in a real browser over real processes: seen, by keyboard, without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.house import House
from tests.e2e.player import Player, tab_to

pytestmark = pytest.mark.browser

# Times the speed of the house, some twenty chunks a second: slow enough to be looked at in mid-stream.
SLOW = "rate=1.7"
WORD = re.compile(r"[^\W\d_]+")
FIRST, SECOND = "What should I think about before I change jobs?", "And what about the money side of it?"


@pytest.fixture(autouse=True)
def usual_models(house: House) -> Iterator[None]:
    yield
    house.set_models()


def words(page: Page, selector: str) -> list[list[str]]:
    """The words of every answer, without the marks that Markdown turns into layout."""
    return [WORD.findall(text) for text in page.locator(selector).all_text_contents()]


def read_in_mid_stream(player: Player) -> None:
    """What had arrived is there after a reload, and the rest follows behind it."""
    page = player.page
    before = words(page, "[data-text]")
    page.reload()
    page.locator("[data-text]:not(:empty)").first.wait_for()
    player.wait_for_answers()
    whole = words(page, ".answer-text")
    assert sum(map(len, before)) < sum(map(len, whole))
    for early, final in zip(before, whole, strict=True):
        complete = early[:-1]  # the last word may have been cut in the middle
        assert final[: len(complete)] == complete


def do_survey(player: Player) -> None:
    """Every page of the questionnaire, among them one sent back, one reloaded and one gone back to."""
    page = player.page
    player.press("Continue")
    player.sees("A few answers are still missing or need a change.")
    expect(page.locator(".alert")).to_be_focused()
    player.look("survey-error")
    pages = 0
    while "/survey/" in page.url:
        pages += 1
        player.fill_page()
        for option in page.get_by_label("Yes", exact=True).all():
            option.check(force=True)
        if page.locator("textarea").count() and pages < 5:
            type_reload_and_go_back(player)
        if pages in {1, 4, 8}:
            player.look(f"survey-{pages}", colours=pages > 1)
        player.next_page()
    assert pages == 8


def type_reload_and_go_back(player: Player) -> None:
    page, typed = player.page, "Typed, and not sent yet."
    page.locator("textarea").fill(typed)
    expect(page.locator("[data-autosave-state]")).to_have_text("Saved")
    page.reload()
    expect(page.locator("textarea")).to_have_value(typed)
    here = page.url
    page.get_by_role("link", name="Back").click()
    page.wait_for_url(lambda address: address != here)
    player.next_page()
    assert page.url == here
    expect(page.locator("textarea")).to_have_value(typed)


def first_conversation(player: Player, house: House) -> None:
    page = player.page
    house.set_models(SLOW)
    player.choose_kind(0)
    player.look("opening", colours=False)  # all of them come again in the reply
    player.say(FIRST)
    page.locator("[data-text]:not(:empty)").first.wait_for()
    player.look("streaming", dark=False)
    read_in_mid_stream(player)
    house.set_models()
    player.look("rating")
    assert_no_number_is_seen(page)
    set_by_keyboard(page, tie=True)
    assert_no_number_is_seen(page)
    send_by_keyboard(page)
    player.sees("Several answers share your highest rating.")
    player.look("tie")
    player.press("Go on with answer B")
    player.sees("You can finish after 2 messages.")
    player.look("replying")
    player.say(SECOND)
    player.wait_for_answers()
    player.look("rating-again", colours=False)
    player.rate()
    player.press("Finish this conversation")


def set_by_keyboard(page: Page, *, tie: bool = False) -> None:
    """By Tab and arrow keys alone."""
    count = page.locator("[data-slider-range]").count()
    page.locator(".answer-letter").first.focus()
    for place in range(count):
        page.keyboard.press("Tab")
        expect(page.locator("[data-slider-range]").nth(place)).to_be_focused()
        page.keyboard.press("End")
        for _ in range(place and place - tie):
            page.keyboard.press("ArrowLeft")
        page.keyboard.press("Tab")
        expect(page.locator(".slider-entry summary").nth(place)).to_be_focused()


def send_by_keyboard(page: Page) -> None:
    """From the last slider."""
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def assert_no_number_is_seen(page: Page) -> None:
    """Numbers can be entered, but none is shown to who does not ask for it."""
    expect(page.locator(".slider-entry summary").first).to_be_visible()
    for entry in page.locator("[data-slider-entry]").all():
        expect(entry).to_be_hidden()
    assert not any(sign.isdigit() for text in page.locator(".slider").all_inner_texts() for sign in text)


def first_feedback(player: Player) -> None:
    page = player.page
    player.sees("About this conversation")
    assert_no_number_is_seen(page)
    player.look("feedback", colours=False)
    player.press("Send and go on")
    player.sees("Please write a few words about the answers.")
    player.look("feedback-error")
    first = page.locator("[data-slider]").first
    box, slider = first.locator("[data-slider-na]"), first.locator("[data-slider-range]")
    box.check()
    expect(slider).to_be_disabled()
    box.uncheck()
    expect(slider).to_be_enabled()
    slider.press("ArrowRight")
    expect(first.locator("[data-slider-status]")).to_have_text("Set")
    enter_a_number(page.locator("[data-slider]").nth(2))
    page.locator("[data-slider-na]").nth(1).check()
    player.give_feedback()


def enter_a_number(slider: Locator) -> None:
    slider.locator("summary").click()
    entry = slider.get_by_label("A number from 1 to 100")
    entry.fill("64")
    entry.press("Enter")
    expect(slider.get_by_role("slider")).to_have_attribute("aria-valuetext", "64 out of 100")
    expect(slider.locator("[data-slider-status]")).to_have_text("Set")


def test_a_participant_goes_from_the_link_to_the_completion_code(house: House, browser: Browser) -> None:
    player = Player(browser, house.url)
    page = player.page
    page.goto(house.link("journey"))
    assert "PROLIFIC" not in page.url
    player.look("consent", colours=False)  # those of the page sent back are the same and more
    player.press("Agree and begin")
    player.sees("We can only go on if you agree.")
    player.look("consent-error")
    player.agree()
    do_survey(player)
    player.sees("Now talk to some AI models")
    player.look("overview")
    first_conversation(player, house)
    first_feedback(player)
    for done in range(1, 3):
        player.sees(f"{done} of 3 conversations done")
        player.choose_kind(0)
        player.converse([FIRST, SECOND])
        player.give_feedback()
    player.sees("Thank you, you are done")
    expect(page.locator("[data-completion-code]")).to_have_text("DEMODONE")
    expect(page.get_by_role("link", name="Return to Prolific")).to_have_attribute(
        "href", re.compile("^https://app.prolific.com/.*DEMODONE$")
    )
    player.look("done")
    player.close()


def test_a_phone_shows_one_answer_below_the_other_and_leads_to_each(house: House, browser: Browser) -> None:
    player = Player(browser, house.url, "phone")
    page = player.page
    page.goto(house.link("demo"))
    player.look("consent", colours=False)
    player.agree()
    player.sees("Page 1 of 7")
    player.look("survey", colours=False)
    page.goto(house.link("talks"))
    player.look("overview", colours=False)
    player.choose_kind(2)
    player.look("opening", colours=False)
    house.set_models(SLOW)
    player.say(FIRST)
    page.locator("[data-text]:not(:empty)").first.wait_for()
    page.evaluate("window.scrollTo(0, 200)")
    player.wait_for_answers()
    assert page.evaluate("Math.round(scrollY)") == 200
    player.look("rating", colours=False)
    page.locator(".jump a").nth(3).click()
    expect(page.locator("#letter-D")).to_be_in_viewport()
    page.locator("[data-slider-range]").nth(3).press("End")
    assert (
        page.locator(".jump a").nth(3).evaluate("link => getComputedStyle(link, '::after').content") != "none"
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    player.rate()
    player.sees("Your next message")
    player.look("replying", colours=False)
    player.press("Français")
    player.sees("Votre message suivant")
    player.look("replying-french", colours=False)
    player.press("English")
    player.sees("Your next message")
    house.set_models()
    player.converse([SECOND])
    player.sees("About this conversation")
    player.look("feedback", colours=False)
    player.close()


def test_the_keyboard_alone_does_a_survey_page_and_a_conversation(house: House, browser: Browser) -> None:
    player = Player(browser, house.url)
    page = player.page
    page.goto(house.link("demo"))
    tab_to(page, "[name=consent]")
    for key in ("Space", "Tab", "Space", "Tab", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**/survey/familiarity/")
    for name in ("lm_familiarity", "lm_indirect_use", "lm_direct_use"):
        tab_to(page, f"[name={name}]")
        page.keyboard.press("Space")
    tab_to(page, ".form-actions button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/survey/use/")
    page.goto(house.link("talks"))
    tab_to(page, "button.kind")
    page.keyboard.press("Enter")
    for text in (FIRST, SECOND):
        page.locator("#text").wait_for()
        tab_to(page, "#text")
        page.keyboard.type(text)
        page.keyboard.press("Control+Enter")
        player.wait_for_answers()
        expect(page.get_by_role("status").filter(has_text="All answers are complete.")).to_have_count(1)
        set_by_keyboard(page)
        send_by_keyboard(page)
        page.locator("#say").wait_for()
    tab_to(page, ".finish button")
    page.keyboard.press("Enter")
    player.sees("About this conversation")
    player.close()


def test_without_scripts_forms_and_links_do(house: House, browser: Browser) -> None:
    player = Player(browser, house.url, scripts=False)
    page = player.page
    page.goto(house.link("demo"))
    player.agree()
    while "/survey/" in page.url:
        player.fill_page()
        player.next_page()
    player.choose_kind(0)
    for text in (FIRST, SECOND):
        player.say(text)
        while page.locator("#rate").count() == 0:
            page.get_by_role("link", name="Show what has arrived").click()
        for place, field in enumerate(page.locator(".slider-number").all()):
            field.fill(str(90 - 10 * place))
        player.press("Send my ratings")
    player.press("Finish this conversation")
    player.give_feedback()
    player.sees("1 of 6 conversations done")
    player.close()


def test_when_no_model_answers_the_message_is_kept_and_asked_again(house: House, browser: Browser) -> None:
    player = Player(browser, house.url)
    player.page.goto(house.link("talks"))
    player.choose_kind(0)
    house.set_models("fail=500")
    player.say(FIRST)
    player.page.get_by_role("button", name="Ask again").wait_for(timeout=60_000)
    house.set_models()
    player.sees(FIRST)
    player.look("stuck")
    player.press("Ask again")
    player.wait_for_answers()
    player.close()


TURNED_AWAY = {
    "/nowhere/": "There is no page here",
    "/studies/nowhere/": "There is no such study",
    "/studies/demo/?PROLIFIC_PID=short": "This link does not let you in",
    "/studies/demo/survey/": "Please come in by your link",
    "/studies/demo/resume/?link=damaged": "This personal link does not work",
}


def test_pages_that_turn_people_away_are_free_of_barriers(house: House, browser: Browser) -> None:
    player = Player(browser, house.url)
    for address, says in TURNED_AWAY.items():
        player.page.goto(house.url + address)
        player.sees(says)
        player.look(f"message-{says[:5]}", colours=address == "/nowhere/")  # all are of one template
    player.context.close()  # the status of such a page stands in the console, rightly
