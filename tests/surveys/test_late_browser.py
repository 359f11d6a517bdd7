"""Two tabs of one browser on the last page of a survey: what the second one sends is shown, not lost."""

import os
from pathlib import Path

import pytest

from tests.browser import chromium, flaws
from tests.surveys.seating import WOMAN, make_quota_study, tell
from tests.surveys.visitors import address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_second_tab_says_what_was_not_taken_and_leads_on(live_server):
    study = make_quota_study(contact_email="team@example.org")
    client, _person = tell(study, WOMAN)
    cookies = [
        {"name": name, "value": morsel.value, "url": live_server.url}
        for name, morsel in client.cookies.items()
    ]
    problems: list[str] = []
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 390, "height": 844})
        context.add_cookies(cookies)
        first, second = context.new_page(), context.new_page()
        second.on("pageerror", lambda error: problems.append(str(error)))
        for tab, words in ((first, "What counts"), (second, "A second thought")):
            tab.goto(live_server.url + address(study, "survey/what/"))
            tab.fill("[name=words]", words)
        first.get_by_role("button", name="Continue").click()
        first.wait_for_url("**/done/")
        second.get_by_role("button", name="Continue").click()
        second.get_by_role("heading", name="The survey is finished already").wait_for()
        assert second.get_by_text("A second thought").is_visible()
        assert second.title().startswith("This was not taken")
        assert second.evaluate("document.activeElement.tagName") == "H1"
        assert second.evaluate("document.documentElement.scrollWidth") <= 390
        assert flaws(second) == []
        if place := os.environ.get("SCREENSHOTS"):
            second.screenshot(path=Path(place) / "late.png", full_page=True)
        second.get_by_role("link", name="Continue").click()
        second.wait_for_url("**/done/")
        context.close()
    assert problems == []
