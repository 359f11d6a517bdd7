"""From the JSON of SurveyJS to the text of a questionnaire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from django.utils.translation import gettext as _

from ..parsing import FORMAT
from .conditions import Condition, NotUnderstood, condition
from .types import TYPES, Raw, row_keys
from .work import HEADING, PROSE, Finding, Known, Work, free_key, is_language, plain

MAXIMUM_TEXT = 500_000
MAXIMUM_DEPTH = 10
MAXIMUM_PAGES, MAXIMUM_QUESTIONS = 200, 500
_SURVEY = frozenset({"title", "description", "locale", "pages", "elements", "questions"})
_PAGE = frozenset({"name", "title", "description", "elements", "questions", "visibleIf", "questionsOrder"})
_PANEL = frozenset({"type", "name", "title", "description", "elements", "visibleIf"})
_QUESTION = frozenset({"type", "name", "title", "description", "isRequired", "visibleIf"})


class SurveyJSError(ValueError):
    """The text is no questionnaire of SurveyJS; the message says why."""


@dataclass(frozen=True)
class Imported:
    """The text of a questionnaire of ours, and what did not come along as it was."""

    text: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Element:
    """A question with the conditions of the panels around it."""

    raw: Raw
    where: str
    conditions: tuple[tuple[str, str], ...]


def convert(text: str) -> Imported:
    """The questionnaire that a SurveyJS JSON text describes. Raises SurveyJSError, and nothing else."""
    survey = _survey(text)
    work = Work(language=_language(survey))
    pages = list(_pages(work, survey))
    if not pages:
        raise SurveyJSError(_("There is no question in it that can be asked here."))
    work.left_out(survey, _SURVEY, "")
    title = work.text(survey.get("title"), "title", limit=HEADING, otherwise=_("Imported questionnaire"))
    document: Raw = {"format": FORMAT, "key": "imported", "title": title, "language": work.language}
    others = [code for code in work.languages if code != work.language]
    if others:
        document["languages"] = [work.language, *others]
    work.approximate("", _("The minutes of each page are guessed from the number of its questions."))
    written = yaml.safe_dump({**document, "pages": pages}, allow_unicode=True, sort_keys=False, width=100)
    return Imported(written, tuple(dict.fromkeys(work.findings)))


def _survey(text: str) -> Raw:
    if len(text) > MAXIMUM_TEXT:
        raise SurveyJSError(_("The file is too large: at most 500,000 characters can be imported."))
    try:
        survey = json.loads(text)
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "reason": error.msg}
        raise SurveyJSError(_("This is no JSON: line %(line)d: %(reason)s.") % place) from error
    except (ValueError, RecursionError) as error:
        raise SurveyJSError(
            _("This JSON cannot be read: it is nested too deeply or has odd numbers.")
        ) from error
    if not isinstance(survey, dict):
        raise SurveyJSError(_("This JSON is no questionnaire: it should be an object with “pages”."))
    return survey


def _language(survey: Raw) -> str:
    given = plain(survey.get("locale"))
    return given if is_language(given) else "en"


def _pages(work: Work, survey: Raw) -> Iterator[Raw]:
    listed = survey.get("pages")
    raws = listed if isinstance(listed, list) else [{"elements": _listed(survey)}]
    made = 0
    for index, raw in enumerate(raws):
        where = f"pages[{index}]"
        page = _page(work, raw, where) if isinstance(raw, dict) and made < MAXIMUM_PAGES else None
        if page is None:
            work.skip(where, _("This page has nothing that can be shown here."))
            continue
        made += 1
        work.page += 1
        yield page


def _page(work: Work, raw: Raw, where: str) -> Raw | None:
    name = plain(raw.get("name"))
    is_random = raw.get("questionsOrder") == "random"
    shown = _shown_if(work, ((where, plain(raw.get("visibleIf"))),), set())
    key = free_key(name or f"page_{work.page + 1}", "page", work.pages)
    title = work.text(raw.get("title"), where, limit=HEADING, otherwise=key.replace("_", " ").capitalize())
    intro = work.text(raw.get("description"), where, limit=PROSE)
    questions = list(_questions(work, raw, where, is_random=is_random))
    if not questions:
        return None
    work.pages.add(key)
    work.left_out(raw, _PAGE, where)
    return {
        "key": key,
        "title": title,
        **({"intro": intro} if intro else {}),
        "minutes": max(0.5, len(questions) * 0.25),
        **({"randomise": "questions"} if is_random else {}),
        **({"show_if": shown} if shown else {}),
        "questions": questions,
    }


def _listed(raw: Raw) -> list[Any]:
    listed = raw.get("elements", raw.get("questions"))
    return listed if isinstance(listed, list) else []


def _questions(work: Work, raw: Raw, where: str, *, is_random: bool) -> Iterator[Raw]:
    own: set[str] = set()
    for number, element in enumerate(_elements(work, _listed(raw), where, ())):
        if number >= MAXIMUM_QUESTIONS:
            work.skip(element.where, _("A page holds at most 500 questions."))
            return
        question = _question(work, element, own if is_random else set())
        if question:
            own.add(plain(element.raw.get("name")))
            yield question


def _elements(
    work: Work, listed: list[Any], where: str, around: tuple[tuple[str, str], ...]
) -> Iterator[_Element]:
    """The questions of a page in their order, out of the panels they stand in."""
    for index, raw in enumerate(listed):
        place = f"{where}.elements[{index}]"
        if not isinstance(raw, dict):
            work.skip(place, _("This is no question."))
            continue
        conditions = (*around, (place, plain(raw.get("visibleIf"))))
        if raw.get("type") != "panel":
            yield _Element(raw, place, conditions)
        elif place.count(".") > MAXIMUM_DEPTH:
            work.skip(place, _("Panels are nested too deeply."))
        else:
            work.left_out(raw, _PANEL, place)
            if raw.get("title") or raw.get("description"):
                words = {"type": "html", "html": raw.get("title"), "description": raw.get("description")}
                yield _Element({**words, "name": f"{plain(raw.get('name'))}_title"}, place, conditions)
            yield from _elements(work, _listed(raw), place, conditions)


def _question(work: Work, element: _Element, hidden: set[str]) -> Raw | None:
    raw, where = element.raw, element.where
    kind = raw.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        message = _("A question of type “%(type)s” cannot be asked here.")
        work.skip(where, message % {"type": plain(kind)[:60]})
        return None
    if raw.get("visible") is False:
        work.skip(where, _("This question is never shown."))
        return None
    convert_type, understood = TYPES[kind]
    made = convert_type(work, raw, where)
    if made is None:
        return None
    work.left_out(raw, _QUESTION | understood, where)
    return _named(work, element, made, hidden)


def _named(work: Work, element: _Element, made: Raw, hidden: set[str]) -> Raw:
    """The question with its key, texts and condition, known from now on to those after it."""
    raw, where = element.raw, element.where
    name = plain(raw.get("name"))
    shown = _shown_if(work, element.conditions, hidden)
    said = raw.get("html") or raw.get("title")
    text = work.text(said, where, limit=PROSE) or work.text(name, where, limit=HEADING, otherwise="…")
    explained = work.text(raw.get("description"), where, limit=PROSE)
    question = {
        "key": work.question_key(name, where),
        "type": made.pop("type"),
        "text": text,
        **({"help": explained} if explained else {}),
        **({} if _is_required(raw, made) else {"required": False}),
        **made,
        **({"show_if": shown} if shown else {}),
    }
    if question["type"] == "information":
        question.pop("required", None)
    rows = row_keys(raw.get("rows"), made["items"]) if "items" in made else {}
    if name:
        work.known.setdefault(name, Known(question, work.page, rows))
    return question


def _is_required(raw: Raw, made: Raw) -> bool:
    return any(raw.get(name) is True for name in ("isRequired", "isAllRowRequired", "eachRowRequired"))


def _shown_if(work: Work, conditions: tuple[tuple[str, str], ...], hidden: set[str]) -> Condition | None:
    """All of the conditions that we understand; of questions in random order none knows the other."""
    known = {name: one for name, one in work.known.items() if name not in hidden}
    found = []
    for where, text in conditions:
        if not text.strip():
            continue
        try:
            found.append(condition(text, known))
        except NotUnderstood:
            message = _("Its condition “%(text)s” was not understood: it is shown to everybody.")
            work.skip(where, message % {"text": text[:200]})
    return {"all": found} if len(found) > 1 else found[0] if found else None
