"""Texts of a questionnaire: in several languages, and with earlier answers put into them.

A text in a file is a plain string or, where the document has `languages`, a group such as {en: Yes, fr: Oui}.
`{{answer:KEY}}` stands for the answer to a question of an earlier page, `{{study:FIELD}}` for a field of the
study; `{{answer:KEY|there}}` says what stands there without an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from surveys.declined import DECLINED

from .conditions import STUDY
from .definitions import Item, Option, Page, Question, Questionnaire, Scale
from .source import Path

# The keys of a file whose values people read.
SPOKEN = frozenset({"title", "intro", "text", "help", "label", "low", "high"})
_Labelled = TypeVar("_Labelled", Option, Item)
PIPE = re.compile(r"\{\{\s*(answer|study):([a-z][a-z0-9_-]*)\s*(?:\|([^{}]*))?\}\}")


class Text(str):
    """A text; `lang` is its language where that is not the one of the questionnaire around it."""

    lang: str = ""

    @classmethod
    def of(cls, text: str, lang: str) -> Text:
        made = cls(text)
        made.lang = lang
        return made


def in_language(raw: Any, language: str, own: str) -> Any:
    """A raw file with one language of each text; the document's `own` where a translation is missing."""
    if isinstance(raw, list):
        return [in_language(part, language, own) for part in raw]
    if not isinstance(raw, dict):
        return raw
    return {
        key: _spoken(part, language, own) if key in SPOKEN else in_language(part, language, own)
        for key, part in raw.items()
    }


def _spoken(text: str | dict[str, str], language: str, own: str) -> str:
    if isinstance(text, str):
        return text.strip() if language == own else Text.of(text.strip(), own)
    if language in text:
        return text[language].strip()
    return Text.of(text[own].strip(), own)


def spoken_parts(raw: Any, path: Path = ()) -> Iterator[tuple[Path, str | dict[str, str]]]:
    """Every text of a raw file, with its place."""
    parts = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    for key, part in parts:
        if key in SPOKEN:
            yield (*path, key), part
        else:
            yield from spoken_parts(part, (*path, key))


def filled(document: Questionnaire, page: Page, answers: Mapping[str, Any]) -> Page:
    """The page with answers and fields of the study in its texts. What comes in is as plain as any text: a
    template escapes it."""
    known = {**document.fields, **answers}
    return replace(
        page,
        title=_filled(page.title, document, known),
        intro=_filled(page.intro, document, known),
        questions=tuple(_filled_question(question, document, known) for question in page.questions),
    )


def _filled_question(question: Question, document: Questionnaire, known: Mapping[str, Any]) -> Question:
    if not any("{{" in text for text in _texts(question)):
        return question
    return replace(
        question,
        text=_filled(question.text, document, known),
        help=_filled(question.help, document, known),
        options=tuple(_filled_label(option, document, known) for option in question.options),
        items=tuple(_filled_label(item, document, known) for item in question.items),
        scale=_filled_scale(question.scale, document, known),
    )


def _texts(question: Question) -> Iterator[str]:
    yield from (question.text, question.help)
    yield from (option.label for option in question.options)
    yield from (item.label for item in question.items)
    if question.scale:
        yield from (question.scale.low, question.scale.high)


def _filled_label(part: _Labelled, document: Questionnaire, known: Mapping[str, Any]) -> _Labelled:
    return replace(part, label=_filled(part.label, document, known))


def _filled_scale(scale: Scale | None, document: Questionnaire, known: Mapping[str, Any]) -> Scale | None:
    if scale is None:
        return None
    low, high = _filled(scale.low, document, known), _filled(scale.high, document, known)
    return replace(scale, low=low, high=high)


def _filled(text: str, document: Questionnaire, known: Mapping[str, Any]) -> str:
    if "{{" not in text:
        return text

    def said(pipe: re.Match[str]) -> str:
        kind, key, otherwise = pipe.groups()
        words = str(known.get(f"{STUDY}{key}", "")) if kind == "study" else _answer(document, key, known)
        return words or (otherwise or "").strip()

    return Text.of(PIPE.sub(said, text), getattr(text, "lang", ""))


def _answer(document: Questionnaire, key: str, known: Mapping[str, Any]) -> str:
    question, value = document.question(key), known.get(key)
    beside = known.get(question.text_key) or {}
    chosen = value if isinstance(value, list) else [value]
    return ", ".join(_words(question, part, beside) for part in chosen if part not in (None, DECLINED))


def _words(question: Question, value: Any, beside: Mapping[str, str]) -> str:
    """How people call what was chosen: by their own words beside it, else by its label."""
    if not question.options:
        return str(value)
    option = question.option(str(value))
    return beside.get(str(value)) or (option.label if option else str(value))
