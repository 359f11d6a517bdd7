"""Tasks in a file: a shape of our own, and the published record of annotated pairs, by the same names.

Own columns: query, response (a single one) or response_1 and response_2, and, where there are any, key,
language, tags, model, model_1, model_2, context, gold, training, priority, reference, scenario,
scenario_group, preferences, and the facts of the rubric. A response is a text or {content, model, num_words}.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from annotations.batches.rows import LONGEST_KEY, SideRow, TaskRow
from annotations.batches.tables import Raw, read
from annotations.models import Batch, Task
from annotations.record_shapes import UNANNOTATED, unannotated
from annotations.rubric_documents import Fact, FactKind, Property, RubricDocument

MOST_TASKS = 100_000
LONGEST_TEXT = 100_000
MOST_FAULTS = 20
SIDES = {Batch.Kind.PAIR: ("1", "2"), Batch.Kind.SINGLE: ("",)}
NAMES: dict[str, tuple[str, ...]] = {
    "query": ("query", "prompt"),
    "key": ("key", "id"),
    "response": ("response", "response_1"),
    "response1": ("response_1", "response_a"),
    "response2": ("response_2", "response_b"),
    "model": ("model", "model_1"),
    "model1": ("model_1", "model_a"),
    "model2": ("model_2", "model_b"),
    "language": ("language",),
    "tags": ("tags",),
    "context": ("context",),
    "gold": ("gold",),
    "training": ("training",),
    "priority": ("priority",),
    "reference": ("reference", "gpt-4-turbo_reference", "gpt4_ref_output"),
    "scenario": ("scenario", "scenario_auto-j"),
    "scenario_group": ("scenario_group", "group"),
    "preferences": ("preferences", "preference_labels"),
}
KNOWN = {name for names in NAMES.values() for name in names} | UNANNOTATED
PREFERENCES = ("response_1", "response_2", "tie", "inconsistent")
COUNTER = "file"  # of words: whatever the makers of the file used
ROLES = ("user", "assistant", "system")


class Fault(ValueError):
    """A row is no task; the text says why."""


@dataclass
class Looked:
    """What is in a file: how many tasks, what is wrong with which line, and the columns that mean nothing."""

    tasks: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)
    faulty: int = 0
    unread: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)

    def refuse(self, line: int, reason: str) -> None:
        self.faulty += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append((line, reason))


def look_through(path: Path, document: RubricDocument, kind: str) -> Looked:
    """Read all of it without keeping a row. Raises UnusableFile."""
    looked, keys = Looked(), Counter[str]()
    for line, raw in read(path):
        try:
            row = _task(line, raw, document, kind)
            if len(row.key) > LONGEST_KEY or keys[row.key]:
                _refuse_key(row.key)
        except Fault as fault:
            looked.refuse(line, str(fault))
            continue
        keys[row.key] += 1
        looked.tasks += 1
        looked.models |= {side.model_name for side in row.sides if side.model_name}
        if isinstance(raw, dict):
            looked.unread |= {str(name) for name in raw if name not in KNOWN and not document.named(name)}
        if looked.tasks > MOST_TASKS:
            looked.refuse(
                line, _("more than %(most)s tasks; make several batches") % {"most": f"{MOST_TASKS:,}"}
            )
            break
    return looked


def task_rows(path: Path, document: RubricDocument, kind: str) -> Iterator[TaskRow]:
    """The tasks of a file that was looked through. Raises UnusableFile, and Fault if it was not."""
    for line, raw in read(path):
        yield _task(line, raw, document, kind)


def _refuse_key(key: str) -> None:
    if len(key) > LONGEST_KEY:
        raise Fault(_("the key is longer than %(most)d characters") % {"most": LONGEST_KEY})
    raise Fault(_("the key “%s” stands in an earlier line already") % key)


def _task(line: int, raw: Raw | str, document: RubricDocument, kind: str) -> TaskRow:
    if isinstance(raw, str):
        raise Fault(raw)
    raw = unannotated(raw)
    scenario, group = _short(raw, "scenario", 80), _short(raw, "scenario_group", 40)
    return TaskRow(
        key=_text(_given(raw, "key"), "key") or str(line),
        query=_needed(raw, "query"),
        sides=tuple(_side(raw, place) for place in SIDES[Batch.Kind(kind)]),
        context=_context(_given(raw, "context")),
        language=_short(raw, "language", 35),
        tags=_words(_given(raw, "tags"), "tags"),
        scenario=scenario,
        scenario_group=group,
        scenario_source=Task.ScenarioSource.IMPORT if scenario or group else "",
        priority=_number(_given(raw, "priority")),
        gold=_gold(_given(raw, "gold"), document, kind),
        is_training=str(_given(raw, "training") or "").lower() in ("true", "yes", "1"),
        facts=_facts(raw, document),
        preferences=_preferences(_given(raw, "preferences")),
        reference=_text(_given(raw, "reference"), "reference"),
    )


def _given(raw: Raw, name: str) -> Any:
    return next((raw[column] for column in NAMES[name] if raw.get(column) is not None), None)


def _needed(raw: Raw, name: str) -> str:
    text = _text(_given(raw, name), NAMES[name][0])
    if not text.strip():
        raise Fault(_("there is no “%s”") % NAMES[name][0])
    return text


def _short(raw: Raw, name: str, most: int) -> str:
    text = _text(_given(raw, name), name)
    if len(text) > most:
        raise Fault(_("“%(name)s” is longer than %(most)d characters") % {"name": name, "most": most})
    return text


def _text(value: Any, name: str) -> str:
    """A text as the database stores it; a number as it is written."""
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise Fault(_("“%s” is no text") % name)
    if len(value) > LONGEST_TEXT:
        raise Fault(
            _("“%(name)s” is longer than %(most)s characters") % {"name": name, "most": f"{LONGEST_TEXT:,}"}
        )
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def _number(value: Any) -> float:
    try:
        number = float(value or 0)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise Fault(_("the priority is no number"))
    return number


def _words(value: Any, name: str) -> tuple[str, ...]:
    """A list of words, or words with semicolons between them."""
    given = value.split(";") if isinstance(value, str) else value or []
    if not isinstance(given, list):
        raise Fault(_("“%s” is no list") % name)
    words = (_text(word, name).strip().lower() for word in given)
    return tuple(dict.fromkeys(word[:60] for word in words if word))


def _side(raw: Raw, place: str) -> SideRow:
    name = f"response{place}"
    given = _given(raw, name)
    if isinstance(given, dict):
        return _whole_side(given, NAMES[name][0])
    return SideRow(_needed(raw, name), model_name=_short(raw, f"model{place}", 200))


def _whole_side(given: Mapping[str, Any], name: str) -> SideRow:
    text, counted = _text(given.get("content"), name), given.get("num_words")
    if not text.strip():
        raise Fault(_("there is no “%s”") % name)
    is_counted = isinstance(counted, int) and not isinstance(counted, bool) and 0 <= counted < 2**31
    return SideRow(
        text,
        words=int(counted or 0) if is_counted else None,
        counter=COUNTER if is_counted else "",
        model_name=_text(given.get("model"), "model")[:200],
    )


def _context(given: Any) -> tuple[dict[str, str], ...]:
    """Earlier turns as [{role, text}]; `content` is read as `text`."""
    if given is None:
        return ()
    is_list = isinstance(given, list) and all(isinstance(said, dict) for said in given)
    if not is_list or any(said.get("role") not in ROLES for said in given):
        raise Fault(_("“context” is no list of objects with role (user or assistant) and text"))
    return tuple(
        {"role": said["role"], "text": _text(said.get("text", said.get("content")), "context")}
        for said in given
    )


def _facts(raw: Raw, document: RubricDocument) -> dict[str, Any]:
    """What the row says of the facts that the rubric asks; null says nothing."""
    named = ((document.named(str(name)), value) for name, value in raw.items() if name not in KNOWN)
    return {
        fact.slug: _fact(fact, value) for fact, value in named if isinstance(fact, Fact) and value is not None
    }


def _fact(fact: Fact, value: Any) -> bool | list[str]:
    if fact.kind == FactKind.LIST:
        if not isinstance(value, list):
            raise Fault(_("“%s” is no list") % fact.key)
        return [_text(item, fact.key) for item in value]
    said = {"yes": True, "no": False, "true": True, "false": False}.get(str(value).strip().lower())
    if said is None:
        raise Fault(_("“%s” is neither yes nor no") % fact.key)
    return said


def _preferences(given: Any) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise Fault(_("“preferences” is no object of judges and what each prefers"))
    said = {str(judge)[:120]: value for judge, value in given.items() if value is not None}
    if wrong := next((judge for judge, value in said.items() if value not in PREFERENCES), None):
        words = {"judge": wrong, "values": ", ".join(PREFERENCES)}
        raise Fault(_("the preference of “%(judge)s” is none of %(values)s") % words)
    return said


def _gold(given: Any, document: RubricDocument, kind: str) -> dict[str, Any] | None:
    """Known answers by slug: of a pair [value of side 1, value of side 2], null where nothing is known."""
    if given is None:
        return None
    if not isinstance(given, dict):
        raise Fault(_("“gold” is no object of properties and their known answers"))
    said = ((str(name), value) for name, value in given.items() if value is not None)
    return dict(_known(name, value, document, kind) for name, value in said) or None


def _known(name: str, value: Any, document: RubricDocument, kind: str) -> tuple[str, Any]:
    asked = document.named(name)
    if isinstance(asked, Fact):
        return asked.slug, _fact(asked, value)
    if not isinstance(asked, Property) or asked.scale is None or asked.is_per_item:
        raise Fault(_("gold: the rubric asks no “%s” that has one value") % name)
    if kind != Batch.Kind.PAIR or asked.of_pair:
        return asked.slug, _level(asked, value)
    if not isinstance(value, list) or len(value) != 2:
        raise Fault(_("gold: “%s” of a pair takes a list of two values, one for each response") % name)
    return asked.slug, [None if one is None else _level(asked, one) for one in value]


def _level(asked: Property, value: Any) -> int:
    level = asked.scale.read(value) if asked.scale else None
    if level is None:
        raise Fault(
            _("gold: %(value)s is no value of “%(name)s”") % {"value": repr(value)[:40], "name": asked.slug}
        )
    return level
