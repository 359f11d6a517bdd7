"""Bank accounts and cards, told by their check digits."""

import re
from collections.abc import Iterator

from stdnum import iban, luhn
from stdnum.exceptions import ValidationError

from prism.lib.pii.spans import Kind, Span

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,31}", re.I)
_SHORTEST_IBAN = 15
_CARD = re.compile(r"(?<![\w.-])[0-9](?:[ -]?[0-9]){12,18}(?![\w]|-[0-9])")
_BRANDS = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"
    r"|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|6(?:011|5[0-9]{2})[0-9]{12}|35(?:2[89]|[3-8][0-9])[0-9]{12}"
)


def ibans(text: str, start: int, end: int) -> Iterator[Span]:
    """The longest beginning of a candidate whose country, length and check digits fit; words may follow."""
    for found in _IBAN.finditer(text, start, end):
        if last := _end_of_iban(text, found.start(), found.end()):
            yield Span(found.start(), last, Kind.IBAN, "iban", 0.99)


def _end_of_iban(text: str, start: int, end: int) -> int | None:
    places = [place for place in range(start, end) if text[place].isalnum()]
    for count in range(len(places), _SHORTEST_IBAN - 1, -1):
        last = places[count - 1] + 1
        if not text[last : last + 1].isalnum() and _is_iban(text[start:last]):
            return last
    return None


def _is_iban(text: str) -> bool:
    try:
        iban.validate(text)
    except (ValidationError, ValueError):
        return False
    return True


def cards(text: str, start: int, end: int) -> Iterator[Span]:
    for found in _CARD.finditer(text, start, end):
        digits = found.group().replace(" ", "").replace("-", "")
        if _BRANDS.fullmatch(digits) and luhn.is_valid(digits) and len(set(digits)) > 1:
            yield Span(found.start(), found.end(), Kind.CARD, "card", 0.95)
