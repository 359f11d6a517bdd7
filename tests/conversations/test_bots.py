"""The bots: they read pages as browsers do, act by their seed, and notice whatever is lost."""

import asyncio
import copy
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.core.management import CommandError, call_command
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict

from conversations.bots import browser, report, stream, words
from conversations.bots.answering import Filler, expected_answers
from conversations.bots.browser import Browser, Stopwatch, Unexpected
from conversations.bots.journal import Journal, SentConversation, SentTurn, compare
from conversations.bots.pages import Page, read
from conversations.bots.people import Person, crowd
from conversations.bots.playing import Outcome, Site
from conversations.bots.stream import Follower, Received
from prism.lib.processes import CHECKOUT
from surveys.entry import test_token as token_for
from surveys.instruments import instrument
from surveys.models import Enrolment
from surveys.questionnaires import Questionnaire, parse, question_fields, read_page
from tests import databases
from tests.factories import make_study

ADDRESS = "http://prism.test/studies/s/survey/kinds/"
EVERY_KIND = """\
format: prism-questionnaire/1
key: kinds
title: Every kind
language: en
pages:
  - key: kinds
    title: Every kind
    minutes: 1
    questions:
      - {key: note, type: information, text: Something to know.}
      - key: colour
        type: single
        text: Which colour?
        declinable: true
        options: [Red, {value: other, label: Another, asks_text: true}]
      - key: tool
        type: multiple
        text: Which tools?
        required: false
        options: [Saw, {value: own, label: My own, asks_text: true}]
      - {key: season, type: dropdown, text: Which season?, required: false, options: [Spring, Autumn]}
      - {key: land, type: country, text: Which country?, declinable: true}
      - {key: word, type: text, text: Which word?, required: false}
      - {key: story, type: long_text, text: Which story?, declinable: true}
      - {key: cups, type: number, text: How many cups?, declinable: true}
      - key: weather
        type: sliders
        text: How is the weather?
        scale: {minimum: 0, maximum: 100, low: Bad, high: Good, not_applicable: true}
        items:
          - {key: rain, label: Rain}
          - {key: other, label: Something else, asks_text: true, required: false}
      - {key: sure, type: consent, text: I have read this.}
"""


def render(questionnaire: Questionnaire, place: int = 0) -> Page:
    """A page of a questionnaire as a browser gets it."""
    page = questionnaire.pages[place]
    fields = [question_fields(q, [*q.values, *(i.key for i in q.items)], {}, {}) for q in page.questions]
    html = render_to_string(
        "surveys/page.html", {"page": page, "questions": fields, "draft_url": "/draft/", "form_key": "k1"}
    )
    return read(ADDRESS, html)


def test_a_bot_finds_every_kind_of_question_on_a_page() -> None:
    form = render(parse(EVERY_KIND)).forms[0]
    kinds = {name: found.kind for name, found in form.fields.items()}
    assert kinds == {
        "colour": "radio",
        "tool": "checkboxes",
        "season": "select",
        "land": "select",
        "word": "text",
        "story": "long text",
        "cups": "number",
        "weather.rain": "slider",
        "weather.other": "slider",
        "sure": "box",
    }
    assert form.hidden["form_key"] == "k1"
    assert form.autosave == "http://prism.test/draft/"
    assert [o.text for o in form.fields["colour"].options if o.value == "other"] == ["colour.other_text"]
    assert (form.fields["story"].declined, form.fields["weather.other"].text) == (
        "story.declined",
        "weather.other_text",
    )
    assert [name for name, found in form.fields.items() if not found.is_required] == [
        "tool",
        "season",
        "word",
    ]


@pytest.mark.parametrize("document", [EVERY_KIND, instrument("prism")], ids=["every kind", "prism"])
def test_what_a_bot_expects_to_be_stored_is_what_the_server_reads(document: str) -> None:
    questionnaire = parse(document)
    for place, page in enumerate(questionnaire.pages):
        shown = render(questionnaire, place)
        for person in crowd(30, seed=place):
            pairs = Filler(person, "en", page.key, is_careful=True).fill(shown.forms[0])
            posted: MultiValueDict[str, str] = MultiValueDict()
            for name, value in pairs:
                posted.appendlist(name, value)
            reading = read_page(page, {"lm_direct_use": "Yes"}, posted, {})
            assert reading.errors == {}
            expected = expected_answers(shown.forms[0], pairs)
            stored = {key: {"value": value} for key, value in reading.values.items()}
            checks = compare(Journal(answers=expected), {"answers": stored})
            assert [check for check in checks if not check.is_kept] == []


@pytest.mark.parametrize("document", [EVERY_KIND, instrument("prism")], ids=["every kind", "prism"])
def test_what_a_page_held_before_is_not_expected_any_more_once_it_was_sent_again(document: str) -> None:
    questionnaire = parse(document)
    dropped = 0
    for place in range(len(questionnaire.pages)):
        form = render(questionnaire, place).forms[0]
        for person in crowd(30, seed=place):
            first, second = (
                expected_answers(form, Filler(person, "en", tab, is_careful=True).fill(form))
                for tab in ("first tab", "second tab")
            )
            assert first | second == second
            dropped += any(key.endswith("_text") and first[key] and not second[key] for key in first)
    assert dropped > 0


def test_the_crowd_declines_skips_and_leaves_sliders_alone() -> None:
    form = render(parse(EVERY_KIND)).forms[0]
    answers = [
        expected_answers(form, Filler(person, "en", "p", is_careful=True).fill(form))
        for person in crowd(60, 1)
    ]
    assert {"Prefer not to say"} < {answer["land"] for answer in answers}
    assert any(answer["word"] is None for answer in answers)
    assert any(answer["word"] is not None for answer in answers)
    assert {answer["weather"]["other"] for answer in answers} > {None, "not_applicable"}


def test_nobody_claims_to_be_under_age() -> None:
    questionnaire = parse(instrument("prism"))
    place = next(i for i, page in enumerate(questionnaire.pages) if page.key == "person")
    form = render(questionnaire, place).forms[0]
    ages = {dict(Filler(person, "en", "p", True).fill(form))["age"] for person in crowd(200, 1)}
    assert len(ages) == 7
    assert "Under 18" not in ages


def test_the_same_seed_makes_the_same_people_with_new_panel_ids() -> None:
    form = render(parse(EVERY_KIND)).forms[0]

    def answers(seed: int) -> list[list[tuple[str, str]]]:
        return [Filler(person, "en", "p").fill(form) for person in crowd(5, seed)]

    assert answers(1) == answers(1)
    assert answers(1) != answers(2)
    assert {p.ids for p in crowd(5, 1)}.isdisjoint(p.ids for p in crowd(5, 1))
    same = [crowd(5, 1, are_same=True) for _ in range(2)]
    assert [p.ids for p in same[0]] == [p.ids for p in same[1]]


@pytest.mark.parametrize("kind", ["unguided", "values guided", "controversy guided", "of another study"])
def test_there_are_sixty_first_messages_of_each_type_in_each_language(kind: str) -> None:
    assert len(set(words.openings("en", kind))) >= 60
    assert len(set(words.openings("fr-CA", kind))) >= 60


def test_tastes_differ_and_scores_stay_on_the_scale() -> None:
    texts = ["Yes.", "word " * 300, "# Title\n\n- one\n- two\n"]
    scores = [[p.taste.score(t, 1, 100, p.dice("s", t)) for t in texts] for p in crowd(40, 1)]
    assert {row.index(max(row)) for row in scores} == {0, 1, 2}
    assert all(1 <= score <= 100 for row in scores for score in row)


JOURNAL = Journal(
    consent={"consent": True},
    answers={"age": "18-24", "uses": ["a", "b"], "prefs": {"values": 4, "other": None}, "skipped": None},
    conversations={
        "c100000001": SentConversation(
            "unguided",
            [
                SentTurn("Hello", {"A": "One", "B": "Two"}, {"A": 70, "B": 70}, chosen="B"),
                SentTurn("And?", {}, {"A": 5}),
            ],
            {"text": "Good", "performance": {"values": {"value": None, "status": "not_applicable"}}},
        )
    },
)
RECORD = {
    "code": "user1",
    "outcome": "complete",
    "consents": [{"boxes": {"consent": True}}],
    "answers": {
        "age": {"value": "18-24", "status": "answered"},
        "uses": {"value": ["b", "a"], "status": "answered"},
        "prefs": {"value": {"values": 4, "other": None}, "status": "answered"},
        "skipped": {"value": None, "status": "declined"},
        "hidden": {"value": None, "status": "not_shown"},
    },
    "conversations": [
        {
            "code": "c100000001",
            "type": "unguided",
            "turns": [
                {
                    "number": 0,
                    "text": "Hello",
                    "answers": {"A": {"text": "One", "score": 70}, "B": {"text": "Two", "score": 70}},
                    "chosen": "B",
                },
                {"number": 1, "text": "And?", "answers": {"A": {"text": "So", "score": 5}}, "chosen": "A"},
            ],
            "feedback": {
                "text": "Good",
                "performance": {"values": {"value": None, "status": "not_applicable", "trace": {}}},
                "choice": {},
            },
        }
    ],
}


def talk(record: dict) -> dict:
    return record["conversations"][0]


def test_a_complete_record_has_nothing_lost() -> None:
    checks = compare(JOURNAL, RECORD)
    assert [check for check in checks if not check.is_kept] == []
    assert {check.kind for check in checks} == {
        *("consent", "answer", "conversation", "message", "streamed text", "score", "choice", "feedback"),
        "second rating",  # of which there was none, and none is stored
    }


DAMAGES: dict[str, Callable[[dict], object]] = {
    "consent is missing": lambda r: r["consents"].clear(),
    "consent is stored twice": lambda r: r["consents"].append(r["consents"][0]),
    "answer is missing": lambda r: r["answers"].pop("age"),
    "answer is empty": lambda r: r["answers"]["age"].update(value=None),
    "answer is changed": lambda r: r["answers"]["uses"].update(value=["a"]),
    "answer that nobody gave": lambda r: r["answers"]["hidden"].update(value="x"),
    "slider is moved": lambda r: r["answers"]["prefs"]["value"].update(values=5),
    "conversation is missing": lambda r: r["conversations"].clear(),
    "conversation is of another type": lambda r: talk(r).update(type="values guided"),
    "message is missing": lambda r: talk(r)["turns"].pop(),
    "message is stored twice": lambda r: talk(r)["turns"].append(talk(r)["turns"][1]),
    "message is cut": lambda r: talk(r)["turns"][0].update(text="Hell"),
    "answer's text is cut": lambda r: talk(r)["turns"][0]["answers"]["B"].update(text="Tw"),
    "slot is missing": lambda r: talk(r)["turns"][1]["answers"].clear(),
    "score is changed": lambda r: talk(r)["turns"][0]["answers"]["A"].update(score=71),
    "score that nobody gave": lambda r: talk(r)["turns"][1]["answers"].update(B={"text": "", "score": 1}),
    "choice is another": lambda r: talk(r)["turns"][0].update(chosen="A"),
    "winner is another": lambda r: talk(r)["turns"][1].update(chosen="B"),
    "feedback is missing": lambda r: talk(r).update(feedback=None),
    "feedback's text is changed": lambda r: talk(r)["feedback"].update(text=""),
    "feedback's slider is missing": lambda r: talk(r)["feedback"].update(performance={}),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_difference_is_noticed(damage: str) -> None:
    record = copy.deepcopy(RECORD)
    DAMAGES[damage](record)
    assert [check for check in compare(JOURNAL, record) if not check.is_kept]


def outcome(**fields: object) -> Outcome:
    return Outcome(Person(1, 1), Stopwatch(), JOURNAL, **{"code": "C", "ended": "complete", **fields})


def test_the_report_counts_who_completed_what_was_lost_and_why() -> None:
    record = copy.deepcopy(RECORD)
    record["answers"].pop("age")
    good = outcome(checks=compare(JOURNAL, RECORD))
    bad = [outcome(checks=compare(JOURNAL, record)), outcome(error="status 500 at done"), outcome(code="")]
    good.watch.steps["entry"] = [30.0, 10.0, 20.0, 40.0]
    found = report.figures([good, *bad], 12.0)
    assert list(found)[:6] == ["started", "completed", "lost", "errors", "p50_ms", "p95_ms"]
    assert (found["started"], found["completed"], found["lost"], found["errors"]) == (4, 2, 1, 1)
    assert (found["p50_ms"], found["p95_ms"]) == ({"entry": 20.0}, {"entry": 40.0})
    assert found["errors_by_kind"] == {"status 500 at done": 1}
    assert "answer" in report.differences(bad)[0]
    assert "2 of 4 participants completed" in report.table(found)


def browser_of(answer: Callable[[httpx2.Request], httpx2.Response]) -> Browser:
    return Browser(httpx2.AsyncClient(transport=httpx2.MockTransport(answer)), Stopwatch())


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(seconds: float) -> None:
        return None

    monkeypatch.setattr(browser.asyncio, "sleep", at_once)


@pytest.mark.usefixtures("no_pauses")
def test_a_failing_page_is_asked_for_twice_more_and_counted() -> None:
    answers: Iterator[int] = iter([500, 503, 200])
    visitor = browser_of(lambda request: httpx2.Response(next(answers), html="<h1>Here</h1>"))
    assert asyncio.run(visitor.open("http://prism.test/")).title == "Here"
    assert visitor.watch.counts["repeated requests"] == 2


@pytest.mark.usefixtures("no_pauses")
def test_a_page_that_goes_on_failing_and_a_failed_form_are_errors() -> None:
    asked: list[str] = []

    def fail(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.method)
        return httpx2.Response(500)

    visitor = browser_of(fail)
    with pytest.raises(Unexpected, match=r"status 500 at conversations/…/feedback"):
        asyncio.run(visitor.open("http://prism.test/studies/s/conversations/c123456789/feedback/"))
    form = read(ADDRESS, '<form method="post"></form>').forms[0]
    with pytest.raises(Unexpected, match="status 500 at survey/kinds"):
        asyncio.run(visitor.submit(form, []))
    assert asked == ["GET", "GET", "GET", "POST"]


def events(*parts: tuple[str, dict]) -> str:
    return "".join(f"id: {name}\ndata: {json.dumps(news)}\n\n" for name, news in parts)


@pytest.mark.usefixtures("no_pauses")
def test_a_lost_connection_goes_on_behind_the_last_event() -> None:
    asked: list[str | None] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.headers.get("Last-Event-ID"))
        first = events(("A1.3", {"A": "One"}), ("A1.3-B1.2", {"B": "Tw"}), ("A1.9", {"A": " never read"}))
        rest = events(("A1.3-B2.3", {"again": ["B"], "B": "Six"})) + "event: done\ndata: {}\n\n"
        body = rest if asked[1:] else f"retry: 1000\n\n{first}"
        return httpx2.Response(200, text=body, headers={"Content-Type": "text/event-stream"})

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    follower = Follower(client, "http://prism.test/events/", Received(), leaves_after=2)
    asyncio.run(follower.follow())
    assert asked == [None, "A1.3-B1.2"]
    assert follower.received.texts == {"A": "One", "B": "Six"}


@pytest.mark.usefixtures("no_pauses")
def test_a_stream_without_an_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PATIENCE", -1.0)
    endless = httpx2.Response(200, text="data: {}\n\n", headers={"Content-Type": "text/event-stream"})
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(lambda request: endless))
    with pytest.raises(Unexpected, match="never completed"):
        asyncio.run(Follower(client, "http://prism.test/events/", Received()).follow())


@pytest.mark.django_db
def test_bots_enter_a_live_study_only_by_its_test_link(client) -> None:
    study, person = make_study(), Person(1, 1)
    agent = {"User-Agent": browser.AGENT}
    assert client.get(Site("", study.slug).entry(person), headers=agent).status_code == 403
    assert not Enrolment.objects.exists()
    link = Site("", study.slug, token_for(study)).entry(person)
    assert client.get(link, headers=agent).status_code == 303
    assert Enrolment.objects.get().is_test


@pytest.mark.django_db
def test_an_unknown_study_is_refused_and_the_known_ones_are_named() -> None:
    study = make_study()
    with pytest.raises(CommandError, match=f"no study “nowhere”.*{study.slug}") as refusal:
        call_command("bots", "nowhere")
    assert refusal.value.returncode == 2


@pytest.fixture
def own_database() -> Iterator[str]:
    """The address of a database without people on the server of the tests."""
    with databases.own(f"bots_{secrets.token_hex(4)}") as address:
        yield address


# The study has a full cell, checks that end a participation and an age limit: every way out is taken.
PLAY = """\
from django.core.management import call_command
from tests.conversations import rough_study
rough_study.make()
call_command(
    "bots", rough_study.SLUG, rough=True, speed=50.0, json=True,
    participants={people}, concurrency={people}, seed={seed},
)
"""


@pytest.mark.django_db
def test_rough_bots_end_in_every_way_are_all_accounted_for_and_nothing_is_lost(
    own_database: str, tmp_path: Path
) -> None:
    found = play(own_database, tmp_path, people=9, seed=1583)
    assert (found["started"], found["accounted_for"], found["lost"], found["errors"]) == (9, 9, 0, 0)
    ends = {"complete", "none", "no_consent", "withdrawn", "screened_out", "quota_full", "failed_checks"}
    assert found["outcomes"].keys() == ends
    assert sum(found["outcomes"].values()) == 9
    rough = {"returned by the link", "two tabs", "went back", "hostile forms", "left for good", "withdrew"}
    assert rough <= found["events"].keys(), found["events"]
    # Each one's outcome, all who arrived, all outcomes; three cells, and the seats of who is turned away.
    assert (found["compared"]["accounting"], found["compared"]["seats"]) == (9 + 2, 4)
    assert found["compared"]["erased"] == 2


def play(database: str, var: Path, **run: int) -> dict[str, Any]:
    """The figures of a run of its own in the rough study."""
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", PLAY.format(**run)],
        cwd=CHECKOUT,
        env=os.environ | {"DATABASE_URL": database, "PRISM_VAR": str(var), "RATE_LIMITS": "0"},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("\n") == 1
    found: dict[str, Any] = json.loads(done.stdout)
    return found
