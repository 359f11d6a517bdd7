"""Judging answers of others: what a bot chooses in the form of a task, and what must be stored of it."""

import random
from dataclasses import dataclass

from conversations.bots import words
from conversations.bots.answering import Pairs
from conversations.bots.journal import SentAnnotation
from conversations.bots.pages import Field, Form, Option
from conversations.bots.people import Person

COMMENTS = 0.2  # how often somebody writes one


@dataclass(frozen=True)
class Annotator:
    """A person at one task. They name no errors and list no items of the query."""

    person: Person
    language: str
    where: str

    def annotate(self, form: Form) -> tuple[Pairs, SentAnnotation]:
        """What the browser would post: levels of what stands out, at least one, and at times a comment."""
        asked = [field for field in form.fields.values() if _is_level(field)]
        out = [field for field in asked if not self._leaves(field)] or asked[:1]
        chosen = {field.name: self._level(field) for field in out}
        comment = self._comment() if "comment" in form.fields else ""
        said = {form.fields[name].label: option.label for name, option in chosen.items()}
        pairs = [(name, option.value) for name, option in chosen.items()]
        return [*pairs, ("comment", comment)], SentAnnotation(said, comment)

    def _dice(self, *purpose: object) -> random.Random:
        return self.person.dice("annotate", self.where, *purpose)

    def _leaves(self, field: Field) -> bool:
        return self._dice(field.name, "leaves").random() < self.person.habits.skips

    def _level(self, field: Field) -> Option:
        """Most answers are rather good; nobody finds all of them so."""
        last = len(field.options) - 1
        return field.options[round(self._dice(field.name).triangular(0, last, 0.7 * last))]

    def _comment(self) -> str:
        dice = self._dice("comment")
        if dice.random() >= COMMENTS:
            return ""
        return words.compose(words.language(self.language).feedback, dice)


def _is_level(field: Field) -> bool:
    """Not whether there are errors: who says so has to name them."""
    return field.kind == "radio" and not field.name.startswith("errors-")
