"""Every type of question in a real browser: seen, by keyboard, without scripts, in French and in Arabic."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.house import House
from tests.e2e.player import Player

pytestmark = pytest.mark.browser

PASTE = """(field) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text", "Nine chars");
  const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
  field.dispatchEvent(event);
  return event.defaultPrevented;
}"""


@dataclass(frozen=True)
class Said:
    """What the pages of the study `types` say in a language: titles, buttons, the text of a question."""

    language: str
    direction: str
    switch: str
    consent: str
    agree: str
    questions: str
    go_on: str
    three: str
    asks: str
    done: str
    own: str
    withdraw: str
    leave: str
    erase: str
    left: str


FRENCH = Said(
    language="fr",
    direction="ltr",
    switch="Français",
    consent="Participer",
    agree="Accepter et commencer",
    questions="Une question de chaque sorte",
    go_on="Continuer",
    three="3",
    asks="Pourquoi L'automne ?",
    done="Merci, vous avez terminé",
    own="Vos données et comment arrêter",
    withdraw="Se retirer…",
    leave="Se retirer de l’étude",
    erase="Se retirer et effacer",
    left="Vous vous êtes retiré",
)
ARABIC = Said(
    language="ar",
    direction="rtl",
    switch="العربيّة",
    consent="المشاركة في الدراسة",
    agree="أوافق وأبدأ",
    questions="سؤال من كل نوع",
    go_on="متابعة",
    three="٣",
    asks="لماذا الخريف؟",
    done="شكرًا لك، لقد انتهيت",
    own="بياناتك وكيفية التوقف",
    withdraw="انسحاب…",
    leave="الانسحاب من الدراسة",
    erase="الانسحاب والمحو",
    left="لقد انسحبت",
)
WORDS = {"word": "Serendipity", "story": "Once upon a time.", "cups": "3", "born": "1970"}
WITHOUT_SCRIPTS = {"weather.rain": "60", "loud": "3", "mood": "55"}
ORDER = {"meals.breakfast": "2", "meals.lunch": "3", "meals.dinner": "1"}


def at_the_questions(browser: Browser, house: House, size: str = "desk", *, scripts: bool = True) -> Player:
    player = Player(browser, house.url, size, scripts=scripts)
    player.page.goto(house.link("types"))
    player.agree()
    return player


def fill_words(page: Page) -> None:
    for name, words in WORDS.items():
        page.locator(f"[name={name}]").fill(words)


def choose(page: Page) -> None:
    """Everything that is chosen or ticked, by its value."""
    for name, value in {"colour": "Green", "fruit": "Pears", "sure": "on"}.items():
        page.locator(f"[name={name}][value={value}]").check(force=True)
    for row, value in {"fair": "2", "help": "3", "attention": "4"}.items():
        page.locator(f'[name="statements.{row}"][value="{value}"]').check(force=True)
    page.locator("select[name=season]").select_option("Autumn")
    page.locator("select[name=country]").select_option("FRA", force=True)


def assert_fits(page: Page) -> None:
    """Nothing sticks out to the side."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_every_type_of_question_is_free_of_barriers_filled_in_or_not(house: House, browser: Browser) -> None:
    player = at_the_questions(browser, house)
    player.look("types", colours=False, phone=True)  # all of them are on the page that is sent back
    assert_fits(player.page)
    player.press("Continue")
    player.sees("A few answers are still missing or need a change.")
    player.look("types-error", phone=True)
    assert_fits(player.page)
    choose(player.page)
    fill_words(player.page)
    for slider in player.page.locator("[data-slider-range]").all():
        slider.press("ArrowRight")
    player.press("This order is right")
    player.page.locator("#q-country-input").fill("ra")  # two dozen countries, enough to scroll
    player.look("types-filled")
    player.page.keyboard.press("Escape")
    player.next_page()
    player.sees("Why Autumn?")
    player.close()


def test_the_keyboard_answers_every_new_type(house: House, browser: Browser) -> None:
    player = at_the_questions(browser, house)
    page = player.page
    search_by_keyboard(page)
    slide_by_keyboard(page)
    enter_in_a_block(page)
    rank_by_keyboard(page)
    page.locator('[name="statements.fair"]').first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator('[name="statements.fair"]').nth(1)).to_be_checked()
    player.close()


def search_by_keyboard(page: Page) -> None:
    field = page.get_by_role("combobox", name="Where would you like to live?")
    field.focus()
    page.keyboard.type("reunion")
    expect(page.locator(".combobox-list [role=option]")).to_have_text(["Réunion"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("Réunion")
    expect(field).to_have_attribute("aria-expanded", "false")
    assert page.locator("select[name=country]").input_value() == "REU"
    page.keyboard.type("zzz")
    page.keyboard.press("Tab")
    expect(field).to_have_value("Réunion")


def slide_by_keyboard(page: Page) -> None:
    """Unset until touched, then said; by the thumb or as a number, on both kinds of single slider."""
    slider = page.get_by_role("slider", name="How do you feel right now?")
    expect(slider).to_have_attribute("aria-valuetext", "Not set yet")
    assert page.locator("input[name=mood]").input_value() == ""
    slider.focus()
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "0 out of 100")
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "1 out of 100")
    assert page.locator("input[name=mood]").input_value() == "1"
    entry = page.locator("#q-loud-input-entry")
    page.locator("#q-loud .slider-entry summary").press("Enter")
    entry.fill("11")
    entry.press("Tab")
    expect(page.locator("#q-loud [role=status]")).to_have_text("Please enter a whole number from 0 to 10.")
    expect(entry).to_have_value("11")
    assert page.locator("input[name=loud]").input_value() == ""
    entry.fill("7")
    entry.press("Tab")
    assert page.locator("input[name=loud]").input_value() == "7"
    expect(page.locator("#q-loud [role=status]")).to_be_empty()
    expect(page.get_by_role("slider", name="How loud is it here?")).to_have_attribute(
        "aria-valuetext", "7 out of 10"
    )


def enter_in_a_block(page: Page) -> None:
    block = page.locator("#q-weather")
    block.locator("summary").first.press("Enter")
    entry = block.get_by_label("A number from 0 to 100").first
    expect(entry).to_have_value("")
    entry.fill("25")
    entry.press("Tab")
    assert page.locator("[name='weather.rain']").input_value() == "25"
    expect(block.get_by_role("slider", name="Rain")).to_have_attribute("aria-valuetext", "25 out of 100")


def rank_by_keyboard(page: Page) -> None:
    places = page.locator(".q-place input")
    assert {field.input_value() for field in places.all()} == {""}
    button = page.get_by_role("button", name="Move down: Breakfast")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_be_focused()
    expect(page.locator("[data-ranking-status]")).to_have_text("Breakfast is now number 2 of 3.")
    assert page.locator(".q-place label").all_text_contents() == ["Lunch", "Breakfast", "Dinner"]
    assert [field.input_value() for field in places.all()] == ["1", "2", "3"]
    page.keyboard.press("Space")
    page.keyboard.press("Space")
    expect(page.locator("[data-ranking-status]")).to_have_text("Breakfast is now number 3 of 3.")


def test_without_scripts_every_type_is_a_plain_field(house: House, browser: Browser) -> None:
    player = at_the_questions(browser, house, scripts=False)
    page = player.page
    choose(page)
    fill_words(page)
    for name, value in (WITHOUT_SCRIPTS | ORDER).items():
        page.locator(f'[name="{name}"]').fill(value)
    player.next_page()
    player.sees("Why Autumn?")
    page.get_by_role("link", name="Back").click()
    page.locator(".q-place").first.wait_for()
    assert [field.input_value() for field in page.locator(".q-place input").all()] == ["1", "2", "3"]
    assert page.locator(".q-place label").all_text_contents() == ["Dinner", "Breakfast", "Lunch"]
    player.close()


def test_pasting_is_refused_counted_and_explained_where_it_is_off(house: House, browser: Browser) -> None:
    player = at_the_questions(browser, house)
    page, field = player.page, player.page.locator("[name=story]")
    field.press_sequentially("Once")
    assert field.evaluate(PASTE) is True
    expect(page.locator("[data-typing-refused=story]")).to_have_text("Pasting is switched off in this field.")
    expect(field).to_have_value("Once")
    counts = json.loads(page.locator("[name=story__typing]").input_value())
    assert (counts["keys"], counts["pastes"], counts["pasted_chars"]) == (4, 1, 10)
    assert counts["first_ms"] <= counts["last_ms"]
    assert page.locator("[name=word]").evaluate(PASTE) is False
    page.keyboard.insert_text(" dictated")  # as an input aid does: no key, no clipboard
    expect(field).to_have_value("Once dictated")
    player.close()


@pytest.mark.parametrize(("said", "size"), [(ARABIC, "desk"), (FRENCH, "phone")], ids=["ar", "fr"])
def test_a_journey_in_another_language_from_the_link_to_the_withdrawal(
    house: House, browser: Browser, said: Said, size: str
) -> None:
    player = Player(browser, house.url, size)
    consent_in(player, said, house.link("types"))
    answer_in(player, said)
    withdraw_in(player, said)
    player.close()


def assert_speaks(page: Page, said: Said, title: str) -> None:
    expect(page.locator("h1")).to_have_text(title)
    expect(page.locator("html")).to_have_attribute("lang", said.language)
    expect(page.locator("html")).to_have_attribute("dir", said.direction)
    assert_fits(page)


def consent_in(player: Player, said: Said, link: str) -> None:
    player.page.goto(link)
    expect(player.page.locator("html")).to_have_attribute("lang", "en")
    player.press(said.switch)
    assert_speaks(player.page, said, said.consent)
    player.look(f"consent-{said.language}", colours=False)  # colours are the same in every language
    player.agree(said.agree)


def answer_in(player: Player, said: Said) -> None:
    """Both pages of questions; a change of the language on the way keeps what is typed."""
    page = player.page
    assert_speaks(page, said, said.questions)
    player.look(f"types-{said.language}", colours=False, phone=True)
    player.press(said.go_on)
    page.locator(".alert").wait_for()
    player.look(f"types-{said.language}-error", colours=False)
    assert_fits(page)
    page.locator("[name=word]").fill("Serendipity")
    player.press("English")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    player.press(said.switch)
    assert_speaks(page, said, said.questions)
    expect(page.locator("[name=word]")).to_have_value("Serendipity")
    choose(page)
    fill_words(page)
    page.locator("[name=cups]").fill(said.three)
    page.locator("[name='weather.other_text']").fill("Hail")
    for slider in page.locator("[data-slider-range]").all():
        slider.press("ArrowRight")
    page.locator("[data-ranking-keep]").click()
    player.go_on(said.go_on)
    expect(page.locator("legend, .q > label").first).to_contain_text(said.asks)
    player.go_on(said.go_on)
    page.wait_for_url("**/done/")
    assert_speaks(page, said, said.done)
    player.look(f"done-{said.language}", colours=False)


def withdraw_in(player: Player, said: Said) -> None:
    """By one's own page, which holds the answers in the language they were given in."""
    page = player.page
    page.get_by_role("link", name=said.own).first.click()
    assert_speaks(page, said, said.own)
    page.locator("main details > summary").first.click()
    player.sees(said.asks)
    player.look(f"mine-{said.language}", colours=False)
    player.press("English")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    player.press(said.switch)
    assert_speaks(page, said, said.own)
    page.get_by_role("link", name=said.withdraw).click()
    assert_speaks(page, said, said.leave)
    player.look(f"withdraw-{said.language}", colours=False)
    player.go_on(said.erase)
    assert_speaks(page, said, said.left)
    player.look(f"withdrawn-{said.language}", colours=False)
