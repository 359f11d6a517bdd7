"""The parts of a questionnaire, frozen: what a parsed file becomes and everything that is asked of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from surveys.declined import DECLINED

from .conditions import Condition

# What to do when an option that asks for a text was chosen and its text left empty.
EmptyText = Literal["accept", "refuse", "decline"]

CHOICES = frozenset({"single", "multiple", "dropdown", "country"})
TEXTS = frozenset({"text", "long_text"})

_Part = TypeVar("_Part", "Page", "Question")


@dataclass(frozen=True)
class Option:
    """One choice. `export` is the released wording where it differs from the stored `value`;
    an option that `needs_coding` has none until people have coded its text."""

    value: str
    label: str
    asks_text: bool = False
    screens_out: bool = False
    exclusive: bool = False
    export: str = ""
    needs_coding: bool = False

    @property
    def released(self) -> str | None:
        return None if self.needs_coding else self.export or self.value


@dataclass(frozen=True)
class Scale:
    """A slider's range, both ends included, with the words at its two ends."""

    minimum: int
    maximum: int
    low: str
    high: str
    not_applicable: bool = False


@dataclass(frozen=True)
class Item:
    """One slider of a block; a required one must be touched."""

    key: str
    label: str
    asks_text: bool = False
    required: bool = True


@dataclass(frozen=True)
class Question:
    key: str
    type: str
    text: str
    help: str = ""
    required: bool = True
    options: tuple[Option, ...] = ()
    items: tuple[Item, ...] = ()
    scale: Scale | None = None
    shuffle: bool = False
    last: tuple[str, ...] = ()
    show_if: Condition | None = None
    min_length: int = 0
    max_length: int = 10000
    declinable: bool = False
    empty_text: EmptyText = "accept"
    minimum: float | None = None
    maximum: float | None = None
    decimals: bool = False

    @property
    def text_key(self) -> str:
        """The key under which the texts typed beside options or items are answered."""
        return f"{self.key}_text"

    @property
    def texts_asked(self) -> tuple[str, ...]:
        """The option values or item keys that have a text field beside them."""
        options = (option.value for option in self.options if option.asks_text)
        items = (item.key for item in self.items if item.asks_text)
        return (*options, *items)

    @property
    def answer_keys(self) -> tuple[str, ...]:
        """The keys of the answers that this question leaves; none for information."""
        if self.type == "information":
            return ()
        return (self.key, self.text_key) if self.texts_asked else (self.key,)

    @property
    def values(self) -> tuple[str, ...]:
        """The option values, or the item keys of a slider block, in the order of the file."""
        return tuple(option.value for option in self.options) or tuple(item.key for item in self.items)

    def option(self, value: str) -> Option | None:
        return next((option for option in self.options if option.value == value), None)

    def released(self, value: str | None) -> str | None:
        """The released wording of a stored choice; None where there is none (yet)."""
        option = self.option(value) if value is not None else None
        return option.released if option else None


@dataclass(frozen=True)
class Page:
    """What is shown at once; `minutes` is the time it usually takes."""

    key: str
    title: str
    intro: str
    questions: tuple[Question, ...]
    show_if: Condition | None = None
    minutes: float = 1.0

    @property
    def answer_keys(self) -> tuple[str, ...]:
        return tuple(key for question in self.questions for key in question.answer_keys)


@dataclass(frozen=True)
class Questionnaire:
    key: str
    title: str
    language: str
    pages: tuple[Page, ...]

    @property
    def minutes(self) -> float:
        return sum(page.minutes for page in self.pages)

    def page(self, key: str) -> Page:
        """Raises KeyError for an unknown page."""
        return _find(self.pages, key)

    def question(self, key: str) -> Question:
        """Raises KeyError for an unknown question."""
        return _find(self.questions(), key)

    def questions(self) -> Sequence[Question]:
        return [question for page in self.pages for question in page.questions]

    def visible_pages(self, answers: Mapping[str, Any]) -> list[Page]:
        """The pages this person sees. Answers to questions that are hidden now decide nothing."""
        return [page for page, questions, _ in self._walk(answers) if questions]

    def visible_questions(self, page: Page, answers: Mapping[str, Any]) -> list[Question]:
        """The questions of a page this person sees; add what was typed on the page itself to the answers."""
        return next(questions for walked, questions, _ in self._walk(answers) if walked.key == page.key)

    def shown_answers(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """The answers without those to questions that an earlier answer, changed since, now hides."""
        shown: dict[str, Any] = {}
        for _, _, known in self._walk(answers):
            shown = known
        return shown

    def _walk(self, answers: Mapping[str, Any]) -> Iterator[tuple[Page, list[Question], dict[str, Any]]]:
        known: dict[str, Any] = {}
        for page in self.pages:
            questions: list[Question] = []
            if page.show_if is None or page.show_if.holds(known):
                questions = visible(page.questions, answers, known)
            yield page, questions, known


def visible(
    questions: Sequence[Question], answers: Mapping[str, Any], known: dict[str, Any]
) -> list[Question]:
    """The questions that are shown, judged one after the other; `known` gains the answers of those."""
    shown = []
    for question in questions:
        if question.show_if is None or question.show_if.holds(known):
            shown.append(question)
            known.update({key: answers[key] for key in question.answer_keys if key in answers})
    return shown


def display_order(question: Question, seed: str) -> list[str]:
    """Option values or item keys in the order shown: the same for the same seed, on every Python.

    Sorting by a digest draws every order with equal chance and, unlike a random generator, cannot change
    with a library. Those named in `last` stay at the end, in the order of `last`, then "prefer not to say".
    """
    last = [*question.last, *(value for value in question.values if value == DECLINED)]
    first = [value for value in question.values if value not in last]
    if question.shuffle:
        first.sort(key=lambda value: hashlib.sha256(f"{seed}\n{question.key}\n{value}".encode()).digest())
    return [*first, *last]


def _find(parts: Sequence[_Part], key: str) -> _Part:
    for part in parts:
        if part.key == key:
            return part
    raise KeyError(key)
