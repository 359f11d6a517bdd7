"""Pages about annotations that no other walk opens have no barrier, at a light desk and on a dark phone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from analysis.dissecting import jobs
from annotations import excluding
from annotations.judging import runs
from annotations.judging.runs import Limits
from surveys.models.people import Role
from tests.analysis.annotated_batch import make_annotated_batch
from tests.analysis.annotated_pairs import judged
from tests.analysis.test_dissection_pages import weights
from tests.annotations.judged import make_judge
from tests.annotations.making import make_annotation, make_assignment, make_batch, make_task
from tests.browser import COLOURS, chromium_beside_the_database, flaws
from tests.e2e.player import SETTLED
from tests.factories import make_member, make_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def owner():
    return make_member(make_study(questionnaire=None), Role.OWNER, email="owner@example.org")


@pytest.fixture
def addresses(owner) -> dict[str, str]:
    """{name of a picture: address}."""
    study = owner.memberships.get().study
    dissected = dissected_batch(study, owner)
    known = batch_with_known_answers(study, owner)
    judge = make_judge(known, "http://127.0.0.1:1/v1", "dissection")
    run = runs.begin(known, judge, Limits(), None)

    def at(name: str, *args: object) -> str:
        return reverse(name, args=[study.slug, *args])

    return {
        "dissection": at("analysis:dissection", dissected.code) + "?similarity=spearman",
        "known-answers": at("annotating:known_answers", known.slug),
        "annotators": at("annotating:annotators"),
        "prompts": at("annotating:prompt_set", judge.prompt_set_id),
        "judge-run": at("annotating:judge_run", run.pk),
    }


def dissected_batch(study, owner):
    liked = weights(polite=1.5, lengthy=-1.2)
    records = judged(np.random.default_rng(5), 60, {"human": liked, "judge-7b": -liked})
    batch = make_annotated_batch(study, records, title="Dissected pairs")
    options = {"whose": "best", "question": "", "minimum": 20, "coding": "sign", "intercept": False}
    row = jobs.request(batch, options | {"seed": 3, "folds": 2, "draws": 20}, owner)
    jobs.run(row.pk)
    return row


def batch_with_known_answers(study, owner):
    batch = make_batch(study, overlap=2, title="Known answers")
    careless, careful = (make_member(study, Role.ANNOTATOR, email=f"{who}@example.org") for who in "ab")
    for number in range(6):
        task = make_task(batch, gold={"kind": [number % 3, 2], "clear": ["fully", 0]}, needed=2)
        make_annotation(make_assignment(task, careless), {1: [2, 0], 2: [None, 3]})
        make_annotation(make_assignment(task, careful), {1: [number % 3, 3], 2: [2, 0]})
    excluding.exclude(study.memberships.get(user=careless), owner, "says the same of everything")
    return batch


@pytest.fixture
def page(live_server, owner) -> Iterator[Page]:
    client, name = Client(), django_settings.SESSION_COOKIE_NAME
    client.force_login(owner)
    with chromium_beside_the_database() as browser:
        signed_in = browser.new_context(viewport=DESK, base_url=live_server.url, reduced_motion="reduce")
        signed_in.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        yield signed_in.new_page()


def test_the_pages_about_annotations_have_no_barrier(page, addresses):
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    for name, address in addresses.items():
        page.set_viewport_size(DESK)
        page.emulate_media(color_scheme="light")
        page.goto(address)
        look(page, name, "light")
        assert flaws(page) == [], name
        page.set_viewport_size(PHONE)
        page.emulate_media(color_scheme="dark")
        look(page, name, "dark")
        assert flaws(page, *COLOURS) == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    assert problems == []


def look(page: Page, name: str, scheme: str) -> None:
    """Wait until colours are those of the scheme; a picture only where SCREENSHOTS names a folder."""
    page.evaluate(SETTLED, scheme)
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}-{scheme}.png", full_page=True)
