"""The monitor in a browser: the chart is drawn under the page's own security policy, nothing is broken."""

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from tests.browser import chromium
from tests.factories import make_enrolment, make_member
from tests.surveys.test_quality_signals import make_checked_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_chart_is_drawn_and_all_shown_are_ticked_at_once(live_server):
    study = make_checked_study(slug="values")
    for _ in range(3):
        make_enrolment(study, outcome="complete", outcome_at=timezone.now())
    signed_in = Client()
    signed_in.force_login(make_member(study), backend="allauth.account.auth_backends.AuthenticationBackend")
    session = signed_in.cookies[settings.SESSION_COOKIE_NAME].value
    problems, ticked = look(live_server.url, session)
    assert problems == []
    assert ticked == 3


def look(url: str, session: str) -> tuple[list[str], int]:
    """What the console complains of on both pages, and how many are ticked after one click."""
    problems: list[str] = []
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 390, "height": 800})
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
        page = context.new_page()
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{url}/coordinate/studies/values/monitor/")
        page.wait_for_selector("#over-time[data-drawn] canvas")
        page.goto(f"{url}/coordinate/studies/values/participants/")
        page.get_by_label("Tick all shown here").check()
        ticked = page.locator("input[name=code]:checked").count()
        context.close()
    return problems, ticked
