"""The questionnaire format: what is read, what is refused with which line, who sees what, in which order."""

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.questionnaires import (
    DECLINED,
    Answered,
    Option,
    Question,
    QuestionnaireError,
    display_order,
    parse,
)
from surveys.questionnaires.reading import READERS
from surveys.questionnaires.schema import _ANNOTATIONS, _KEYWORDS, faults, questionnaire_schema
from surveys.questionnaires.sense import _ALLOWED, _NEEDED

HEAD = "format: prism-questionnaire/1\nkey: small\ntitle: Small\nlanguage: en\n"


def a_file(questions: str, page: str = "") -> str:
    """A questionnaire with one page; the first question begins on line 10 when `page` is empty."""
    pages = f"pages:\n  - key: first\n    title: First\n    minutes: 1\n{page}    questions:\n"
    return HEAD + pages + textwrap.indent(textwrap.dedent(questions).strip("\n"), "      ") + "\n"


def problems_of(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(QuestionnaireError) as refused:
        parse(text)
    return [(problem.line, problem.where, problem.message) for problem in refused.value.problems]


def the_problem_of(text: str) -> tuple[int, str, str]:
    found = problems_of(text)
    assert len(found) == 1, found
    return found[0]


A_TEXT = "- {key: q, type: text, text: Say}"
WHOLE = a_file(A_TEXT)


def test_a_small_file_becomes_a_questionnaire() -> None:
    questionnaire = parse(
        a_file(
            """
            - key: colour
              type: single
              text: Which colour?
              declinable: true
              options: [Red, {value: other, label: Another, asks_text: true}]
            - key: why
              type: long_text
              text: Why?
              required: false
              show_if: {question: colour, answered: true}
            """
        )
    )
    assert (questionnaire.key, questionnaire.title, questionnaire.language) == ("small", "Small", "en")
    assert questionnaire.minutes == 1.0
    colour = questionnaire.question("colour")
    assert [option.value for option in colour.options] == ["Red", "other", DECLINED]
    assert colour.options[0].label == "Red"
    assert colour.answer_keys == ("colour", "colour_text")
    assert questionnaire.page("first").answer_keys == ("colour", "colour_text", "why")
    assert questionnaire.question("why").show_if == Answered("colour", True)
    assert not questionnaire.question("why").required


def test_json_is_read_like_yaml_and_keeps_characters_beyond_the_basic_plane() -> None:
    document = {
        "format": "prism-questionnaire/1",
        "key": "small",
        "title": "Smile 😀",
        "language": "en",
        "pages": [
            {
                "key": "first",
                "title": "First",
                "minutes": 1,
                "questions": [{"key": "q", "type": "text", "text": "Say"}],
            }
        ],
    }
    assert parse(json.dumps(document)).title == "Smile 😀"


def test_unknown_pages_and_questions_raise_key_errors() -> None:
    questionnaire = parse(a_file(A_TEXT))
    with pytest.raises(KeyError):
        questionnaire.page("second")
    with pytest.raises(KeyError):
        questionnaire.question("second")


# What is refused. Every case: the text, the line to name, the place, a part of the reason.
REFUSED: dict[str, tuple[str, int, str, str]] = {
    "an empty file": ("", 1, "", "empty"),
    "only a comment": ("# nothing\n", 1, "", "empty"),
    "plain prose": ("Dear all,\n", 1, "", "not a Prism questionnaire"),
    "another YAML file": ("services:\n  web: {}\n", 1, "", "format: prism-questionnaire/1"),
    "a list": ("- a\n- b\n", 1, "", "not a Prism questionnaire"),
    "another format": (WHOLE.replace("/1", "/9"), 1, "format", "should be “prism-questionnaire/1”"),
    "a syntax error": (HEAD + "pages: [\n", 6, "", "not valid YAML"),
    "a tab": (HEAD + "pages:\n\t- key: a\n", 6, "", "not valid YAML"),
    "two documents": (HEAD + "---\nkey: b\n", 5, "", "not valid YAML"),
    "an alias": (HEAD + "pages: &all []\nmore: *all\n", 6, "", "Aliases"),
    "a merge key": (WHOLE + "<<: {a: 1}\n", 11, "<<", "not a known key"),
    "a tag": (HEAD + "pages: !!python/object:os.system {}\n", 5, "pages", "should be a list"),
    "a custom tag": (HEAD.replace("Small", "!secret x"), 3, "title", "put it in quotes"),
    "a date": (HEAD.replace("title: Small", "title: 2024-01-31"), 3, "title", "put it in quotes"),
    "deep nesting": (HEAD + "pages: " + "[" * 60 + "]" * 60, 5, "", "nested too deeply"),
    "a zero character": (HEAD.replace("Small", '"a\\0b"'), 3, "title", "put it in quotes"),
    "a word read as truth": (WHOLE.replace("Small", "Yes"), 3, "title", "Put it in quotes"),
    "a list as a key": (HEAD + "? [a]\n: b\npages: []\n", 5, "", "no word"),
    "a key given twice": (HEAD + "title: Again\n", 5, "title", "already given on line 3"),
    "an unknown key": (WHOLE + "pagse: []\n", 11, "pagse", "Did you mean “pages”"),
    "no pages": (HEAD, 1, "", "“pages” is missing"),
    "an empty list of pages": (HEAD + "pages: []\n", 5, "pages", "empty list"),
    "pages that are no list": (HEAD + "pages: {a: 1}\n", 5, "pages", "should be a list"),
    "no questions": (a_file(""), 9, "pages[0].questions", "should be a list"),
    "a bad key": (
        a_file("- {key: My Q, type: text, text: Say}"),
        10,
        "pages[0].questions[0].key",
        "lower-case",
    ),
    "an infinite time": (
        a_file(A_TEXT).replace("minutes: 1", "minutes: .inf"),
        8,
        "pages[0].minutes",
        "put it in quotes",
    ),
    "no time at all": (
        a_file(A_TEXT).replace("minutes: 1", "minutes: 0"),
        8,
        "pages[0].minutes",
        "more than 0",
    ),
    "an unknown type": (
        a_file("- key: q\n  type: singel\n  text: Say"),
        11,
        "pages[0].questions[0].type",
        "Did you mean “single”",
    ),
    "a question without text": (
        a_file("- {key: q, type: text}"),
        10,
        "pages[0].questions[0]",
        "“text” is missing",
    ),
    "an empty text": (
        a_file('- {key: q, type: text, text: ""}'),
        10,
        "pages[0].questions[0].text",
        "is empty",
    ),
    "a text that is too long": (
        a_file(f"- {{key: q, type: text, text: {'x' * 10001}}}"),
        10,
        "pages[0].questions[0].text",
        "10001 characters",
    ),
    "choices without options": (
        a_file("- {key: q, type: single, text: Say}"),
        10,
        "pages[0].questions[0]",
        "needs “options”",
    ),
    "an option without a value": (
        a_file("- key: q\n  type: single\n  text: Say\n  options:\n    - {value: a}\n    - {label: B}"),
        15,
        "pages[0].questions[0].options[1]",
        "“value” is missing",
    ),
    "an option that is a number": (
        a_file("- key: q\n  type: single\n  text: Say\n  options:\n    - 1\n"),
        14,
        "pages[0].questions[0].options[0]",
        "should be text or a group of keys, but is a whole number. Put it in quotes.",
    ),
    "an option given twice": (
        a_file("- key: q\n  type: single\n  text: Say\n  options:\n    - a\n    - a"),
        15,
        "pages[0].questions[0].options[1].value",
        "given twice",
    ),
    "a declining option given twice": (
        a_file("- {key: q, type: single, text: Say, declinable: true, options: [Prefer not to say]}"),
        10,
        "pages[0].questions[0].options[1].value",
        "given twice",
    ),
    "options for a text": (
        a_file("- key: q\n  type: text\n  text: Say\n  options: [a]"),
        13,
        "pages[0].questions[0].options",
        "does not belong",
    ),
    "sliders without a scale": (
        a_file("- {key: q, type: sliders, text: Say, items: [{key: a, label: A}]}"),
        10,
        "pages[0].questions[0]",
        "needs “scale”",
    ),
    "a scale upside down": (
        a_file(
            """
            - key: q
              type: sliders
              text: Say
              items: [{key: a, label: A}]
              scale:
                minimum: 5
                maximum: 5
                low: Low
                high: High
            """
        ),
        16,
        "pages[0].questions[0].scale.maximum",
        "more than minimum",
    ),
    "a scale of fractions": (
        a_file(
            """
            - key: q
              type: sliders
              text: Say
              items: [{key: a, label: A}]
              scale: {minimum: 0.5, maximum: 5, low: Low, high: High}
            """
        ),
        14,
        "pages[0].questions[0].scale.minimum",
        "should be a whole number, but is a number",
    ),
    "an unknown last choice": (
        a_file("- key: q\n  type: single\n  text: Say\n  options: [a]\n  last: [b]"),
        14,
        "pages[0].questions[0].last[0]",
        "not one of the choices",
    ),
    "lengths upside down": (
        a_file("- key: q\n  type: text\n  text: Say\n  min_length: 9\n  max_length: 8"),
        13,
        "pages[0].questions[0].min_length",
        "not be more than max_length",
    ),
    "limits upside down": (
        a_file("- key: q\n  type: number\n  text: Say\n  minimum: 9\n  maximum: 8"),
        14,
        "pages[0].questions[0].maximum",
        "not be less than minimum",
    ),
    "a question key given twice": (
        a_file(A_TEXT + "\n- key: q\n  type: text\n  text: Again"),
        11,
        "pages[0].questions[1].key",
        "already the key",
    ),
    "the key of another question's texts": (
        a_file(
            "- {key: q, type: single, text: Say, options: [{value: a, asks_text: true}]}\n"
            "- {key: q_text, type: text, text: Again}"
        ),
        11,
        "pages[0].questions[1].key",
        "already the key",
    ),
    "a condition on an unknown question": (
        a_file(
            A_TEXT + "\n- key: r\n  type: text\n  text: Say\n  show_if:\n    question: s\n    answered: true"
        ),
        15,
        "pages[0].questions[1].show_if.question",
        "no question “s” before",
    ),
    "a condition on a later question": (
        a_file(
            "- key: q\n  type: text\n  text: Say\n  show_if: {question: r, answered: true}\n"
            + A_TEXT.replace("q", "r")
        ),
        13,
        "pages[0].questions[0].show_if.question",
        "only look back",
    ),
    "a condition on the question itself": (
        a_file("- key: q\n  type: text\n  text: Say\n  show_if: {question: q, answered: true}"),
        13,
        "pages[0].questions[0].show_if.question",
        "only look back",
    ),
    "a page's condition on its own question": (
        a_file(A_TEXT, page="    show_if: {question: q, answered: true}\n"),
        9,
        "pages[0].show_if.question",
        "only look back",
    ),
    "a comparison with what is no option": (
        a_file(
            "- {key: q, type: single, text: Say, options: [a, b]}\n"
            "- {key: r, type: text, text: Say, show_if: {any: [{question: q, in: [a, c]}]}}"
        ),
        11,
        "pages[0].questions[1].show_if.any[0].in[1]",
        "not an option of “q”",
    ),
    "a comparison with a text": (
        a_file(A_TEXT + "\n- {key: r, type: text, text: Say, show_if: {question: q, is: a}}"),
        11,
        "pages[0].questions[1].show_if.question",
        "cannot be compared",
    ),
    "a condition that is two things": (
        a_file(
            A_TEXT + "\n- key: r\n  type: text\n  text: Say\n  show_if:\n"
            "    all: [{question: q, answered: true}]\n    question: q\n    answered: true"
        ),
        14,
        "pages[0].questions[1].show_if",
        "exactly one of all, any, not, question and study",
    ),
    "a comparison without an operator": (
        a_file(A_TEXT + "\n- {key: r, type: text, text: Say, show_if: {not: {question: q}}}"),
        11,
        "pages[0].questions[1].show_if.not",
        "exactly one of is, in, answered, less_than and at_least",
    ),
}


@pytest.mark.parametrize(("text", "line", "where", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_fault_is_refused_with_its_line_place_and_reason(
    text: str, line: int, where: str, reason: str
) -> None:
    assert the_problem_of(text)[:2] == (line, where)
    assert reason in the_problem_of(text)[2]


def test_page_keys_are_unique() -> None:
    text = a_file(A_TEXT) + a_file(A_TEXT.replace("q", "r")).partition("pages:\n")[2]
    assert the_problem_of(text) == (11, "pages[1].key", "“first” is given twice.")


def test_all_faults_are_listed_in_the_order_of_the_file_under_its_name() -> None:
    text = a_file("- {key: q, type: txt, text: Say}\n- {key: r, type: text}")
    with pytest.raises(QuestionnaireError) as refused:
        parse(text, source="small.yaml")
    lines = str(refused.value).splitlines()
    assert lines[0].startswith("small.yaml: line 10: pages[0].questions[0].type: “txt” is not known")
    assert lines[1] == "small.yaml: line 11: pages[0].questions[1]: “text” is missing."


def test_half_a_character_is_refused() -> None:
    assert the_problem_of(HEAD.replace("Small", '"\\ud83d"'))[0] == 3


def test_a_file_of_more_than_a_megabyte_is_refused() -> None:
    assert "larger than 1 MB" in the_problem_of("#" + "é" * 500_000)[2]


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_either_a_questionnaire_or_refused_with_problems(text: str) -> None:
    with pytest.raises(QuestionnaireError) as refused:
        parse(text)
    assert all(problem.line >= 1 and problem.message for problem in refused.value.problems)


def _keywords(schema: Any) -> set[str]:
    if not isinstance(schema, dict):
        return set()
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values(), schema.get("items")]
    return set(schema).union(*(_keywords(part) for part in inner))


def test_every_keyword_of_the_published_schema_is_checked() -> None:
    assert _keywords(questionnaire_schema()) <= _ANNOTATIONS | _KEYWORDS.keys() | {"$ref"}
    with pytest.raises(KeyError):
        list(faults("a", {"multipleOf": 2}))


def test_schema_readers_fields_and_templates_know_the_same_types() -> None:
    types = set(questionnaire_schema()["$defs"]["question"]["properties"]["type"]["enum"])
    templates = Path(__file__).parents[2] / "templates" / "surveys" / "questions"
    assert types == _NEEDED.keys() == _ALLOWED.keys() == READERS.keys() | {"information"}
    assert types <= {template.stem for template in templates.glob("*.html")}


# Display order


def _choices(values: list[str], *, shuffle: bool = True, last: tuple[str, ...] = ()) -> Question:
    options = tuple(Option(value, value) for value in values)
    return Question("q", "multiple", "Which?", options=options, shuffle=shuffle, last=last)


names = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=12, unique=True)


@given(names, st.text(), st.data())
def test_every_choice_is_shown_once_and_the_last_ones_stay_last(
    values: list[str], seed: str, data: st.DataObject
) -> None:
    last = tuple(data.draw(st.lists(st.sampled_from(values), unique=True)))
    order = display_order(_choices(values, last=last), seed)
    assert sorted(order) == sorted(values)
    assert order[len(order) - len(last) :] == list(last)


@given(names, st.text())
def test_the_same_seed_gives_the_same_order_wherever_the_file_lists_the_choices(
    values: list[str], seed: str
) -> None:
    assert display_order(_choices(values), seed) == display_order(_choices(values[::-1]), seed)


@given(names, st.text())
def test_without_shuffling_the_order_is_that_of_the_file(values: list[str], seed: str) -> None:
    assert display_order(_choices(values, shuffle=False), seed) == values


def test_prefer_not_to_say_comes_after_all_others() -> None:
    order = display_order(_choices([DECLINED, "a", "b", "other"], last=("other",)), "seed")
    assert order[2:] == ["other", DECLINED]


def test_an_order_drawn_once_stays_the_same_in_later_versions() -> None:
    assert display_order(_choices(["a", "b", "c", "d", "e"]), "participant 1") == ["e", "c", "a", "b", "d"]


def test_seeds_draw_every_order_about_equally_often() -> None:
    orders = ["".join(display_order(_choices(["a", "b", "c"]), str(seed))) for seed in range(6000)]
    counts = {order: orders.count(order) for order in set(orders)}
    assert len(counts) == 6
    assert all(850 < count < 1150 for count in counts.values())
