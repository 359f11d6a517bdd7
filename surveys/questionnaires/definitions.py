"""The parts of a questionnaire, frozen: what a parsed file becomes and everything that is asked of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from .conditions import STUDY, Condition
from .order import in_page_order

# What to do when an option that asks for a text was chosen and its text left empty.
EmptyText = Literal["accept", "refuse", "decline"]

# What to do about pasting into a text, and whether the typing is counted.
Paste = Literal["allow", "record", "block"]

# The types with options among which "prefer not to say" can stand.
CHOICES = frozenset({"single", "multiple", "dropdown", "country", "matrix"})
TEXTS = frozenset({"text", "long_text"})
ONE_SLIDER = frozenset({"slider", "visual_analogue"})
# From this number of options on, a list can be searched where the file does not say.
MANY_OPTIONS = 13

_Part = TypeVar("_Part", "Page", "Question")


@dataclass(frozen=True)
class Check:
    """An attention check: the answers that show attention. What follows from a failed one is the study's."""

    expects: tuple[str | int | float | bool, ...]

    def passes(self, value: Any) -> bool:
        """Whether the answer is one of those expected; of several choices, exactly those."""
        if isinstance(value, list):
            return sorted(map(str, value)) == sorted(map(str, self.expects))
        return value in self.expects


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
    """One slider of a block, or one row of a matrix; a required one must be touched or answered."""

    key: str
    label: str
    asks_text: bool = False
    required: bool = True
    check: Check | None = None


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
    paste: Paste = "allow"
    search: bool | None = None
    check: Check | None = None
    coding: str = ""

    @property
    def has_search(self) -> bool:
        """Whether a list of options can be searched by typing."""
        return len(self.options) >= MANY_OPTIONS if self.search is None else self.search

    @property
    def checks(self) -> tuple[tuple[str, Check], ...]:
        """The attention checks: the item key ("" for the whole question) and the check of it."""
        found = (("", self.check), *((item.key, item.check) for item in self.items))
        return tuple((item, check) for item, check in found if check is not None)

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
    def described_by(self) -> frozenset[str]:
        """The values of the options with which people describe themselves in their own words."""
        return frozenset(option.value for option in self.options if option.needs_coding)

    @property
    def values(self) -> tuple[str, ...]:
        """The item keys of a matrix or slider block, else the option values, in the order of the file."""
        return tuple(item.key for item in self.items) or tuple(option.value for option in self.options)

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
    group: str = ""
    randomise: str = ""

    @property
    def answer_keys(self) -> tuple[str, ...]:
        return tuple(key for question in self.questions for key in question.answer_keys)


@dataclass(frozen=True)
class Questionnaire:
    """A questionnaire in one language; `translations` are the same in the other languages it offers.

    `fields` are those of the study that conditions and texts may name, under their keys (see `STUDY`).
    """

    key: str
    title: str
    language: str
    pages: tuple[Page, ...]
    randomise: str = ""
    translations: tuple[Questionnaire, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages offered, the document's own first."""
        return (self.language, *(other.language for other in self.translations))

    def in_language(self, code: str) -> Questionnaire:
        """The questionnaire in that language or in the one it is a variety of; else in its own."""
        for wanted in (code.lower(), code.lower().partition("-")[0]):
            for offered in (self, *self.translations):
                if offered.language.lower() == wanted:
                    return offered
        return self

    def for_person(self, seed: str, fields: Mapping[str, str]) -> Questionnaire:
        """The questionnaire as one person meets it: its pages in the order drawn from their seed, and its
        conditions over the fields of their study. Needs nothing but its arguments, and is cheap."""
        known = {f"{STUDY}{name}": value for name, value in {**fields, "language": self.language}.items()}
        return replace(self, pages=in_page_order(self, seed), fields=known)

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

    def pages_with_visible(self, answers: Mapping[str, Any]) -> Iterator[tuple[Page, list[Question]]]:
        """Every page in its order, with those of its questions that this person sees."""
        return ((page, questions) for page, questions, _ in self._walk(answers))

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
        return {key: value for key, value in shown.items() if key not in self.fields}

    def _walk(self, answers: Mapping[str, Any]) -> Iterator[tuple[Page, list[Question], dict[str, Any]]]:
        known: dict[str, Any] = dict(self.fields)
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


def _find(parts: Sequence[_Part], key: str) -> _Part:
    for part in parts:
        if part.key == key:
            return part
    raise KeyError(key)
