"""A participant's browser: the steps up to the conversations, as whole HTTP requests."""

from itertools import count
from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from surveys.models import Enrolment, Questionnaire, Study
from tests.factories import make_study

PANEL_STUDY = "60d1f5a0c0ffee0000000000"
SESSION = "60d1f5a0c0ffee0000000001"
CONSENT = {"consent": "on", "consent_age": "on"}
# Every type of question, a gate with questions and a page behind it, a shuffle, an answer that screens out.
SMALL = """\
format: prism-questionnaire/1
key: small
title: A small survey
language: en
pages:
  - key: start
    title: At the start
    minutes: 1
    questions:
      - key: age
        type: single
        text: How old are you?
        options: [{value: Under 18, label: Under 18, screens_out: true}, 18 or older]
      - {key: uses, type: single, text: Have you used one?, options: ["Yes", "No"]}
      - key: why
        type: text
        text: Why did you?
        show_if: {question: uses, is: "Yes"}
  - key: use
    title: What for
    minutes: 1
    show_if: {question: uses, is: "Yes"}
    questions:
      - key: purposes
        type: multiple
        text: What have you used it for?
        shuffle: true
        last: [other]
        options: [work, play, study, travel, health, news, {value: other, label: Else, asks_text: true}]
  - key: views
    title: What you think
    minutes: 2
    questions:
      - {key: note, type: information, text: There are no wrong answers.}
      - {key: words, type: text, text: In a few words?}
      - {key: story, type: long_text, text: And in full?, max_length: 300}
      - {key: people, type: number, text: How many live with you?, minimum: 0, maximum: 30, declinable: true}
      - {key: level, type: dropdown, text: How well?, options: [well, badly]}
      - {key: home, type: country, text: Where do you live?}
      - {key: contact, type: consent, text: May we write to you?, required: false}
      - key: colour
        type: single
        text: Which colour?
        options: [red, {value: own, label: Mine, asks_text: true}]
      - key: often
        type: single
        text: How often?
        show_if: {question: uses, is: "Yes"}
        options: [daily, rarely]
      - key: sliders
        type: sliders
        text: How far do you agree?
        scale: {minimum: 0, maximum: 100, low: Not, high: Fully, not_applicable: true}
        items: [{key: fair, label: It is fair}, {key: kind, label: It is kind}]
"""
START = {"age": "18 or older", "uses": "Yes", "why": "Out of curiosity"}
USE = {"purposes": ["work", "other"], "purposes.other_text": "Naming my plants"}
VIEWS: dict[str, Any] = {
    "words": "Handle with care",
    "story": "I met it at the library on a rainy Tuesday.",
    "people": "3",
    "level": "well",
    "home": "FRA",
    "contact": "on",
    "colour": "own",
    "colour.own_text": "mauve",
    "often": "daily",
    "sliders.fair": "64",
    "sliders.kind__na": "on",
}
_numbers = count(1)


def same_browser(client: Client, **options: Any) -> Client:
    """Another client with the cookies of this one, as a second window of a browser has them."""
    window = Client(**options)
    window.cookies.load({name: morsel.value for name, morsel in client.cookies.items()})
    return window


def make_small_study(**fields: Any) -> Study:
    return make_study(questionnaire=Questionnaire.load(SMALL), **fields)


def new_panel_id() -> str:
    return f"5f{next(_numbers):022x}"


def parameters(pid: str, *, session: str = SESSION) -> dict[str, str]:
    return {"PROLIFIC_PID": pid, "STUDY_ID": PANEL_STUDY, "SESSION_ID": session}


def arrive(client: Client, study: Study, pid: str, *, session: str = SESSION, **more: Any) -> HttpResponse:
    """Open the panel's link; `more` are further parameters."""
    return client.get(address(study), {**parameters(pid, session=session), **more})


def address(study: Study, rest: str = "") -> str:
    return f"/studies/{study.slug}/{rest}"


def agree(client: Client, study: Study) -> HttpResponse:
    return client.post(address(study, "consent/"), CONSENT)


def newcomer(study: Study, pid: str = "") -> tuple[Client, Enrolment]:
    """Somebody who came by the panel's link and agreed: their browser and enrolment."""
    client = Client()
    arrive(client, study, pid or new_panel_id())
    agree(client, study)
    key = client.cookies[f"prism-device-{study.pk}"].value
    return client, Enrolment.objects.get(devices__key=key)


def hidden(answer: HttpResponse) -> dict[str, str]:
    """The idempotency key and time that a page carries in its form."""
    return {name: answer.context[name] for name in ("form_key", "shown_at")}


def submit(client: Client, study: Study, page: str, fields: dict[str, Any]) -> HttpResponse:
    """Look at a page of the survey and send it filled in."""
    path = address(study, f"survey/{page}/")
    return client.post(path, {**hidden(client.get(path)), **fields})


def save_draft(client: Client, study: Study, page: str, fields: dict[str, Any]) -> HttpResponse:
    return client.post(address(study, f"draft/survey:{page}/"), fields)


def where(client: Client, study: Study) -> str:
    """The path at which the person lands who opens the study again."""
    return client.get(address(study), follow=True).request["PATH_INFO"].removeprefix(address(study))


def text_of(answer: HttpResponse) -> str:
    return answer.content.decode()


def resume_link(client: Client, study: Study) -> str:
    """The personal link on the page where the person is, without the server's name."""
    page = LexborHTMLParser(text_of(client.get(address(study), follow=True)))
    node = page.css_first("#resume-link")
    return (node.attributes["value"] or "").removeprefix("http://testserver") if node else ""


def tables_with(words: str) -> set[str]:
    """The tables of the database in which any column of any row holds the words."""
    with connection.cursor() as cursor:
        return {
            table for table in connection.introspection.table_names(cursor) if _holds(cursor, table, words)
        }


def _holds(cursor: Any, table: str, words: str) -> bool:
    name = connection.ops.quote_name(table)
    cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {name} AS line WHERE line::text LIKE %s)", [f"%{words}%"])
    return bool(cursor.fetchone()[0])
