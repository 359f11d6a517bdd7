"""A definition to begin with: a census table, the questions that answer it, and a guess at the mapping."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from surveys.census import CensusTable
from surveys.coding.described import coded_as
from surveys.declined import DECLINED
from surveys.questionnaires import Option, Question, Questionnaire, QuestionnaireError
from surveys.questionnaires.source import read_tree

from .reading import FORMAT, gives_strata

# What people call the sexes of a census; a gender that is neither stays outside and the policy decides.
_WORDS = {"female": {"woman", "women", "female"}, "male": {"man", "men", "male"}}
_BETWEEN = re.compile(r"(\d+)\D+(\d+)")
_FROM = re.compile(r"^\D*(\d+)\D*$")


def eligible(questionnaire: Questionnaire) -> list[Question]:
    """The questions whose answers can make strata."""
    return [question for question in questionnaire.questions() if gives_strata(question)]


def guessed_question(name: str, questionnaire: Questionnaire) -> str:
    """The question that most likely answers a dimension of a census, by its key; empty when none does."""
    keys = {"sex": ("sex", "gender"), "age": ("age", "birth_year", "year_of_birth")}.get(name, (name,))
    known = {question.key for question in eligible(questionnaire)}
    return next((key for key in keys if key in known), "")


def suggest(
    questionnaire: Questionnaire,
    census: CensusTable,
    questions: Mapping[str, str],
    *,
    n: int,
    floor: int,
    undisclosed: str,
    beside: str = "",
) -> str:
    """The text of a definition with one table over the dimensions that have a question.

    `beside` is a definition whose strata and tables are kept; one with faults is left out.
    """
    raw = _known(beside)
    names = [name for name in census.dimensions if questions.get(name)]
    for name in names:
        stratum = _stratum(name, questionnaire.question(questions[name]), census)
        raw["strata"] = [given for given in raw["strata"] if given["key"] != name] + [stratum]
    raw["tables"] = [given for given in raw["tables"] if given["key"] != census.key] + [
        {
            "key": census.key,
            "label": census.name,
            "strata": names,
            "census": census.key,
            "n": n,
            "floor": floor,
            "undisclosed": undisclosed,
        }
    ]
    return yaml.safe_dump(raw, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None)


def _known(text: str) -> dict[str, Any]:
    empty: dict[str, Any] = {"format": FORMAT, "hold_minutes": 60, "strata": [], "tables": []}
    try:
        raw = read_tree(text).value if text.strip() else empty
    except QuestionnaireError:
        return empty
    is_whole = isinstance(raw, dict) and all(_are_keyed(raw.get(part)) for part in ("strata", "tables"))
    return raw if is_whole else empty


def _are_keyed(parts: Any) -> bool:
    return isinstance(parts, list) and all(isinstance(part, dict) and "key" in part for part in parts)


def _stratum(name: str, question: Question, census: CensusTable) -> dict[str, Any]:
    bands = census.bands.get(name)
    stratum: dict[str, Any] = {"key": name, "question": question.key}
    if bands and not _has_ranges(question):
        ends = {band: [int(end) for end in pair if end != float("inf")] for band, pair in bands.items()}
        return {**stratum, "bands": ends, "reads": "birth_year" if _is_birth_year(question) else "age"}
    options = [*_asked(question), *_coded(question)]
    return {
        **stratum,
        "categories": {
            category: [option.value for option in options if _fits(option, category, census, name)]
            for category in census.dimensions[name]
        },
    }


def _coded(question: Question) -> Iterable[Option]:
    """What people's own words may be coded as, beside the choices."""
    others = (value for value in coded_as(question) if value not in {*question.values, DECLINED})
    return (Option(value, value) for value in others)


def _has_ranges(question: Question) -> bool:
    """Whether the options are ranges of years and not single ones, nor a number that is typed."""
    return any(not option.value.strip().isdigit() for option in _asked(question))


def _is_birth_year(question: Question) -> bool:
    years = [int(option.value) for option in _asked(question) if option.value.strip().isdigit()]
    return "birth" in question.type or "birth" in question.key or min(years, default=0) > 1900


def _asked(question: Question) -> Iterable[Option]:
    return (option for option in question.options if option.value != DECLINED)


def _fits(option: Option, category: str, census: CensusTable, name: str) -> bool:
    if name in census.bands:
        return _range(str(option.label)) == census.bands[name][category]
    found = [other for other in census.dimensions[name] if _is_called(option, other)]
    return found == [category] or (category in found and option.value.casefold() == category.casefold())


def _range(label: str) -> tuple[int, float] | None:
    between, start = _BETWEEN.search(label), _FROM.match(label)
    if between:
        return int(between[1]), int(between[2])
    is_open = start and any(word in label.casefold() for word in ("+", "older", "over", "more"))
    return (int(start[1]), float("inf")) if start and is_open else None


def _is_called(option: Option, category: str) -> bool:
    wanted = _WORDS.get(category.casefold(), {category.casefold()})
    said = set(re.findall(r"[\w-]+", f"{option.value} {option.label}".casefold()))
    return bool(wanted & said) or option.value.casefold() == category.casefold()
