"""The questions to which people may answer in their own words, and the scheme of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from surveys.questionnaires import Question, Questionnaire

from . import schemes


@dataclass(frozen=True)
class Described:
    """A question whose words are coded. They stand in the answer `words`; `options` are the choices that say
    "in my own words", and none where the question asks for nothing but a text."""

    question: str
    scheme: str
    words: str
    options: frozenset[str]

    def is_own_words(self, value: Any) -> bool:
        """Whether an answer to the question is a self-description, so that a code says what it means."""
        chosen = value if isinstance(value, list) else [value]
        return value is not None and (not self.options or not self.options.isdisjoint(map(str, chosen)))

    def categorised(self, value: Any, code: str | None) -> Any:
        """The answer with the code in place of the own words. Until there is one the declared answer stays as
        it is; a text, which declares nothing, is None until then."""
        if not self.is_own_words(value):
            return value
        if not self.options:
            return code
        if isinstance(value, list):
            return [code if code and part in self.options else part for part in value]
        return code or value


def described(questionnaire: Questionnaire) -> Sequence[Described]:
    """Each question of the questionnaire whose words are to be coded."""
    return [_described(question) for question in questionnaire.questions() if scheme_key(question)]


def _described(question: Question) -> Described:
    words = question.text_key if question.options else question.key
    return Described(question.key, scheme_key(question), words, question.described_by)


def scheme_key(question: Question) -> str:
    """The scheme that the question names, else that of its key where an option needs coding; "" for none."""
    if question.coding:
        return question.coding
    return question.key if question.key in schemes.KEYS and question.described_by else ""


def coded_as(question: Question) -> tuple[str, ...]:
    """The categories that people's own words may get; none where they are not coded."""
    key = scheme_key(question)
    return schemes.parsed(schemes.shipped(key)).values if key else ()
