"""The monitor in a browser: the chart is drawn under the page's own security policy, nothing is broken."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser

from accounts.models import User
from surveys.models import Decision, Enrolment, PageView, Seat, Signal, Study
from surveys.quotas import seats
from tests.browser import chromium_beside_the_database
from tests.factories import make_enrolment, make_member
from tests.surveys.seating import by_age, by_sex, make_known, make_quota_study
from tests.surveys.test_quality_signals import make_checked_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_beside_the_database() as running:
        yield running


def test_the_chart_is_drawn_and_all_shown_are_ticked_at_once(live_server, browser):
    study = make_checked_study(slug="values")
    for _ in range(3):
        make_enrolment(study, outcome="complete", outcome_at=timezone.now())
    problems, ticked = look(browser, live_server.url, session_of(make_member(study)))
    assert problems == []
    assert ticked == 3


def test_the_widest_rows_fit_a_laptop_and_scroll_in_their_frame_on_a_phone(live_server, browser):
    study = make_quota_study(by_sex(9, 9), by_age(9, 9), slug="values")
    member = make_member(study)
    for minutes in (3, 130, 60 * 24 * 9 + 60 * 5):
        make_busy(study, member, minutes)
    make_busy(study, member, 190, outcome="complete", outcome_at=timezone.now() - timedelta(minutes=70))
    found = overflows(browser, live_server.url, session_of(member))
    assert found["en", 1280] == found["fr", 1280] == (0, 0)
    assert found["en", 390][0] == found["fr", 390][0] == 0
    assert found["en", 390][1] > 0


def make_busy(study: Study, by: User, minutes: int, **fields: Any) -> Enrolment:
    """Somebody about whom the list has as much to say as it can, last seen so many minutes ago."""
    enrolment = make_known(study)
    for kind in (Signal.Kind.SAME_TEXT, Signal.Kind.SHARED_DEVICE):
        Signal.objects.create(enrolment=enrolment, kind=kind)
    for matter, value in (("payment", "ask_return"), ("inclusion", "exclude"), ("review", "marked")):
        Decision.objects.create(enrolment=enrolment, matter=matter, value=value, reason="Seen", by=by)
    seats.claim(enrolment)
    first = Seat.objects.filter(enrolment=enrolment).order_by("pk").values("pk")[:1]
    Seat.objects.filter(pk__in=first).update(state="confirmed", ended_at=timezone.now())
    PageView.objects.create(enrolment=enrolment, page="attitudes_towards_artificial_intelligence")
    seen = timezone.now() - timedelta(minutes=minutes)
    Enrolment.objects.filter(pk=enrolment.pk).update(
        seen_at=seen, arrived_at=seen - timedelta(hours=30), stage="conversations", is_test=False, **fields
    )
    return enrolment


def session_of(user: User) -> str:
    signed_in = Client()
    signed_in.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return signed_in.cookies[settings.SESSION_COOKIE_NAME].value


WIDER = "(node) => node.scrollWidth - node.clientWidth"


def overflows(browser: Browser, url: str, session: str) -> dict[tuple[str, int], tuple[int, int]]:
    """By how many pixels the page and the frame of the table are wider than there is room."""
    found = {}
    for language in ("en", "fr"):
        context = browser.new_context(locale=language, reduced_motion="reduce")
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
        page = context.new_page()
        page.goto(f"{url}/coordinate/studies/values/participants/")
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 800})
            frame = page.locator(".table-frame").evaluate(WIDER)
            found[language, width] = (page.locator("html").evaluate(WIDER), frame)
        context.close()
    return found


def look(browser: Browser, url: str, session: str) -> tuple[list[str], int]:
    """What the console complains of on both pages, and how many are ticked after one click."""
    problems: list[str] = []
    context = browser.new_context(viewport={"width": 390, "height": 800}, reduced_motion="reduce")
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
