"""The codebook of an export of answers: each variable of each version of a questionnaire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from surveys.coding.described import scheme_key
from surveys.models import Questionnaire
from surveys.questionnaires import Question
from surveys.questionnaires.definitions import TEXTS
from surveys.questionnaires.source import read_tree

Row = dict[str, Any]
BESIDE = "texts beside choices"


def is_free_text(question: Question, variable: str) -> bool:
    """Whether the answers of this variable are people's own words."""
    return question.type in TEXTS or variable != question.key


def codebook(version: Questionnaire) -> Iterator[Row]:
    """One row for each variable, in the order of the file and in its own language."""
    document = version.parsed()
    as_written = {page["key"]: page for page in read_tree(version.document).value["pages"]}
    for page in document.pages:
        written = as_written[page.key]
        conditions = {question["key"]: question.get("show_if") for question in written["questions"]}
        for question in page.questions:
            for variable in question.answer_keys:
                yield {
                    "questionnaire": version.key,
                    "version": version.version,
                    "page": page.key,
                    "question": variable,
                    "type": question.type if variable == question.key else BESIDE,
                    "text": question.text,
                    "help": question.help or None,
                    "language": document.language,
                    **_answering(question),
                    "is_free_text": is_free_text(question, variable),
                    "coding": scheme_key(question) or None,
                    "page_show_if": written.get("show_if"),
                    "show_if": conditions[question.key],
                }


def _answering(question: Question) -> Row:
    """What may be answered, and how it is put to people."""
    scale = question.scale
    return {
        "required": question.required,
        "declinable": question.declinable,
        "options": [_option(option.value, option.label) for option in question.options] or None,
        "items": [_option(item.key, item.label) for item in question.items] or None,
        "minimum": scale.minimum if scale else question.minimum,
        "maximum": scale.maximum if scale else question.maximum,
        "ends": [scale.low, scale.high] if scale else None,
        "max_length": question.max_length if question.type in TEXTS or question.texts_asked else None,
        "is_shuffled": question.shuffle,
        "is_attention_check": bool(question.checks),
    }


def _option(value: str, label: str) -> Row:
    return {"value": value, "label": label}
