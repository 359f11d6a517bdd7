"""Filling in a form as a person would, and saying what a server must have stored of it."""

import json
import random
import re
from dataclasses import dataclass
from typing import Any

from conversations.bots import words
from conversations.bots.pages import Field, Form
from conversations.bots.people import Person
from surveys.declined import DECLINED

Pairs = list[tuple[str, str]]
# A person who has just confirmed to be an adult does not say otherwise a minute later.
IMPLAUSIBLE = re.compile(r"\bunder 18\b|\bmoins de 18\b", re.IGNORECASE)


@dataclass(frozen=True)
class Filler:
    """A person at a form. `is_careful` overlooks nothing, as after being sent back; a minor says so."""

    person: Person
    language: str
    place: str
    is_careful: bool = False
    is_minor: bool = False

    def fill(self, form: Form) -> Pairs:
        """What the browser would post, without the fields that nobody sees."""
        return [pair for found in form.fields.values() for pair in self.answer(found)]

    def dice(self, name: str, *purpose: object) -> random.Random:
        return self.person.dice(self.place, name, *purpose)

    def answer(self, found: Field) -> Pairs:
        if self._leaves_out(found):
            return [(found.name, "")] if found.kind in {"text", "number", "long text", "select"} else []
        if found.kind == "slider":
            return self._slide(found)
        if found.kind in {"radio", "select", "checkboxes"}:
            return self._choose(found)
        if found.kind == "box":
            return [(found.name, "on")]
        return self._write(found)

    def _leaves_out(self, found: Field) -> bool:
        chance = self.person.habits.overlooks if found.is_required else self.person.habits.skips
        if found.is_required and self.is_careful:
            return False
        return found.kind not in {"box", "slider"} and self.dice(found.name, "skips").random() < chance

    def _choose(self, found: Field) -> Pairs:
        dice = self.dice(found.name)
        young = _under_age(found)
        offered = sorted({option.value for option in found.options} - set(young))
        substance = [value for value in offered if value != DECLINED]
        if self.is_minor and young:
            chosen = young[:1]
        elif DECLINED in offered and dice.random() < self.person.habits.declines:
            chosen = [DECLINED]
        elif found.kind == "checkboxes":
            # Who is sent back may have combined what cannot be combined.
            most = 1 if self.is_careful else min(6, len(substance))
            chosen = sorted(dice.sample(substance, dice.randint(1, most)))
        else:
            chosen = [dice.choice(substance)]
        beside = {option.text: option.value for option in found.options if option.text}
        typed = [(name, self._short(name) if value in chosen else "") for name, value in beside.items()]
        return [(found.name, value) for value in chosen] + typed

    def _short(self, name: str) -> str:
        return self.dice(name).choice(words.language(self.language).short)

    def _write(self, found: Field) -> Pairs:
        dice = self.dice(found.name)
        if found.declined and dice.random() < self.person.habits.declines:
            return [(found.name, ""), (found.declined, "on")]
        if found.kind == "number":
            return [(found.name, str(dice.randint(1, 9 if self.is_careful else 60)))]
        return [(found.name, self._text(found, dice))]

    def _text(self, found: Field, dice: random.Random) -> str:
        own = words.language(self.language)
        about = f"{found.name} {found.label}".lower()
        if found.kind == "text":
            return dice.choice(own.short)
        if "feedback" in about:
            return words.compose(own.feedback, dice)
        parts = own.instructions if "instructions" in about else own.descriptions
        # Browsers send line ends as two characters.
        return "\r\n".join(words.compose(parts, dice) for _ in range(dice.randint(1, 3)))

    def _slide(self, found: Field) -> Pairs:
        """A slider of a questionnaire or of the feedback; those with a text beside are often left alone."""
        dice = self.dice(found.name)
        empty = [(found.name, ""), (f"{found.name}__trace", "")]
        beside = [(found.text, "")] if found.text else []
        if found.has_not_applicable and dice.random() < self.person.habits.not_applicable:
            return [*empty, (f"{found.name}__na", "on"), *beside]
        if self._leaves_slider(found, dice):
            return empty + beside
        value = round(dice.triangular(found.minimum, found.maximum, found.maximum * 0.75))
        typed = [(found.text, self._short(found.text))] if found.text else []
        return slid(found, value, dice) + typed

    def _leaves_slider(self, found: Field, dice: random.Random) -> bool:
        if found.text:
            return dice.random() < 0.6
        if found.is_required:
            return not self.is_careful and dice.random() < self.person.habits.overlooks / 4
        return dice.random() < self.person.habits.skips / 2


def _under_age(found: Field) -> list[str]:
    """The options that somebody under age would choose."""
    return [o.value for o in found.options if IMPLAUSIBLE.search(f"{o.value} {o.label}")]


def says_under_age(form: Form, pairs: Pairs) -> bool:
    """Whether a question about age was answered so."""
    young = {name: _under_age(field) for name, field in form.fields.items()}
    return any(value in young.get(name, ()) for name, value in pairs)


def slid(found: Field, value: int, dice: random.Random) -> Pairs:
    """A slider moved to `value`, with the trace that the page's script would have written."""
    moves, first_ms = dice.randint(1, 4), dice.randint(700, 9000)
    first = value if moves == 1 else dice.randint(found.minimum, found.maximum)
    trace = {
        "start": (found.minimum + found.maximum) // 2,
        "first": first,
        "first_ms": first_ms,
        "last_ms": first_ms if moves == 1 else first_ms + dice.randint(200, 8000),
        "moves": moves,
    }
    return [(found.name, str(value)), (f"{found.name}__trace", json.dumps(trace, separators=(",", ":")))]


def expected_answers(form: Form, pairs: Pairs) -> dict[str, Any]:
    """What a questionnaire must store of these fields: {answer: value}, None for nothing."""
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value.replace("\r\n", "\n").strip())
    expected: dict[str, Any] = {}
    for found in form.fields.values():
        _expect(expected, found, given)
    return expected


def _expect(expected: dict[str, Any], found: Field, given: dict[str, list[str]]) -> None:
    values = [value for value in given.get(found.name, []) if value]
    question, _, item = found.name.partition(".")
    if found.kind == "slider":
        expected.setdefault(question, {})[item] = _position(found, given)
    elif found.declined and given.get(found.declined) == ["on"]:
        expected[question] = DECLINED
    elif found.kind == "checkboxes":
        expected[question] = sorted(values)
    elif found.kind == "radio" and item:  # a row of a matrix
        expected.setdefault(question, {})[item] = _single(found, values)
    else:
        expected[question] = _single(found, values)
    for name, option in _texts(found):
        # Also where nothing was typed: what an earlier sending typed no longer holds.
        texts = expected.setdefault(f"{question}_text", {})
        if typed := "".join(given.get(name, [])):
            texts[option] = typed


def _position(found: Field, given: dict[str, list[str]]) -> int | str | None:
    if given.get(f"{found.name}__na") == ["on"]:
        return "not_applicable"
    text = "".join(given.get(found.name, []))
    return int(text) if text else None


def _single(found: Field, values: list[str]) -> Any:
    if not values:
        return None
    if found.kind == "box":
        return True
    return int(values[0]) if found.kind == "number" else values[0]


def _texts(found: Field) -> list[tuple[str, str]]:
    """The fields of text beside a question's options or slider, each with the option's name."""
    if found.text:
        return [(found.text, found.name.partition(".")[2])]
    return [(option.text, option.value) for option in found.options if option.text]
