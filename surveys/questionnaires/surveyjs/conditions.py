"""The conditions of SurveyJS (`{age} >= 18 and {likes} contains 'tea'`) as conditions of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .work import Known, plain

Condition = dict[str, Any]
Operand = str | list[str]

MAXIMUM_TEXT = 5_000
MAXIMUM_DEPTH = 6
_CHOICES = frozenset({"single", "dropdown", "multiple", "matrix"})
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<name>\{[^{}]*\})
      | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
      | (?P<mark><=|>=|<>|!=|==|=|<|>|&&|\|\||!|[()\[\],])
      | (?P<word>[A-Za-z_][\w-]*)
    )""",
    re.VERBOSE,
)
_SAME = {
    "==": "=",
    "equal": "=",
    "!=": "<>",
    "notequal": "<>",
    "greater": ">",
    "less": "<",
    "greaterorequal": ">=",
    "lessorequal": "<=",
    "&&": "and",
    "||": "or",
    "!": "not",
    "negate": "not",
    "contain": "contains",
    "notcontain": "notcontains",
    "noneof": "notcontains",
}
_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class NotUnderstood(ValueError):
    """The condition says something that ours cannot say."""


@dataclass(frozen=True)
class _Token:
    kind: str
    value: str


def condition(text: str, known: Mapping[str, Known]) -> Condition:
    """Our form of a condition over the questions `known` by their SurveyJS names; raises NotUnderstood."""
    if len(text) > MAXIMUM_TEXT:
        raise NotUnderstood(text)
    return _Parser(_tokens(text), known).whole()


def _tokens(text: str) -> list[_Token]:
    tokens, at, end = [], 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise NotUnderstood(text)
        tokens.append(_token(found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return tokens


def _token(kind: str, given: str) -> _Token:
    if kind == "name":
        return _Token("name", given[1:-1].strip())
    if kind == "text":
        return _Token("value", re.sub(r"\\(.)", r"\1", given[1:-1], flags=re.DOTALL))
    if kind == "number":
        number = float(given)
        return _Token("value", plain(number))
    word = given.lower()
    return _Token("mark", _SAME.get(word, word)) if kind == "mark" else _Token("word", given)


class _Parser:
    """Recursive descent: or, and, not, comparison."""

    def __init__(self, tokens: list[_Token], known: Mapping[str, Known]) -> None:
        self.tokens = tokens
        self.known = known
        self.at = 0
        self.depth = 0

    def whole(self) -> Condition:
        found = self.any_of()
        if self.at < len(self.tokens):
            raise NotUnderstood(self.tokens[self.at].value)
        return found

    def any_of(self) -> Condition:
        return self.joined("or", "any", self.all_of)

    def all_of(self) -> Condition:
        return self.joined("and", "all", self.one)

    def joined(self, word: str, ours: str, part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self.took(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else {ours: parts}

    def one(self) -> Condition:
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise NotUnderstood("too deep")
        try:
            if self.took("not"):
                return {"not": self.one()}
            if self.took("("):
                found = self.any_of()
                self.expect(")")
                return found
            return self.comparison()
        finally:
            self.depth -= 1

    def comparison(self) -> Condition:
        token = self.next()
        if token.kind != "name":
            raise NotUnderstood(token.value)
        known, item = self.named(token.value)
        operator = self.word()
        if operator in {"empty", "notempty"}:
            return {**_about(known, item), "answered": operator == "notempty"}
        return compared(known, item, operator, self.operand())

    def named(self, name: str) -> tuple[Known, str]:
        if name in self.known:
            return self.known[name], ""
        question, _dot, row = name.rpartition(".")
        matrix = self.known.get(question)
        if matrix is None or row not in matrix.rows:
            raise NotUnderstood(name)
        return matrix, matrix.rows[row]

    def operand(self) -> Operand:
        if not self.took("["):
            return self.value()
        values = [self.value()]
        while self.took(","):
            values.append(self.value())
        self.expect("]")
        return values

    def value(self) -> str:
        token = self.next()
        if token.kind not in {"value", "word"}:
            raise NotUnderstood(token.value)
        return token.value

    def word(self) -> str:
        token = self.next()
        if token.kind not in {"mark", "word"}:
            raise NotUnderstood(token.value)
        return _SAME.get(token.value.lower(), token.value.lower())

    def next(self) -> _Token:
        if self.at >= len(self.tokens):
            raise NotUnderstood("it ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def took(self, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at].kind in {"mark", "word"}:
            given = self.tokens[self.at].value.lower()
            if _SAME.get(given, given) == word:
                self.at += 1
                return True
        return False

    def expect(self, word: str) -> None:
        if not self.took(word):
            raise NotUnderstood(word)


def compared(known: Known, item: str, operator: str, operand: Operand) -> Condition:
    """One comparison in our form; raises NotUnderstood where the question's type knows no such comparison."""
    about, kind = _about(known, item), known.question["type"]
    if kind == "number" and isinstance(operand, str):
        return _number(about, operator, _as_number(operand))
    if kind not in _CHOICES or (kind == "matrix") != bool(item):
        raise NotUnderstood(operator)
    if operator in _ORDERS and isinstance(operand, str) and kind != "multiple":
        limit = _as_number(operand)
        fitting = [value for value in known.values if _fits(value, _ORDERS[operator], limit)]
        return _among(about, fitting, known)
    return _choice(about, operator, operand, known, is_several=kind == "multiple")


def _about(known: Known, item: str) -> Condition:
    return {"question": known.question["key"], **({"item": item} if item else {})}


def _as_number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise NotUnderstood(text) from None
    if abs(number) > 1e15 or number != number:
        raise NotUnderstood(text)
    return int(number) if number.is_integer() else number


def _fits(value: str, order: Callable[[float, float], bool], limit: float) -> bool:
    try:
        return order(float(value), limit)
    except ValueError:
        return False


def _number(about: Condition, operator: str, limit: float) -> Condition:
    same = {**about, "is": limit}
    found: dict[str, Condition] = {
        "=": same,
        "<>": {"not": same},
        ">=": {**about, "at_least": limit},
        "<": {**about, "less_than": limit},
        ">": {"all": [{**about, "at_least": limit}, {"not": same}]},
        "<=": {"any": [{**about, "less_than": limit}, same]},
    }
    if operator not in found:
        raise NotUnderstood(operator)
    return found[operator]


def _choice(
    about: Condition, operator: str, operand: Operand, known: Known, *, is_several: bool
) -> Condition:
    values = operand if isinstance(operand, list) else [operand]
    if operator in {"=", "<>"} and (is_several or isinstance(operand, list)):
        raise NotUnderstood(operator)  # theirs asks for exactly these choices
    found = _among(about, values, known)
    if operator in {"<>", "notcontains"}:
        return {"not": found}
    if operator in {"contains", "allof"} and len(values) > 1:
        return {"all": [_among(about, [value], known) for value in values]}
    if operator not in {"=", "contains", "allof", "anyof"}:
        raise NotUnderstood(operator)
    return found


def _among(about: Condition, values: list[str], known: Known) -> Condition:
    if not values or any(value not in known.values for value in values):
        raise NotUnderstood(", ".join(values))
    return {**about, "is": values[0]} if len(values) == 1 else {**about, "in": list(values)}
