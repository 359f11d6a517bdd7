"""From the text of a definition to a Definition, or to the list of all that is wrong with it. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from itertools import pairwise, product
from math import inf, prod
from pathlib import Path as FilePath
from typing import Any

from django.utils.translation import gettext as _

from surveys import census
from surveys.allocation import AllocationError, largest_remainder
from surveys.census import MOST_CELLS, CensusError, CensusTable, census_table, shipped
from surveys.coding.described import coded_as
from surveys.questionnaires import Problem, Question, Questionnaire, QuestionnaireError
from surveys.questionnaires.schema import Fault, faults
from surveys.questionnaires.source import Path, read_tree

from .definition import JOIN, Definition, Stratum, Table, Target

FORMAT = "prism-quotas/1"
HOLD_MINUTES = 60
# No one category follows from these, except from a text whose question names a coding scheme.
NO_STRATA = frozenset({"information", "text", "long_text", "sliders", "matrix", "ranking"})
POLICIES = ("outside", "refused")


class QuotaError(ValueError):
    """A text defines no quotas. `problems` holds every fault found, each with its line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


@cache
def quota_schema() -> dict[str, Any]:
    """The published schema; not to be changed by the caller."""
    text = (FilePath(__file__).parent / "schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def parse(text: str, questionnaire: Questionnaire | None = None) -> Definition:
    """The definition that a text in YAML or JSON holds; with a questionnaire, checked against its questions.

    Raises QuotaError.
    """
    try:
        tree = read_tree(text)
        tree.refuse(faults(tree.value, quota_schema()))
        tree.refuse(_population_faults(tree.value))
        tree.refuse(_sense_faults(tree.value))
        if questionnaire is not None:
            tree.refuse(_question_faults(tree.value, questionnaire))
    except QuestionnaireError as error:
        raise QuotaError(error.problems) from error
    return _definition(tree.value)


def _populations(raw: dict[str, Any]) -> dict[str, CensusTable]:
    """The census tables that the text may name: those it brings along and those that are shipped."""
    own = [census.read(given) for given in raw.get("populations", ())]
    return {key: census_table(key) for key in shipped()} | {table.key: table for table in own}


def _population_faults(raw: dict[str, Any]) -> Iterator[Fault]:
    for index, given in enumerate(raw.get("populations", ())):
        try:
            table = census.read(given)
        except CensusError as error:
            yield ("populations", index), str(error)
            continue
        if table.key in shipped():
            yield ("populations", index, "key"), _("A table of this name is shipped; choose another.")


def _definition(raw: dict[str, Any]) -> Definition:
    strata = {given["key"]: _stratum(given) for given in raw["strata"]}
    known = _populations(raw)
    tables = tuple(_table(given, known) for given in raw["tables"])
    return Definition(timedelta(minutes=raw.get("hold_minutes", HOLD_MINUTES)), strata, tables)


def _stratum(raw: dict[str, Any]) -> Stratum:
    groups: dict[str, list[Any]] = raw.get("categories", {})
    return Stratum(
        key=raw["key"],
        question=raw["question"],
        names=_names(raw),
        mapping={str(answer): name for name, answers in groups.items() for answer in answers},
        bands=tuple((name, *_ends(ends)) for name, ends in raw.get("bands", {}).items()),
        reads=raw.get("reads", "age"),
        several=raw.get("several", ""),
    )


def _names(stratum: dict[str, Any]) -> tuple[str, ...]:
    return tuple(stratum.get("categories") or stratum.get("bands") or ())


def _ends(ends: Sequence[int]) -> tuple[int, float]:
    return ends[0], ends[1] if len(ends) == 2 else inf


def _table(raw: dict[str, Any], known: Mapping[str, CensusTable]) -> Table:
    undisclosed = raw["undisclosed"]
    has_places = isinstance(undisclosed, dict)
    return Table(
        key=raw["key"],
        label=raw.get("label", raw["key"]),
        strata=tuple(raw["strata"]),
        targets=tuple(_from_census(raw, known[raw["census"]]) if "census" in raw else _typed(raw)),
        undisclosed="places" if has_places else undisclosed,
        places_undisclosed=undisclosed["places"] if has_places else 0,
        census=raw.get("census", ""),
        population=known.get(raw.get("census", "")),
        n=raw.get("n", 0),
        floor=raw.get("floor", 0),
    )


def _from_census(raw: dict[str, Any], table: CensusTable) -> Iterator[Target]:
    """The table's margin over the strata, given `n` places by largest remainder. In the census's order."""
    margin = table.margin(raw["strata"])
    places = largest_remainder(list(margin.values()), raw["n"], floor=raw.get("floor", 0))
    for (categories, count), number in zip(margin.items(), places, strict=True):
        yield Target(categories, number, count)


def _typed(raw: dict[str, Any]) -> Iterator[Target]:
    for given in raw["targets"]:
        yield Target(tuple(given["cell"]), given["places"])


def _sense_faults(raw: dict[str, Any]) -> Iterator[Fault]:
    yield from _repeated([part["key"] for part in raw["strata"]], ("strata",), "key")
    yield from _repeated([part["key"] for part in raw["tables"]], ("tables",), "key")
    for index, stratum in enumerate(raw["strata"]):
        yield from _stratum_faults(stratum, ("strata", index))
    strata, known = {part["key"]: part for part in raw["strata"]}, _populations(raw)
    for index, table in enumerate(raw["tables"]):
        yield from _table_faults(table, strata, known, ("tables", index))


def _repeated(values: Sequence[Any], path: Path, *rest: str) -> Iterator[Fault]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield (*path, index, *rest), _("“%(value)s” is given twice.") % {"value": value}


def _stratum_faults(raw: dict[str, Any], path: Path) -> Iterator[Fault]:
    if ("categories" in raw) == ("bands" in raw) or not _names(raw):
        yield path, _("should have either categories or bands.")
        return
    for name in _names(raw):
        if JOIN in name or not name.strip() or len(name) > 45:
            message = _("“%(name)s” is no name for a category: 1 to 45 characters, without “ / ”.")
            yield (*path, "categories" if "categories" in raw else "bands", name), message % {"name": name}
    yield from _band_faults(raw, path) if "bands" in raw else _category_faults(raw, path)


def _category_faults(raw: dict[str, Any], path: Path) -> Iterator[Fault]:
    owner: dict[str, str] = {}
    for name, answers in raw["categories"].items():
        inner = (*path, "categories", name)
        if not isinstance(answers, list):
            yield inner, _("should be a list of answers.")
            continue
        if not answers:
            message = _("No answer leads to “%(name)s”, so that its places could never be filled.")
            yield inner, message % {"name": name}
        for index, answer in enumerate(answers):
            if str(answer) in owner:
                message = _("“%(answer)s” already belongs to “%(name)s”. Strata have to exclude each other.")
                yield (*inner, index), message % {"answer": answer, "name": owner[str(answer)]}
            owner.setdefault(str(answer), name)
    if "several" in raw and raw["several"] not in raw["categories"]:
        yield (*path, "several"), _("is none of the categories.")
    if "reads" in raw:
        yield (*path, "reads"), _("belongs to bands.")


def _band_faults(raw: dict[str, Any], path: Path) -> Iterator[Fault]:
    inner = (*path, "bands")
    sound = {name: ends for name, ends in raw["bands"].items() if _is_band(ends)}
    for name in raw["bands"].keys() - sound.keys():
        yield (*inner, name), _("should be a list of the first and the last year; the last may be left out.")
    known = sorted((_ends(ends), name) for name, ends in sound.items())
    for (ends, one), (following, other) in pairwise(known):
        if following[0] <= ends[1]:
            message = _("overlaps with “%(name)s”. Strata have to exclude each other.")
            yield (*inner, other), message % {"name": one}
    if "several" in raw:
        yield (*path, "several"), _("belongs to categories.")


def _is_band(ends: Any) -> bool:
    is_years = isinstance(ends, list) and len(ends) in (1, 2) and all(type(year) is int for year in ends)
    return is_years and ends == sorted(ends)


def _table_faults(
    raw: dict[str, Any], strata: dict[str, Any], known: Mapping[str, CensusTable], path: Path
) -> Iterator[Fault]:
    yield from _policy_faults(raw["undisclosed"], (*path, "undisclosed"))
    yield from _repeated(raw["strata"], (*path, "strata"))
    unknown = [index for index, name in enumerate(raw["strata"]) if name not in strata]
    for index in unknown:
        message = _("There is no stratum “%(name)s”.")
        yield (*path, "strata", index), message % {"name": raw["strata"][index]}
    if unknown:
        return
    if prod(len(_names(strata[name])) for name in raw["strata"]) > MOST_CELLS:
        yield (*path, "strata"), _("A table has at most %(count)s cells.") % {"count": MOST_CELLS}
        return
    if ("census" in raw) == ("targets" in raw):
        yield path, _("should have either a census table or typed targets.")
    elif "census" in raw:
        yield from _census_faults(raw, strata, known, path)
    else:
        yield from _typed_faults(raw, strata, path)


def _policy_faults(policy: Any, path: Path) -> Iterator[Fault]:
    if isinstance(policy, dict):
        places = policy.get("places")
        if policy.keys() != {"places"} or type(places) is not int or not 0 <= places <= 1_000_000:
            yield path, _("A cell of their own is written “places: 10”, with a whole number.")
    elif policy not in POLICIES:
        yield path, _("should be outside, refused, or “places: 10”.")


def _census_faults(
    raw: dict[str, Any], strata: dict[str, Any], known: Mapping[str, CensusTable], path: Path
) -> Iterator[Fault]:
    table = known.get(raw["census"])
    if "n" not in raw:
        yield path, _("“n” is missing: how many people the places are for.")
        return
    if table is None:
        message = _("There is no census table “%(key)s”; known are %(known)s.")
        yield (*path, "census"), message % {"key": raw["census"], "known": ", ".join(sorted(known))}
        return
    try:
        margin = table.margin(raw["strata"])
        largest_remainder(list(margin.values()), raw["n"], floor=raw.get("floor", 0))
    except CensusError as error:
        yield (*path, "strata"), str(error)
        return
    except AllocationError:
        message = _("%(n)s places are too few for a floor of %(floor)s in each of %(cells)s cells.")
        yield (
            (*path, "floor"),
            message % {"n": raw["n"], "floor": raw.get("floor", 0), "cells": len(margin)},
        )
    for index, name in enumerate(raw["strata"]):
        yield from _frame_faults(name, strata[name], table, (*path, "strata", index))


def _frame_faults(name: str, stratum: dict[str, Any], table: CensusTable, path: Path) -> Iterator[Fault]:
    ours, theirs = _names(stratum), table.dimensions[name]
    missing, unknown = [x for x in theirs if x not in ours], [x for x in ours if x not in theirs]
    if missing or unknown:
        message = _("The stratum “%(name)s” has to have the categories of %(table)s: %(theirs)s.")
        yield path, message % {"name": name, "table": table.key, "theirs": ", ".join(theirs)}
    for band, ends in stratum.get("bands", {}).items():
        if band in theirs and table.bands.get(name, {}).get(band) != _ends(ends):
            message = _("“%(band)s” has other years in %(table)s.")
            yield path, message % {"band": band, "table": table.key}


def _typed_faults(raw: dict[str, Any], strata: dict[str, Any], path: Path) -> Iterator[Fault]:
    for field in ("n", "floor"):
        if field in raw:
            yield (*path, field), _("belongs to targets from a census table.")
    cells = [tuple(given["cell"]) for given in raw["targets"]]
    wanted = list(product(*(_names(strata[name]) for name in raw["strata"])))
    for index, cell in enumerate(cells):
        if cell not in wanted:
            message = _("There is no cell %(cell)s in the strata.")
            yield (*path, "targets", index, "cell"), message % {"cell": JOIN.join(cell)}
    repeated = {cell for cell, times in Counter(cells).items() if times > 1}
    for index, cell in enumerate(cells):
        if cell in repeated and cell in cells[:index]:
            yield (*path, "targets", index), _("%(cell)s is given twice.") % {"cell": JOIN.join(cell)}
    missing = [cell for cell in wanted if cell not in cells]
    if missing:
        message = _("No places are given for: %(cells)s. Write 0 where nobody is wanted.")
        named = ", ".join(JOIN.join(cell) for cell in missing[:5]) + (", …" if missing[5:] else "")
        yield (*path, "targets"), message % {"cells": named}


def _question_faults(raw: dict[str, Any], questionnaire: Questionnaire) -> Iterator[Fault]:
    questions = {question.key: question for question in questionnaire.questions()}
    for index, stratum in enumerate(raw["strata"]):
        path: Path = ("strata", index)
        question = questions.get(stratum["question"])
        if question is None:
            message = _("The questionnaire has no question “%(key)s”.")
            yield (*path, "question"), message % {"key": stratum["question"]}
        elif not gives_strata(question):
            message = _(
                "A question of type %(type)s gives no strata; texts have to be coded first (“coding”)."
            )
            yield (*path, "question"), message % {"type": question.type}
        elif question.type in NO_STRATA and "bands" in stratum:
            yield (*path, "bands"), _("Coded texts lead to categories, not to bands.")
        elif "categories" in stratum and answers_to(question):
            yield from _answer_faults(stratum, question, path)


def _answer_faults(stratum: dict[str, Any], question: Question, path: Path) -> Iterator[Fault]:
    for name, answers in stratum["categories"].items():
        for index, answer in enumerate(answers):
            if str(answer) not in answers_to(question):
                message = _("“%(answer)s” is not an answer to “%(key)s”.")
                inner = (*path, "categories", name, index)
                yield inner, message % {"answer": answer, "key": question.key}


def gives_strata(question: Question) -> bool:
    """Whether one category follows from an answer; from a text it does where it is coded."""
    return question.type not in NO_STRATA or bool(coded_as(question))


def answers_to(question: Question) -> tuple[str, ...]:
    """What may lead to a category: the choices, and what people's own words may be coded as."""
    return tuple(dict.fromkeys((*question.values, *coded_as(question))))


def unmapped(definition: Definition, questionnaire: Questionnaire) -> dict[str, list[str]]:
    """For each stratum the answers that lead to no category: what becomes of these people is the policy."""
    found = {}
    for stratum in definition.strata.values():
        values = answers_to(questionnaire.question(stratum.question))
        if stratum.mapping and values:
            found[stratum.key] = [value for value in values if value not in stratum.mapping]
    return found
