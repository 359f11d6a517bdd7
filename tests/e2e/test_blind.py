"""Blind in a browser: models fail, are replaced and say who they are, and no byte tells until the reveal.

What went over the wire is read beside the browser (tests.e2e.wiretap); what the browser holds is asked of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.conversations.test_blinding import FIGURES, TELLING
from tests.e2e.house import House
from tests.e2e.player import Player
from tests.e2e.studies import BLIND_ID, BLIND_PROVIDER
from tests.e2e.wiretap import Tap, tapped

pytestmark = pytest.mark.browser
# Whatever a page of Prism may be sent with; one more has to be thought about.
HEADERS = {
    *(
        "cache-control",
        "content-language",
        "content-length",
        "content-location",
        "content-security-policy",
        "content-type",
        "date",
    ),
    *("cross-origin-opener-policy", "expires", "location", "permissions-policy", "referrer-policy", "server"),
    *("set-cookie", "transfer-encoding", "vary", "x-accel-buffering", "x-content-type-options"),
    *("x-frame-options", "connection", "keep-alive", "cross-origin-resource-policy"),
}
HELD = """async () => JSON.stringify([
  document.documentElement.outerHTML, document.title, window.name, history.state, document.cookie,
  {...localStorage}, {...sessionStorage}, await indexedDB.databases(), await caches.keys(),
  performance.getEntries().map((entry) => entry.toJSON()),
])"""
# What is left of an answer when its text and its letter are taken away.
SHAPES = """(selector) => [...document.querySelectorAll(selector)].map((answer) => {
  const bare = answer.cloneNode(true);
  const letter = answer.querySelector(".answer-letter").textContent.match(/\\b[A-H]\\b/)[0];
  for (const text of bare.querySelectorAll("[data-text], .answer-text")) text.textContent = "";
  return bare.outerHTML.replaceAll(new RegExp(`\\\\b${letter}\\\\b`, "g"), "#").replace(/\\s+/g, " ");
})"""
HIDDEN = """() => [...document.querySelectorAll("#talk input[type=hidden]")].map((one) => one.value)"""
TOKEN = re.compile(r"\w{64}|[\w-]{16,40}|\d{0,2}|[A-F]|random")
# The lengths of both answers as the page showed them, one after another.
STEPS = """() => {
  window.steps = [];
  const look = () => {
    const texts = [...document.querySelectorAll("#stream [data-text]")];
    if (texts.length === 2) window.steps.push(texts.map((text) => text.textContent.length));
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
CADENCE = "\npacing: cadence\n"
# Times the speed of the house: answers of a second and a half.
WELL = "chunks=40;rate=2"
FIRST = (
    f"aurora-7b;{WELL}",
    "basalt-70b;fail=500",
    f"cirrus-mini;fail=429;retry=1;times=1;{WELL}",
    f"delta-chat-13b;fail=cut;after=20;{WELL}",
    "fjord-lite;fail=hang",
    "gneiss-duo;fail=empty;first=48",
)
SAID_NOTHING = ("server_error", "silent", "empty")
SUBSTITUTES = (f"halcyon-xl;{WELL}", f"ember-pro;{WELL}")


class Watched:
    """A player behind a tap, whose study is blind for as long as `assert_blind` holds."""

    def __init__(self, browser: Browser, house: House, tap: Tap) -> None:
        self.house, self.tap = house, tap
        self.player = Player(browser, tap.url)
        self.page: Page = self.player.page
        self.odd_headers: set[str] = set()
        self.page.on("response", self._note)
        self.page.evaluate("window.neverReloaded = true")

    def _note(self, response: Response) -> None:
        if "/static/" not in response.url:
            self.odd_headers |= {name.lower() for name in response.headers} - HEADERS
            if response.request.resource_type in {"document", "fetch", "eventsource"}:
                assert "no-store" in response.headers.get("cache-control", ""), response.url

    def mark(self) -> None:
        """From here on a reload would be noticed."""
        self.page.evaluate("window.neverReloaded = true")

    def assert_not_reloaded(self) -> None:
        assert self.page.evaluate("window.neverReloaded")

    def secrets(self) -> set[str]:
        """Every word that tells which model answers, who serves it or how its call went."""
        with psycopg.connect(self.house.database) as connection:
            rows = connection.execute(
                "SELECT m.id::text, m.name, m.short_name, m.code, m.family, m.maker, m.link, m.header,"
                " m.identifier, split_part(m.identifier, ';', 1), p.name, p.id::text, p.base_url,"
                " split_part(p.base_url, '/', 3)"
                " FROM conversations_languagemodel m JOIN conversations_provider p ON p.id = m.provider_id"
                " WHERE p.name = %s",
                [BLIND_PROVIDER],
            ).fetchall()
            calls = connection.execute(
                "SELECT r.seed::text, a.prompt_sha256, a.worker FROM conversations_response r"
                " JOIN conversations_attempt a ON a.response_id = r.id"
            ).fetchall()
        found = {word for row in [*rows, *calls] for word in row} | set(TELLING)
        return {
            word.lower() for word in found | {str(figure) for figure in FIGURES.values()} if len(word) >= 4
        }

    def assert_blind(self) -> None:
        words = self.secrets()
        held = str(self.page.evaluate(HELD)) + str(self.page.context.storage_state())
        assert self.tap.found(words) == set()
        assert {word for word in words if word in held.lower()} == set()
        assert self.odd_headers == set()
        assert [value for value in self.page.evaluate(HIDDEN) if not TOKEN.fullmatch(value)] == []

    def assert_alike(self) -> None:
        """Nothing but letter and text tells one answer from another while both are being written."""
        shapes = self.page.evaluate(SHAPES, "#stream [data-slot]:has([data-wait]:not([hidden]))")
        assert len(shapes) > 1
        assert len(set(shapes)) == 1, set(shapes)

    def sql(self, statement: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.house.database) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def watched(browser: Browser, house: House) -> Iterator[Watched]:
    with tapped(house.url) as tap:
        watched = Watched(browser, house, tap)
        yield watched
        watched.player.close()


def set_models(watched: Watched, slug: str, *identifiers: str) -> None:
    """The models of this test are called so from now on, and the study draws these and no others."""
    for number, identifier in enumerate(identifiers):
        statement = "UPDATE conversations_languagemodel SET identifier = %s WHERE id = %s"
        watched.sql(statement, identifier, BLIND_ID + number)
    watched.sql(
        "UPDATE conversations_poolentry e SET is_on = e.model_id BETWEEN %s AND %s"
        " FROM surveys_study s WHERE s.id = e.study_id AND s.slug = %s",
        *(BLIND_ID, BLIND_ID + len(identifiers) - 1, slug),
    )


def give_figures(watched: Watched) -> None:
    """Numbers that no page would show by chance."""
    columns = ", ".join(f"{name} = %s" for name in FIGURES)
    watched.sql(f"UPDATE conversations_response SET {columns} WHERE state <> 'streaming'", *FIGURES.values())


def rows(watched: Watched, number: int) -> dict[str, tuple[str, str, bool]]:
    """State, failure and whether another model was asked first, of what the newest conversation shows."""
    found = watched.sql(
        "SELECT r.slot, r.state, r.failure, r.replaces_id IS NOT NULL FROM conversations_response r"
        " JOIN conversations_turn t ON t.id = r.turn_id WHERE NOT r.is_replaced AND t.number = %s AND"
        " t.conversation_id = (SELECT max(id) FROM conversations_conversation) ORDER BY r.slot",
        number,
    )
    return {slot: (state, failure, is_new) for slot, state, failure, is_new in found}


def notes(page: Page, letters: list[str]) -> dict[str, str]:
    """What stands beside each answer."""
    articles = page.locator("#latest article.answer")
    return {
        letter: " ".join(articles.nth(at).locator(".answer-note").all_text_contents()).strip()
        for at, letter in enumerate(letters)
    }


def test_a_conversation_with_failing_and_replaced_models_tells_nothing_of_them(watched: Watched) -> None:
    player, page = watched.player, watched.page
    set_models(watched, "blind", *FIRST)
    page.goto(watched.house.link("blind").replace(watched.house.url, watched.tap.url))
    player.choose_kind(0)
    watched.mark()
    player.say("What is fair?")
    page.locator("#stream").wait_for()
    set_models(watched, "blind", *FIRST, *SUBSTITUTES)
    watched.assert_alike()
    player.wait_for_answers()
    watched.assert_not_reloaded()

    # What the page says is what became of the calls.
    ends = rows(watched, 0)
    said = notes(page, sorted(ends))
    # Three models said nothing, and two were left to stand in.
    assert [state for state, *_ in ends.values()].count("failed") == 2
    assert sum(is_new for *_, is_new in ends.values()) == 2
    for slot, (state, failure, _new) in ends.items():
        assert (state == "failed") == bool(said[slot])
        assert ("stopped before its end" in said[slot]) == (failure == "cut")
        assert ("No answer arrived here" in said[slot]) == (failure in SAID_NOTHING)
    kinds = watched.sql("SELECT DISTINCT failure FROM conversations_attempt")
    assert {kind for (kind,) in kinds} >= {"rate_limited", "cut", "", *SAID_NOTHING}

    give_figures(watched)
    page.reload()
    watched.mark()
    player.rate()
    set_models(watched, "blind", *[f"aurora-7b;fail=500;first={n}" for n in range(8)])
    player.say("And then?")
    page.get_by_role("button", name="Ask again").wait_for()
    watched.assert_not_reloaded()
    # One of the two falls silent after ten words; those are kept, and shown as what they are.
    silent = f"fail=hang;after=10;times=1;{WELL}"
    set_models(watched, "blind", *[f"aurora-7b;first={n / 10};{silent}" for n in range(8)])
    player.press("Ask again")
    player.wait_for_answers()
    watched.assert_not_reloaded()
    ends = rows(watched, 1)
    said = notes(page, sorted(ends))
    assert sorted(ends.values()) == [("done", "", False), ("failed", "silent", False)]
    assert all(("stopped before its end" in said[slot]) == (end[0] == "failed") for slot, end in ends.items())
    give_figures(watched)
    player.rate()
    player.press("Finish this conversation")
    page.locator("#open_feedback").wait_for()
    player.give_feedback()
    page.wait_for_load_state()
    watched.assert_blind()
    assert "text/event-stream" in "".join(watched.tap.texts)
    page.evaluate("([word]) => sessionStorage.setItem('seen', word)", [next(iter(watched.secrets()))])
    with pytest.raises(AssertionError):
        watched.assert_blind()


@pytest.fixture
def arena(watched: Watched) -> Iterator[Watched]:
    yield watched
    watched.sql(
        "UPDATE conversations_poolentry e SET is_on = e.model_id < %s"
        " FROM surveys_study s WHERE s.id = e.study_id AND s.slug = 'arena'",
        BLIND_ID,
    )


def vote(page: Page, choice: str) -> None:
    page.locator("#ballot").wait_for()
    page.check(f"[value={choice}]")
    page.click("#ballot [type=submit]")
    page.locator("#voted").wait_for()


def test_the_arena_tells_nothing_until_the_reveal_and_then_names_both(arena: Watched) -> None:
    page = arena.page
    empty, cut = "gneiss-duo;fail=empty;first=48", "delta-chat-13b;fail=cut;after=20;rate=0.4"
    set_models(arena, "arena", empty, cut)
    page.goto(f"{arena.tap.url}/arena/")
    page.check("[name=consent]")
    page.click(".arena-terms [type=submit]")
    page.fill("#text", "What is fair?")
    page.click("#ask [type=submit]")
    page.locator("#stream").wait_for()
    arena.mark()
    arena.assert_alike()
    set_models(arena, "arena", empty, cut, f"halcyon-xl;{WELL}")
    page.locator("#ballot").wait_for()
    ends = rows(arena, 0)
    said = notes(page, ["A", "B"])
    assert sorted(ends.values()) == [("done", "", True), ("failed", "cut", False)]
    assert all(("stopped before its end" in said[slot]) == (ends[slot][1] == "cut") for slot in "AB")
    give_figures(arena)
    vote(page, "a_better")
    arena.assert_not_reloaded()
    arena.assert_blind()

    # One side fails: the page says so and asks it again, still without a name.
    set_models(arena, "arena", empty, f"delta-chat-13b;first=1;{WELL}", "halcyon-xl;fail=500")
    page.fill("#text", "And then?")
    page.click("#say [type=submit]")
    expect(page.locator("[role=alert]")).to_contain_text("Only one answer arrived.")
    set_models(arena, "arena", empty, f"delta-chat-13b;first=1;{WELL}", f"halcyon-xl;first=1;{WELL}")
    page.get_by_role("button", name="Ask again").click()
    vote(page, "both_good")
    arena.assert_not_reloaded()
    page.goto(f"{arena.tap.url}/arena/history/")
    arena.assert_blind()

    page.go_back()
    page.click("#voted [type=submit]")
    page.locator(".arena-card").first.wait_for()
    names = {f"grault-{number}" for number in (1, 2)}
    assert all(name in page.content().lower() for name in names)
    assert names <= arena.tap.found(arena.secrets())


@pytest.fixture
def paced(arena: Watched) -> Iterator[Watched]:
    """The arena by a further version of its rules, which shows both answers at one cadence."""
    add = (
        "INSERT INTO conversations_protocol (study_id, version, document, sha256, created_at)"
        " SELECT study_id, version + 1, replace(document, %s, '') || %s, '', now()"
        " FROM conversations_protocol WHERE study_id = (SELECT id FROM surveys_study WHERE slug = 'arena')"
        " ORDER BY version DESC LIMIT 1"
    )
    arena.sql(add, CADENCE, CADENCE)
    yield arena
    arena.sql(add, CADENCE, "")


def test_at_one_cadence_both_answers_are_always_equally_long_until_the_shorter_one_ends(
    paced: Watched,
) -> None:
    page = paced.page
    set_models(paced, "arena", "aurora-7b;chunks=60;rate=40", "cirrus-mini;chunks=40;rate=2;first=8")
    page.goto(f"{paced.tap.url}/arena/")
    page.check("[name=consent]")
    page.click(".arena-terms [type=submit]")
    page.fill("#text", "What is fair?")
    page.click("#ask [type=submit]")
    page.locator("#stream").wait_for()
    page.evaluate(STEPS)
    page.locator("#ballot").wait_for()
    steps = page.evaluate("window.steps")
    whole = steps[-1]
    assert whole[0] != whole[1]
    assert len({max(step) for step in steps}) > 3
    for step in steps:
        assert step == [min(max(step), length) for length in whole]
    vote(page, "a_better")
    paced.assert_blind()
