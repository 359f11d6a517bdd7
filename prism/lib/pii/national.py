"""Numbers that a state gives to a person: shape, check digits, and where those are weak a word before."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stdnum.be import nn as be_nn
from stdnum.ca import sin as ca_sin
from stdnum.ch import ssn as ch_ssn
from stdnum.de import idnr as de_idnr
from stdnum.dk import cpr as dk_cpr
from stdnum.es import dni as es_dni
from stdnum.es import nie as es_nie
from stdnum.fr import nif as fr_nif
from stdnum.fr import nir as fr_nir
from stdnum.gb import nhs as gb_nhs
from stdnum.it import codicefiscale as it_codice
from stdnum.nl import bsn as nl_bsn
from stdnum.pl import pesel as pl_pesel
from stdnum.se import personnummer as se_personnummer
from stdnum.us import ssn as us_ssn

from prism.lib.pii.spans import Kind, Span

_BEFORE = 48
_START, _END = r"(?<![\w.,+-])", r"(?![\w]|[.,-][0-9])"


@dataclass(frozen=True)
class Number:
    """`cue`: what must stand within the 48 characters before, where the number alone proves too little."""

    rule: str
    shape: re.Pattern[str]
    is_valid: Callable[[str], bool]
    confidence: float
    cue: re.Pattern[str] | None = None


def _number(
    rule: str, shape: str, is_valid: Callable[[str], bool], confidence: float, cue: str = ""
) -> Number:
    pattern = re.compile(f"{_START}(?:{shape}){_END}", re.I)
    return Number(rule, pattern, is_valid, confidence, re.compile(cue, re.I) if cue else None)


def _is_passport(number: str) -> bool:
    return any(sign.isdigit() for sign in number)


_NUMBERS = [
    _number(
        "fr_nir",
        r"[1-478] ?[0-9]{2} ?(?:0[1-9]|1[0-2]|[2-9][0-9]) ?"
        r"(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[/-]? ?[0-9]{2}",
        fr_nir.is_valid,
        0.97,
    ),
    _number(
        "fr_nif",
        r"[0-3][0-9] ?[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}",
        fr_nif.is_valid,
        0.8,
        r"fiscal|imp[oô]t|\bnif\b|\bspi\b|tax",
    ),
    _number(
        "gb_nino",
        r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]",
        lambda _: True,
        0.85,
    ),
    _number(
        "gb_nhs",
        r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}",
        gb_nhs.is_valid,
        0.9,
        r"\bnhs\b|health number|patient",
    ),
    _number("us_ssn", r"[0-9]{3}-[0-9]{2}-[0-9]{4}", us_ssn.is_valid, 0.9),
    _number(
        "us_ssn_cue",
        r"[0-9]{3} ?[0-9]{2} ?[0-9]{4}",
        us_ssn.is_valid,
        0.85,
        r"\bssn\b|social security|sécurité sociale",
    ),
    _number(
        "ca_sin",
        r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}",
        ca_sin.is_valid,
        0.85,
        r"\bsin\b|\bnas\b|social insurance|assurance sociale",
    ),
    _number(
        "be_nn",
        r"[0-9]{2}\.?[0-9]{2}\.?[0-9]{2}[ -]?[0-9]{3}\.?[0-9]{2}",
        be_nn.is_valid,
        0.85,
        r"national|registre|niss|rijksregister|belg",
    ),
    _number("ch_ahv", r"756\.?[0-9]{4}\.?[0-9]{4}\.?[0-9]{2}", ch_ssn.is_valid, 0.96),
    _number(
        "de_idnr",
        r"[1-9][0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}",
        de_idnr.is_valid,
        0.8,
        r"steuer|identifikationsnummer|german tax|fiscal allemand",
    ),
    _number(
        "dk_cpr", r"[0-3][0-9][01][0-9][0-9]{2}-?[0-9]{4}", dk_cpr.is_valid, 0.8, r"\bcpr\b|danish|danois"
    ),
    _number("es_dni", r"[0-9]{8}-?[A-HJ-NP-TV-Z]", es_dni.is_valid, 0.9),
    _number("es_nie", r"[XYZ]-?[0-9]{7}-?[A-HJ-NP-TV-Z]", es_nie.is_valid, 0.9),
    _number(
        "it_codice_fiscale",
        r"[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]",
        it_codice.is_valid,
        0.97,
    ),
    _number("nl_bsn", r"[0-9]{9}", nl_bsn.is_valid, 0.85, r"\bbsn\b|burgerservice|sofinummer"),
    _number("pl_pesel", r"[0-9]{11}", pl_pesel.is_valid, 0.9, r"pesel"),
    _number("se_personnummer", r"(?:[0-9]{2})?[0-9]{6}[-+][0-9]{4}", se_personnummer.is_valid, 0.85),
    _number("passport", r"[0-9]{2}[A-Z]{2}[0-9]{5}|[A-Z]{0,2}[0-9]{7,9}", _is_passport, 0.75, r"passe?port"),
]


def national_ids(text: str, start: int, end: int) -> Iterator[Span]:
    for number in _NUMBERS:
        for found in number.shape.finditer(text, start, end):
            if number.cue and not number.cue.search(text, max(0, found.start() - _BEFORE), found.start()):
                continue
            if _is_valid(number, found.group()):
                yield Span(found.start(), found.end(), Kind.NATIONAL_ID, number.rule, number.confidence)


def _is_valid(number: Number, candidate: str) -> bool:
    try:
        return number.is_valid(candidate.upper().replace("/", " "))
    except (ValueError, IndexError, KeyError):
        return False
