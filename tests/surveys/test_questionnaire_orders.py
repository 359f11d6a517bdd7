"""Orders of pages and questions: drawn once for each person, shown as recorded, refused if they mislead."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from surveys.models import Answer, Presentation, Questionnaire
from surveys.questionnaires import Page, Question, parse, question_order
from surveys.questionnaires import Questionnaire as Document
from tests.factories import make_study
from tests.surveys.test_questionnaires import the_problem_of
from tests.surveys.visitors import address, newcomer, submit, text_of, where

HEAD = "format: prism-questionnaire/1\nkey: small\ntitle: Small\nlanguage: en\n"
MIXED = (
    HEAD
    + """\
pages:
  - key: first
    title: First
    minutes: 1
    randomise: questions
    questions:
      - {key: a, type: text, text: A}
      - {key: b, type: text, text: B}
      - {key: c, type: text, text: C}
      - {key: d, type: text, text: D}
  - {key: p1, group: middle, title: P1, minutes: 1, questions: [{key: q1, type: text, text: Q}]}
  - {key: p2, group: middle, title: P2, minutes: 1, questions: [{key: q2, type: text, text: Q}]}
  - {key: p3, group: middle, title: P3, minutes: 1, questions: [{key: q3, type: text, text: Q}]}
  - {key: last, title: Last, minutes: 1, questions: [{key: q4, type: text, text: Q}]}
"""
)
KEYS = ["first", "p1", "p2", "p3", "last"]


def pages(document: Document, seed: str) -> list[str]:
    return [page.key for page in document.for_person(seed, {}).pages]


# What is drawn


@given(st.text())
def test_a_group_is_shuffled_where_it_stands(seed: str) -> None:
    order = pages(parse(MIXED), seed)
    assert (order[0], order[-1]) == ("first", "last")
    assert sorted(order[1:4]) == ["p1", "p2", "p3"]
    assert order == pages(parse(MIXED), seed)


@given(st.text())
def test_all_pages_are_shuffled_where_the_whole_is(seed: str) -> None:
    whole = MIXED.replace("pages:\n", "randomise: pages\npages:\n", 1)
    assert sorted(pages(parse(whole), seed)) == sorted(KEYS)


def test_every_order_of_pages_is_drawn_about_equally_often() -> None:
    document = parse(MIXED)
    counts = Counter(tuple(pages(document, str(seed))) for seed in range(3000))
    assert len(counts) == 6
    assert all(400 < count < 600 for count in counts.values())


@given(st.text())
def test_questions_keep_their_order_unless_the_file_says_otherwise(seed: str) -> None:
    questions = tuple(Question(key, "text", key) for key in "dcba")
    assert question_order(Page("page", "Page", "", questions), seed) == list("dcba")
    drawn = question_order(Page("page", "Page", "", questions, randomise="questions"), seed)
    assert sorted(drawn) == list("abcd")


# What would mislead

GROUPED = HEAD + "pages:\n"
PAGE = "  - {key: %s, title: T, minutes: 1%s, questions: [{key: q%s, type: text, text: %s%s}]}\n"


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        (
            PAGE % ("a", ", group: g", "1", "T", "")
            + PAGE % ("b", "", "2", "T", "")
            + PAGE % ("c", ", group: g", "3", "T", ""),
            "pages[2].group",
            "must follow one another",
        ),
        (
            PAGE % ("a", ", group: g", "1", "T", "")
            + PAGE % ("b", ", group: g", "2", "T", ", show_if: {question: q1, answered: true}"),
            "pages[1].questions[0].show_if.question",
            "can only look back",
        ),
        (
            PAGE % ("a", ", group: g", "1", "T", "") + PAGE % ("b", ", group: g", "2", "'{{answer:q1}}'", ""),
            "pages[1].questions[0].text",
            "on a page before this one",
        ),
        (
            "  - key: a\n    title: T\n    minutes: 1\n    randomise: questions\n    questions:\n"
            "      - {key: q1, type: text, text: T}\n"
            "      - {key: q2, type: text, text: T, show_if: {question: q1, answered: true}}\n",
            "pages[0].questions[1].show_if.question",
            "can only look back",
        ),
        (
            PAGE % ("a", ", group: g", "1", "T", "")
            + PAGE.replace("key: q%s", "key: pages%s") % ("b", "", "", "T", ""),
            "pages[1].questions[0].key",
            "name of the order of the pages",
        ),
    ],
)
def test_what_an_order_could_turn_round_is_refused(text: str, place: str, reason: str) -> None:
    _, where, message = the_problem_of(GROUPED + text)
    assert where == place
    assert reason in message


def test_a_page_after_a_group_may_look_back_at_all_of_it() -> None:
    text = (
        PAGE % ("a", ", group: g", "1", "T", "")
        + PAGE % ("b", ", group: g", "2", "T", "")
        + PAGE % ("c", "", "3", "'{{answer:q1}}'", ", show_if: {question: q2, answered: true}")
    )
    assert len(parse(GROUPED + text).pages) == 3


# What a person sees


@pytest.fixture
def study(db):
    return make_study(slug="mixed", questionnaire=Questionnaire.load(MIXED))


def recorded(enrolment) -> dict[str, list[str]]:
    return dict(Presentation.objects.filter(enrolment=enrolment).values_list("question", "order"))


def keys_on(html: str) -> list[str]:
    fields = LexborHTMLParser(html).css(".q input[type=text]")
    return [str(node.attributes["name"]) for node in fields]


def test_pages_and_questions_come_in_the_recorded_order_and_stay_in_it(study) -> None:
    client, enrolment = newcomer(study)
    first = text_of(client.get(address(study, "survey/first/")))
    orders = recorded(enrolment)
    assert orders.keys() == {"pages", "page:first"}
    assert keys_on(first) == orders["page:first"]
    seen = []
    while (here := where(client, study)).startswith("survey/"):
        key = here.split("/")[1]
        seen.append(key)
        fields = dict.fromkeys(keys_on(text_of(client.get(address(study, here)))), "words")
        submit(client, study, key, fields)
    assert seen == orders["pages"]
    assert recorded(enrolment) == orders
    assert Answer.objects.filter(status="answered").count() == 8


def test_a_refused_page_keeps_its_order(study) -> None:
    client, enrolment = newcomer(study)
    refused = text_of(submit(client, study, "first", {"a": "words"}))
    assert keys_on(refused) == recorded(enrolment)["page:first"]


def test_people_meet_different_orders(study) -> None:
    seen = set()
    for _ in range(8):
        client, enrolment = newcomer(study)
        client.get(address(study, "survey/first/"))
        orders = recorded(enrolment)
        seen.add((*orders["pages"], *orders["page:first"]))
    assert len(seen) > 1


def test_a_page_that_lies_ahead_in_this_persons_order_cannot_be_opened(study) -> None:
    client, _ = newcomer(study)
    client.get(address(study, "survey/first/"))
    assert client.get(address(study, "survey/p1/"))["Location"] == address(study, "survey/")


def test_nothing_is_recorded_where_nothing_is_drawn(db) -> None:
    study = make_study(questionnaire=Questionnaire.load(HEAD + "pages:\n" + PAGE % ("a", "", "1", "T", "")))
    client, enrolment = newcomer(study)
    client.get(address(study, "survey/a/"))
    assert recorded(enrolment) == {}
