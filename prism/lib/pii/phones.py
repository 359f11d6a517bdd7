"""Telephone numbers: a cheap look for their shape, and phonenumbers' word on whether such a number exists."""

import re
from collections.abc import Iterator

import phonenumbers

from prism.lib.pii.spans import Kind, Span

_START, _END = r"(?<![\w.,+/-])", r"(?![\w]|[.,/-][0-9])"


def _shape(pattern: str) -> re.Pattern[str]:
    return re.compile(f"{_START}{pattern}{_END}")


# International, then the shapes that people use within a country. Each tries a bounded number of characters.
_INTERNATIONAL = re.compile(r"(?<![\w+])(?:\+|00 ?)[1-9](?:[ .\-/()]{0,2}[0-9]){6,14}(?![0-9])")
_SHAPES = [
    ("phone_international", "", _INTERNATIONAL),
    ("phone_fr", "FR", _shape(r"0[1-9](?:[ .\-/]?[0-9]{2}){4}")),
    ("phone_gb", "GB", _shape(r"\(?0[1-9][0-9]{1,4}\)?[ -]?[0-9]{3,4}[ -]?[0-9]{3,4}")),
    (
        "phone_us",
        "US",
        _shape(r"(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}"),
    ),
    ("phone_be", "BE", _shape(r"0[1-9][0-9]{0,2}[ /](?:[0-9]{2,3}[ .]?){2}[0-9]{2}")),
    ("phone_ch", "CH", _shape(r"0[1-9][0-9] [0-9]{3} [0-9]{2} [0-9]{2}")),
]
_BARE = _shape(r"[2-9][0-9]{9}")
_CUE = re.compile(
    r"\b(?:call|phone|tel|t[ée]l|telephone|mobile|cell|text|whatsapp|sms|fax|ring|reach|joindre|appel)", re.I
)
# Right before a number, one of these says that it is something else.
_OTHER = re.compile(
    r"\b(?:order|invoice|isbn|issn|ticket|tracking|ref|reference|r[ée]f[ée]rence|commande|facture|colis|siren|"
    r"siret|vat|tva|serial|s[ée]rie|part|article|sku|model|mod[èe]le|dossier|doi|pmid|id)"
    r"[^\w\n]{0,3}(?:number|no|nr|num|num[ée]ro|code|id|n°)?[\s:#.°]{0,4}\Z",
    re.I,
)
_CUE_BEFORE, _OTHER_BEFORE = 40, 30
_SHORTEST = 7
_GAPS = " .-/("


def phones(text: str, start: int, end: int) -> Iterator[Span]:
    for rule, region, shape in _SHAPES:
        for found in shape.finditer(text, start, end):
            last = _end(text, found.start(), found.end(), region)
            if last and not _is_something_else(text, found.start()):
                yield Span(found.start(), last, Kind.PHONE, rule, 0.85 if region else 0.92)
    for found in _BARE.finditer(text, start, end):
        # Ten digits in a row are a number of North America only where the words before say so.
        is_named = _CUE.search(text, max(0, found.start() - _CUE_BEFORE), found.start())
        if is_named and _exists(found.group(), "US") and not _is_something_else(text, found.start()):
            yield Span(found.start(), found.end(), Kind.PHONE, "phone_us_cue", 0.7)


def _is_something_else(text: str, start: int) -> bool:
    return bool(_OTHER.search(text, max(0, start - _OTHER_BEFORE), start))


def _end(text: str, start: int, end: int, region: str) -> int | None:
    """Where the number ends: up to two groups are taken off, for another number may follow it."""
    for _attempt in range(3):
        if _exists(text[start:end], region):
            return end
        cut = max(text.rfind(gap, start, end) for gap in _GAPS)
        if cut < start + _SHORTEST:
            return None
        end = start + len(text[start:cut].rstrip(_GAPS))
    return None


def _exists(candidate: str, region: str) -> bool:
    if not region and candidate.startswith("00"):
        candidate = "+" + candidate[2:].lstrip()
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(candidate, region or None))
    except phonenumbers.NumberParseException:
        return False
