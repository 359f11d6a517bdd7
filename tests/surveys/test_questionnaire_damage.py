"""A damaged file is refused with its faults, or read as something that can be shown and answered."""

import json
from pathlib import Path
from typing import Any

from django.utils.datastructures import MultiValueDict
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.questionnaires import (
    Questionnaire,
    QuestionnaireError,
    display_order,
    filled,
    parse,
    question_fields,
    question_order,
    read_page,
    statuses,
)
from surveys.questionnaires.source import read_tree
from tests.surveys.test_questionnaire_languages import HOME

EVERY_TYPE = Path(__file__).parents[1] / "e2e" / "every_type.yaml"
FILES = [read_tree(text).value for text in (EVERY_TYPE.read_text(encoding="utf-8"), HOME)]
WORDS = ["pages", "text", "{{answer:name}}", "{{", "en", "single", "matrix", "questions", "block", "q1", ""]
scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.sampled_from(WORDS)
damage = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["en", "fr", "key", "value", "question", "study", "is", "item", "expects"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every part of a file."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(*path, key) for key, _ in parts] + [
        place for key, part in parts for place in places(part, (*path, key))
    ]


PLACES = [places(value) for value in FILES]


def damaged(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The file with one part replaced, or left out where `new` is None."""
    if len(path) > 1:
        part = damaged(value[path[0]], path[1:], new)
        return (
            {**value, path[0]: part}
            if isinstance(value, dict)
            else [*value[: path[0]], part, *value[path[0] + 1 :]]
        )
    if isinstance(value, dict):
        rest = {key: part for key, part in value.items() if key != path[0]}
        return rest if new is None else {**rest, path[0]: new}
    return [*value[: path[0]], *([] if new is None else [new]), *value[path[0] + 1 :]]


def use(document: Questionnaire) -> None:
    """Everything that is done with a questionnaire that was read."""
    for language in document.languages:
        here = document.in_language(language).for_person("seed", {"locale": "uk"})
        assert statuses(here, {}, {}).keys() == {key for page in here.pages for key in page.answer_keys}
        for page in here.pages:
            reading = read_page(page, here.fields, MultiValueDict(), {})
            assert sorted(question_order(page, "seed")) == sorted(q.key for q in page.questions)
            for question in filled(here, page, {}).questions:
                question_fields(question, display_order(question, "seed"), reading.values, reading.errors)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(FILES) - 1), st.data())
def test_a_damaged_file_is_refused_by_line_or_can_be_used(number: int, data: st.DataObject) -> None:
    value = FILES[number]
    for _ in range(data.draw(st.integers(1, 2))):
        known = PLACES[number] if value is FILES[number] else places(value)
        value = damaged(value, data.draw(st.sampled_from(known)), data.draw(damage))
    try:
        document = parse(json.dumps(value, ensure_ascii=False))
    except QuestionnaireError as refused:
        found = refused.problems
    else:
        found = ()
        use(document)
    assert all(problem.line == 1 and problem.message for problem in found)


def test_the_files_themselves_can_be_used() -> None:
    for value in FILES:
        use(parse(json.dumps(value)))
