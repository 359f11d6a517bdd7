"""The arena in a frame of another site, in a browser that blocks third-party cookies."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.e2e.house import House

pytestmark = pytest.mark.browser
SANDBOX = "allow-forms allow-popups allow-popups-to-escape-sandbox allow-same-origin allow-scripts"
KEEPS_ANY = """() => {
  document.cookie = "plain=1; SameSite=None; Secure; Path=/";
  return document.cookie.includes("plain");
}"""


@pytest.fixture(scope="module")
def site(house: House) -> Iterator[str]:
    """A page at http://localhost, another site than the house at http://127.0.0.1, that frames the arena."""
    page = f"""<!doctype html><title>School</title><h1>Our school</h1>
        <iframe src="{house.url}/arena/?embed=1" title="Arena" width="100%" height="500"
          sandbox="{SANDBOX}" data-prism-arena></iframe>
        <script src="{house.url}/static/js/arena-frame.js"></script>""".encode()

    class School(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), School)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()


# As a browser behaves whose user blocks them; a flag would be obeyed by the full Chromium alone.
BLOCKED = {
    "enableThirdPartyCookieRestriction": True,
    "disableThirdPartyCookieMetadata": False,
    "disableThirdPartyCookieHeuristics": False,
}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCookieControls", BLOCKED)
    yield page
    context.close()


def allow(house: House, *origins: str) -> None:
    with psycopg.connect(house.database) as connection:
        connection.execute(
            "INSERT INTO conversations_embedding (study_id, origins) "
            "SELECT id, %(origins)s FROM surveys_study WHERE slug = 'arena' "
            "ON CONFLICT (study_id) DO UPDATE SET origins = %(origins)s",
            {"origins": list(origins)},
        )


def height(page: Page) -> int:
    return int(page.evaluate("document.querySelector('iframe').getBoundingClientRect().height"))


def test_a_turn_is_held_and_voted_on_within_a_frame_of_another_site(
    house: House, site: str, page: Page
) -> None:
    allow(house, site)
    page.goto(site)
    frame: FrameLocator = page.frame_locator("iframe")
    frame.locator("[name=consent]").check()
    expect(frame.locator("[data-frame-forgets]")).to_be_hidden()
    assert not frame.locator("body").evaluate(KEEPS_ANY), "the browser does not block third-party cookies"
    page.wait_for_function("document.querySelector('iframe').getBoundingClientRect().height > 520")
    frame.locator(".arena-terms [type=submit]").click()
    frame.locator("#text").fill("What is fair?")
    frame.locator("#ask [type=submit]").click()
    frame.locator("#ballot").wait_for()
    frame.locator("[value=both_good]").check()
    frame.locator("#ballot [type=submit]").click()
    frame.locator("#voted [type=submit]").click()
    frame.locator(".arena-card").first.wait_for()
    assert height(page) > 320
    kept = [one for one in page.context.cookies() if one["domain"] == "127.0.0.1"]
    assert kept
    assert all(one["secure"] and one["sameSite"] == "None" for one in kept)
    page.reload()
    frame.get_by_role("link", name="My comparisons").click()
    expect(frame.locator(".arena-history")).to_contain_text("What is fair?")


def test_a_site_that_is_not_named_gets_an_empty_frame(house: House, site: str, page: Page) -> None:
    allow(house, "https://school.example")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(site)
    page.wait_for_timeout(1000)
    assert page.frame_locator("iframe").locator("form").count() == 0
    assert any("frame-ancestors" in text for text in said)
