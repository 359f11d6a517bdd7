"""Orders that are drawn for each person: of pages, of the questions of a page, of options and items.

Sorting by a digest draws every order with equal chance and, unlike a random generator, cannot change with a
library: the same seed gives the same order on every Python, and nothing has to be stored to show it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from surveys.declined import DECLINED

if TYPE_CHECKING:
    from .definitions import Page, Question, Questionnaire

# The name under which the order of all pages is recorded.
PAGES = "pages"


def drawn(values: Iterable[str], seed: str, name: str) -> list[str]:
    """The values in an order of their own for each seed and name."""
    return sorted(values, key=lambda value: hashlib.sha256(f"{seed}\n{name}\n{value}".encode()).digest())


def display_order(question: Question, seed: str) -> list[str]:
    """Option values or item keys in the order shown. Those named in `last` stay at the end, in the order of
    `last`, then "prefer not to say"."""
    last = [*question.last, *(value for value in question.values if value == DECLINED)]
    first = [value for value in question.values if value not in last]
    if question.shuffle:
        first = drawn(first, seed, question.key)
    return [*first, *last]


def page_name(page: Page) -> str:
    """The name under which the order of the page's questions is recorded."""
    return f"page:{page.key}"


def question_order(page: Page, seed: str) -> list[str]:
    """The keys of the page's questions in the order shown."""
    keys = [question.key for question in page.questions]
    return drawn(keys, seed, page_name(page)) if page.randomise else keys


def has_page_order(document: Questionnaire) -> bool:
    """Whether the order of the pages is drawn for each person."""
    return bool(document.randomise) or any(page.group for page in document.pages)


def in_page_order(document: Questionnaire, seed: str) -> tuple[Page, ...]:
    """All pages; those of one group, or all where the whole is randomised, in an order drawn for the seed."""
    if not has_page_order(document):
        return document.pages
    named = {page.key: page for page in document.pages}
    return tuple(
        named[key]
        for group, pages in groupby(document.pages, key=lambda page: document.randomise or page.group)
        for key in _group_order([page.key for page in pages], seed, group)
    )


def _group_order(keys: list[str], seed: str, group: str) -> list[str]:
    return drawn(keys, seed, PAGES) if group else keys
