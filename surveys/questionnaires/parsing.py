"""From a questionnaire file to a Questionnaire, or to the list of all that is wrong with the file.

Faults are looked for in three rounds, each resting on the one before: can it be read at all, has it the
shape of the schema, does it make sense as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from surveys.countries import countries
from surveys.declined import DECLINED

from .conditions import STUDY, All, Among, Answered, AnyOf, Condition, Not, Within
from .definitions import CHOICES, Check, Item, Option, Page, Question, Questionnaire, Scale
from .schema import Fault, faults
from .sense import condition_faults, sense_faults
from .source import Tree, read_tree
from .texts import in_language
from .translations import translation_faults

FORMAT = "prism-questionnaire/1"


def parse(text: str, *, source: str = "") -> Questionnaire:
    """The questionnaire that a YAML or JSON text describes; `source` names the file in messages.

    Raises QuestionnaireError with every problem found, each with its line.
    """
    return parse_tree(read_tree(text, source), source)


def parse_tree(tree: Tree, source: str = "") -> Questionnaire:
    """The same of a text that was read already, or of a part of one under the form of a questionnaire."""
    tree.refuse(_identity_faults(tree.value), source)
    tree.refuse([*faults(tree.value), *condition_faults(tree.value)], source)
    tree.refuse(translation_faults(tree.value), source)
    questionnaire = _questionnaire(tree.value)
    tree.refuse(sense_faults(questionnaire, tree.value), source)
    return questionnaire


def _identity_faults(value: Any) -> Iterable[Fault]:
    if not isinstance(value, dict) or "format" not in value:
        message = _("This is not a Prism questionnaire: it should begin with “format: %(format)s”.")
        yield (), message % {"format": FORMAT}


def _questionnaire(raw: dict[str, Any]) -> Questionnaire:
    own = raw["language"]
    others = [language for language in raw.get("languages", ()) if language != own]
    return _in_language(raw, own, tuple(_in_language(raw, language) for language in others))


def _in_language(
    raw: dict[str, Any], language: str, translations: tuple[Questionnaire, ...] = ()
) -> Questionnaire:
    said = in_language(raw, language, raw["language"])
    pages = tuple(_page(page, language) for page in said["pages"])
    return Questionnaire(raw["key"], said["title"], language, pages, raw.get("randomise", ""), translations)


def _page(raw: dict[str, Any], language: str) -> Page:
    return Page(
        key=raw["key"],
        title=raw["title"],
        intro=raw.get("intro", ""),
        questions=tuple(_question(question, language) for question in raw["questions"]),
        show_if=_optional_condition(raw),
        minutes=float(raw["minutes"]),
        group=raw.get("group", ""),
        randomise=raw.get("randomise", ""),
    )


def _question(raw: dict[str, Any], language: str) -> Question:
    made: dict[str, Any] = {"options": _options(raw, language), "items": _items(raw), "scale": _scale(raw)}
    made |= {"show_if": _optional_condition(raw), "last": tuple(raw.get("last", ())), "check": _check(raw)}
    return Question(**{**raw, **made})


def _options(raw: dict[str, Any], language: str) -> tuple[Option, ...]:
    options = [_option(option) for option in raw.get("options", ())]
    if raw["type"] == "country":
        options = [Option(country.alpha3, country.name) for country in countries(language)]
    if raw.get("declinable") and raw["type"] in CHOICES:
        options.append(Option(DECLINED, DECLINED, exclusive=True))
    return tuple(options)


def _option(raw: str | dict[str, Any]) -> Option:
    given = {"value": raw} if isinstance(raw, str) else raw
    return Option(**{"label": given["value"], **given})


def _items(raw: dict[str, Any]) -> tuple[Item, ...]:
    return tuple(Item(**{**item, "check": _check(item)}) for item in raw.get("items", ()))


def _check(raw: dict[str, Any]) -> Check | None:
    if "check" not in raw:
        return None
    expects = raw["check"]["expects"]
    return Check(tuple(expects) if isinstance(expects, list) else (expects,))


def _scale(raw: dict[str, Any]) -> Scale | None:
    return Scale(**raw["scale"]) if "scale" in raw else None


def _optional_condition(raw: dict[str, Any]) -> Condition | None:
    return _condition(raw["show_if"]) if "show_if" in raw else None


def _condition(raw: dict[str, Any]) -> Condition:
    if "all" in raw:
        return All(tuple(_condition(part) for part in raw["all"]))
    if "any" in raw:
        return AnyOf(tuple(_condition(part) for part in raw["any"]))
    if "not" in raw:
        return Not(_condition(raw["not"]))
    return _comparison(raw)


def _comparison(raw: dict[str, Any]) -> Condition:
    key = raw["question"] if "question" in raw else f"{STUDY}{raw['study']}"
    item = raw.get("item", "")
    if "answered" in raw:
        return Answered(key, raw["answered"], item)
    if "at_least" in raw or "less_than" in raw:
        return Within(key, raw.get("at_least"), raw.get("less_than"), item)
    return Among(key, tuple(raw["in"]) if "in" in raw else (raw["is"],), item)
