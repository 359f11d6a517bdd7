"""The page of exports in a browser: it follows an export without a reload, on a desk and on a phone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connections
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page

from analysis.exports import jobs
from analysis.exports.release import Scope
from analysis.models import Export
from surveys.models.people import Role
from tests.analysis.releases import study_with_talks
from tests.browser import COLOURS, chromium_beside_the_database, flaws
from tests.e2e.player import SETTLED
from tests.factories import make_member

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators"),
]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def owner(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"
    return make_member(study_with_talks()[0], Role.OWNER, may_export_full=True)


@pytest.fixture
def study(owner):
    return owner.memberships.get().study


@pytest.fixture
def address(live_server, study) -> str:
    return live_server.url + reverse("analysis:exports", args=[study.slug])


@pytest.fixture
def cookie(live_server, owner) -> dict[str, str]:
    client, name = Client(), django_settings.SESSION_COOKIE_NAME
    client.force_login(owner)
    return {"name": name, "value": client.cookies[name].value, "url": live_server.url}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_beside_the_database() as running:
        yield running


@pytest.fixture
def context(browser, cookie) -> Iterator[BrowserContext]:
    signed_in = browser.new_context(viewport=DESK, reduced_motion="reduce")
    signed_in.add_cookies([cookie])
    yield signed_in
    signed_in.close()


def run_in_a_thread(export: Export) -> None:
    """Where Playwright's event loop is not: Django refuses the database beside one."""

    def run() -> None:
        jobs.run(export.pk)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


@pytest.fixture
def waiting(study, owner) -> Export:
    return jobs.request_export(Scope(study), owner)


def test_the_page_follows_an_export_and_keeps_what_was_opened(waiting, address, context):
    page = context.new_page()
    page.goto(address)
    card = page.locator(f"#export-{waiting.code}")
    card.get_by_text("Stop it").click()
    for _ in range(2):  # when the second answer comes, the first has been put in
        with page.expect_response(lambda response: response.url.endswith(f"{waiting.code}/")):
            pass
    assert card.get_by_role("button", name="Stop and delete").is_visible()
    run_in_a_thread(waiting)
    with page.expect_download() as started:
        card.get_by_role("link", name="Download all in one file").click()
    assert started.value.suggested_filename.endswith(f"{waiting.code}.zip")


@pytest.fixture
def of_every_kind(study, owner) -> None:
    for state in ("done", "failed", "deleted", "running", "waiting"):
        export = jobs.request_export(Scope(study, is_full=state != "done", release_seed="2026"), owner)
        if state == "done":
            jobs.run(export.pk)
        else:
            Export.objects.filter(pk=export.pk).update(
                state=state, failure="The disk is full.", rows_done=42, rows_expected=120
            )
    jobs.run(jobs.request_export(Scope(study, format="answers"), owner).pk)


def test_the_page_has_no_barrier_and_no_console_error(of_every_kind, address, context):
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(address)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.evaluate(SETTLED, theme)
        for size in (DESK, PHONE) if theme == "light" else (DESK,):
            page.set_viewport_size(size)
            keep_picture(page, f"exports-{theme}-{size['width']}")
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            # Colours depend on the theme alone, the rest on the width.
            but = COLOURS if size == PHONE else ()
            assert flaws(page, *(COLOURS if theme == "dark" else ()), but=but) == []
    assert problems == []


def keep_picture(page: Page, name: str) -> None:
    """Only when SCREENSHOTS names a folder: for looking at the page."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
