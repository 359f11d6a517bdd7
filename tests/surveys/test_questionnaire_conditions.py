"""The condition language: its logic, numbers, items and fields of the study; nothing makes it raise."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.questionnaires import (
    DECLINED,
    All,
    Among,
    Answered,
    AnyOf,
    Condition,
    Not,
    Option,
    Page,
    Question,
    Questionnaire,
    Within,
    has_answer,
    parse,
)
from tests.surveys.test_questionnaires import a_file, the_problem_of

KEYS = ("a", "b", "c", "study:locale")
# Whatever a database of JSON can hold, at any key.
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
answer_sets = st.dictionaries(st.sampled_from(KEYS), anything)
keys, items = st.sampled_from(KEYS), st.sampled_from(["", "x", "y"])
scalars = st.text(max_size=5) | st.integers() | st.floats(allow_nan=False) | st.booleans()
numbers = st.none() | st.integers(-5, 5) | st.floats(-5, 5)
leaves = (
    st.builds(Among, keys, st.lists(scalars, min_size=1, max_size=3).map(tuple), items)
    | st.builds(Answered, keys, st.booleans(), items)
    | st.builds(Within, keys, numbers, numbers, items)
)
conditions = st.recursive(
    leaves,
    lambda inner: (
        st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(Not, inner)
    ),
    max_leaves=8,
)


@given(conditions, answer_sets)
def test_every_condition_holds_or_does_not_whatever_the_answers(
    condition: Condition, answers: dict[str, Any]
) -> None:
    assert condition.holds(answers) is not Not(condition).holds(answers)
    assert isinstance(condition.holds(answers), bool)


@given(conditions, answer_sets)
def test_not_twice_is_nothing(condition: Condition, answers: dict[str, Any]) -> None:
    assert Not(Not(condition)).holds(answers) == condition.holds(answers)


@given(st.lists(conditions, min_size=1).map(tuple), answer_sets)
def test_de_morgan(parts: tuple[Condition, ...], answers: dict[str, Any]) -> None:
    negated = tuple(Not(part) for part in parts)
    assert Not(All(parts)).holds(answers) == AnyOf(negated).holds(answers)
    assert Not(AnyOf(parts)).holds(answers) == All(negated).holds(answers)


@given(conditions, st.lists(conditions, min_size=1).map(tuple), answer_sets)
def test_all_and_any_distribute(
    one: Condition, others: tuple[Condition, ...], answers: dict[str, Any]
) -> None:
    both = All((one, AnyOf(others)))
    assert both.holds(answers) == AnyOf(tuple(All((one, other)) for other in others)).holds(answers)


@given(leaves, st.dictionaries(st.sampled_from(["d", "e"]), anything))
def test_without_an_answer_only_the_absence_of_one_holds(leaf: Any, answers: dict[str, Any]) -> None:
    assert leaf.holds(answers) == (isinstance(leaf, Answered) and not leaf.expected)


@given(conditions, answer_sets, anything)
def test_an_answer_that_no_condition_asks_for_changes_nothing(
    condition: Any, answers: dict[str, Any], value: Any
) -> None:
    assert condition.holds(answers) == condition.holds({**answers, "unasked": value})


@pytest.mark.parametrize(
    ("answers", "expected"),
    [({}, False), ({"a": "x"}, True), ({"a": "z"}, False), ({"a": ["z", "y"]}, True), ({"a": None}, False)],
)
def test_a_comparison_holds_for_one_of_its_values(answers: dict[str, Any], expected: bool) -> None:
    assert Among("a", ("x", "y")).holds(answers) is expected


@pytest.mark.parametrize(
    "nothing", [None, "", [], DECLINED, [DECLINED], {}, {"a": None, "b": "not_applicable"}]
)
def test_nothing_said_is_not_answered(nothing: Any) -> None:
    assert Answered("a", False).holds({"a": nothing})
    assert not Answered("a", True).holds({"a": nothing})


@pytest.mark.parametrize("something", ["x", 0, 0.0, True, ["x"], {"a": 0, "b": None}])
def test_something_said_is_answered_also_if_it_is_zero(something: Any) -> None:
    assert Answered("a", True).holds({"a": something})


# Numbers


@given(st.integers() | st.floats(allow_nan=False), st.integers(), st.integers())
def test_within_is_from_the_lower_limit_to_below_the_upper(number: float, low: int, high: int) -> None:
    assert Within("a", low, high).holds({"a": number}) == (low <= number < high)
    assert Within("a", low).holds({"a": number}) == (number >= low)
    assert Within("a", None, high).holds({"a": number}) == (number < high)
    assert Within("a", low).holds({"a": number}) != Within("a", None, low).holds({"a": number})


@pytest.mark.parametrize("nothing", [None, "", "7", "Prefer not to say", True, [7], {"x": 7}, float("nan")])
def test_what_is_no_number_is_within_nothing(nothing: Any) -> None:
    assert not Within("a", 0).holds({"a": nothing})
    assert not Within("a", None, 100).holds({"a": nothing})


# Items


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Among("m", ("yes",), "fair"), True),
        (Among("m", ("yes",), "kind"), False),
        (Among("m", ("yes",), "missing"), False),
        (Answered("m", True, "fair"), True),
        (Answered("m", False, "kind"), True),
        (Answered("m", False, "skipped"), True),
        (Within("s", 50, None, "loud"), True),
        (Within("s", 51, None, "loud"), False),
    ],
)
def test_a_condition_can_ask_for_one_item(condition: Condition, holds: bool) -> None:
    answers = {"m": {"fair": "yes", "kind": None, "skipped": "not_applicable"}, "s": {"loud": 50}}
    assert condition.holds(answers) is holds


@given(
    st.dictionaries(st.text(max_size=3), st.sampled_from([None, "", "not_applicable", "Prefer not to say"]))
)
def test_items_that_say_nothing_make_no_answer(value: dict[str, Any]) -> None:
    assert not has_answer(value)
    assert has_answer({**value, "x": 0})
    assert has_answer({**value, "x": "yes"})


# Hidden answers


@st.composite
def chains(draw: st.DrawFn) -> tuple[Questionnaire, dict[str, Any]]:
    """Questions on a page each, every one shown by any condition over those before it; and answers to all."""
    questions: list[Question] = []
    for number in range(draw(st.integers(1, 6))):
        before = [question.key for question in questions]
        show_if = None
        if before and draw(st.booleans()):
            key = draw(st.sampled_from(before))
            found: Condition = draw(
                st.sampled_from([Among(key, ("yes",)), Answered(key, True), Within(key, 2)])
            )
            show_if = Not(found) if draw(st.booleans()) else found
        questions.append(
            Question(f"q{number}", "single", "Which?", options=(Option("yes", "Yes"),), show_if=show_if)
        )
    pages = tuple(Page(f"p{question.key}", "Page", "", (question,)) for question in questions)
    given = st.sampled_from(["yes", "no", 3, None, ["yes"]])
    answers = {question.key: draw(given) for question in questions if draw(st.booleans())}
    return Questionnaire("chain", "Chain", "en", pages), answers


@given(chains(), st.data())
def test_hidden_answers_never_decide(
    chain: tuple[Questionnaire, dict[str, Any]], data: st.DataObject
) -> None:
    document, answers = chain
    seen = [page.key for page in document.visible_pages(answers)]
    hidden = answers.keys() - document.shown_answers(answers).keys()
    changed = {key: data.draw(st.sampled_from(["yes", "no", 9, None])) for key in hidden}
    assert [page.key for page in document.visible_pages({**answers, **changed})] == seen


def _a_chain() -> Questionnaire:
    """Each page shows when the one before was answered yes; the last also asks within the page."""

    def yes_no(key: str, before: str = "") -> Question:
        show_if = Among(before, ("yes",)) if before else None
        return Question(
            key, "single", key, options=(Option("yes", "Yes"), Option("no", "No")), show_if=show_if
        )

    return Questionnaire(
        "chain",
        "Chain",
        "en",
        (
            Page("one", "One", "", (yes_no("a"),)),
            Page("two", "Two", "", (yes_no("b", "a"),)),
            Page("three", "Three", "", (yes_no("c"), yes_no("d", "c")), show_if=Among("b", ("yes",))),
        ),
    )


def _visible(answers: dict[str, Any]) -> list[str]:
    return [page.key for page in _a_chain().visible_pages(answers)]


def test_pages_open_as_answers_come_in() -> None:
    assert _visible({}) == ["one"]
    assert _visible({"a": "yes"}) == ["one", "two"]
    assert _visible({"a": "yes", "b": "yes"}) == ["one", "two", "three"]


def test_an_answer_that_is_hidden_now_opens_no_page() -> None:
    assert _visible({"a": "no", "b": "yes"}) == ["one"]
    assert _a_chain().shown_answers({"a": "no", "b": "yes"}) == {"a": "no"}


def test_a_page_whose_questions_are_all_hidden_is_left_out() -> None:
    assert "two" not in _visible({"a": "no"})


def test_a_question_can_depend_on_an_earlier_one_of_its_page() -> None:
    chain = _a_chain()
    before = {"a": "yes", "b": "yes"}
    page = chain.page("three")
    assert [question.key for question in chain.visible_questions(page, before)] == ["c"]
    assert [question.key for question in chain.visible_questions(page, {**before, "c": "yes"})] == ["c", "d"]


@given(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["yes", "no"])))
def test_what_is_visible_depends_on_visible_answers_only(answers: dict[str, Any]) -> None:
    chain = _a_chain()
    shown = chain.shown_answers(answers)
    assert chain.visible_pages(shown) == chain.visible_pages(answers)
    assert chain.shown_answers(shown) == shown
    assert shown.items() <= answers.items()


# Fields of the study


def a_local_file(show_if: str) -> str:
    return a_file(f"- {{key: q, type: text, text: T}}\n- {{key: r, type: text, text: T, show_if: {show_if}}}")


@pytest.mark.parametrize(
    ("show_if", "keys"),
    [
        ("{study: locale, is: uk}", ["q", "r"]),
        ("{study: locale, in: [us, fr]}", ["q"]),
        ("{not: {study: panel, is: prolific}}", ["q"]),
        ("{all: [{study: kind, is: live}, {study: language, is: en}]}", ["q", "r"]),
        ("{study: slug, is: other}", ["q"]),
    ],
)
def test_a_question_can_be_for_some_studies_only(show_if: str, keys: list[str]) -> None:
    fields = {"slug": "home", "locale": "uk", "panel": "prolific", "kind": "live"}
    document = parse(a_local_file(show_if)).for_person("seed", fields)
    shown = document.visible_questions(document.page("first"), {})
    assert [question.key for question in shown] == keys
    assert document.shown_answers({"q": "a", "r": "b"}).keys() == set(keys)


def test_without_a_study_no_field_has_a_value() -> None:
    document = parse(a_local_file("{study: locale, is: uk}"))
    assert [q.key for q in document.visible_questions(document.page("first"), {})] == ["q"]


MATRIX = (
    "- {key: m, type: matrix, text: T, options: [low, high], items: [{key: a, label: A}]}\n"
    "- {key: n, type: number, text: T}\n- {key: o, type: single, text: T, options: [x, y]}\n"
    "- {key: k, type: ranking, text: T, options: [x, y]}\n"
)
REFUSED = {
    "a field that no study has": ("{study: town, is: uk}", "show_if.study", "is not known"),
    "a field that is compared as a number": (
        "{study: locale, less_than: 3}",
        "show_if",
        "exactly one of is and in",
    ),
    "a field and a question": ("{study: locale, question: m, is: uk}", "show_if", "exactly one of all, any"),
    "an item of a field": ("{study: locale, item: a, is: uk}", "show_if.item", "belongs to a question"),
    "a matrix as a whole": ("{question: m, is: low}", "show_if.question", "cannot be compared"),
    "an item that is not there": ("{question: m, item: b, is: low}", "show_if.item", "not an item of “m”"),
    "a column that is not there": ("{question: m, item: a, is: mid}", "show_if.is", "not an option of “m”"),
    "a row as a number": ("{question: m, item: a, less_than: 1}", "show_if.question", "cannot be compared"),
    "a choice as a number": ("{question: o, at_least: 1}", "show_if.question", "cannot be compared"),
    "a ranking by value": ("{question: k, is: x}", "show_if.question", "cannot be compared"),
    "an item of a number": ("{question: n, item: a, is: 1}", "show_if.item", "not an item of “n”"),
    "a limit and a value": (
        "{question: n, at_least: 1, is: 3}",
        "show_if",
        "exactly one of is, in, answered",
    ),
    "a limit that is no number": ("{question: n, at_least: ten}", "show_if.at_least", "should be a number"),
}


@pytest.mark.parametrize(("show_if", "place", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_condition_that_makes_no_sense_is_refused_with_line_place_and_reason(
    show_if: str, place: str, reason: str
) -> None:
    line, where, message = the_problem_of(
        a_file(MATRIX + f"- {{key: z, type: text, text: T, show_if: {show_if}}}")
    )
    assert (line, where) == (14, f"pages[0].questions[4].{place}")
    assert reason in message


@pytest.mark.parametrize(
    "show_if",
    [
        "{question: m, item: a, is: low}",
        "{question: m, answered: true}",
        "{question: k, answered: true}",
        "{question: n, at_least: 1, less_than: 3}",
        "{question: n, less_than: 3.5}",
    ],
)
def test_conditions_that_make_sense_are_read(show_if: str) -> None:
    document = parse(a_file(MATRIX + f"- {{key: z, type: text, text: T, show_if: {show_if}}}"))
    assert document.question("z").show_if is not None
