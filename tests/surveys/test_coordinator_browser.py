"""A coordinator's way to an open study, and a participant's way out of one, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from surveys.models import AuditEvent, Cell, Enrolment, Study
from tests.browser import chromium_beside_the_database
from tests.e2e.player import Player
from tests.factories import make_member
from tests.surveys.visitors import START, address, make_small_study, newcomer, submit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIGN_IN = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_beside_the_database() as running:
        yield running


def enter(player: Player, client: Client) -> Page:
    """Go on in the browser as who a test client is."""
    player.context.add_cookies(
        [{"name": name, "value": cookie.value, "url": player.url} for name, cookie in client.cookies.items()]
    )
    return player.page


def test_a_coordinator_makes_a_study_sets_quotas_by_the_census_and_opens_it(
    live_server: Any, browser: Browser
) -> None:
    client = Client()
    client.force_login(make_member(make_small_study()), backend=SIGN_IN)
    player = Player(browser, live_server.url)
    page = enter(player, client)
    make_from_a_template(player)
    set_quotas(player)
    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_role("link", name="Open the study…").click()
    player.sees("4 models side by side, and 0 can be drawn")
    player.look("open-study", dark=False)
    player.press("Open the study")
    player.sees("The study is open.")
    player.press("Français")
    player.sees("Ce que lisent les participants")
    player.look("settings-french", colours=False)
    player.close()
    study = Study.objects.get(slug="adults")
    assert study.state == Study.State.OPEN
    cells = Cell.objects.filter(quota=study.quota_id, target__isnull=False)
    assert (cells.count(), sum(cell.target or 0 for cell in cells)) == (12, 120)
    done = set(AuditEvent.objects.filter(study=study).values_list("action", flat=True))
    assert {"study.made", "quotas.stored", "study.opened"} <= done


def make_from_a_template(player: Player) -> None:
    page = player.page
    page.goto(f"{player.url}/coordinate/")
    page.get_by_role("link", name="New study…").click()
    page.get_by_label("Title").fill("What adults expect of language models")
    player.press("Make the study")
    player.sees("This field is required.")
    player.look("new-study-error", dark=False)
    page.get_by_label("Address").fill("adults")
    player.press("Make the study")
    player.sees("The study is made, as a draft.")
    player.look("settings")


def set_quotas(player: Player) -> None:
    """From a census table to a definition, a slip that is told with its line, and the places in force."""
    page = player.page
    page.get_by_role("link", name="Quotas", exact=True).click()
    page.get_by_role("link", name="Define quotas").click()
    page.get_by_label("Census table").select_option("us-2020")
    page.get_by_label("People in all").fill("120")
    player.press("Write the definition")
    player.sees("A sound definition with 1 table.")
    source = page.locator("#quota-source")
    written = source.input_value()
    source.fill(written.replace("question: gender", "question: sex"))
    expect(page.locator("#quota-preview .problems li").first).to_contain_text("line ")
    player.look("quota-problem", dark=False)
    source.fill(written)
    player.sees("A sound definition with 1 table.")
    player.press("Store and use")
    player.sees("Version 1 is in force.")
    player.look("quotas")


def test_a_participant_withdraws_by_keyboard_alone_and_reads_what_is_left(
    live_server: Any, browser: Browser
) -> None:
    study = make_small_study(contact_email="ask@example.org")
    client, enrolment = newcomer(study)
    submit(client, study, "start", START)
    player = Player(browser, live_server.url, "phone")
    page = enter(player, client)
    page.goto(live_server.url + address(study, "mine/"))
    player.look("mine")
    follow(page, "Withdraw…")
    player.look("withdraw")
    follow(page, "Withdraw and erase")
    player.sees("You have withdrawn")
    player.sees("what you gave was erased")
    player.look("withdrawn")
    player.close()
    enrolment.refresh_from_db()
    assert enrolment.outcome == Enrolment.Outcome.WITHDRAWN
    assert not enrolment.page_submissions.filter(answers__value__isnull=False).exists()


def follow(page: Page, name: str) -> None:
    """Press Tab until a link or button has the focus, then Enter; fails where a keyboard cannot reach it."""
    page.wait_for_load_state()
    before = page.url
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            page.keyboard.press("Enter")
            page.wait_for_url(lambda now: now != before)
            return
    pytest.fail(f"“{name}” was not reached by Tab on {page.url}")
