"""From a batch's annotations to pairs that can be fitted: rulings first, then what annotators said.

Where several annotated a task, each property is the mean of what they said; a ruling takes its place. What
nobody said is missing, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from django.db.models import Avg, Count, F
from django.utils.translation import gettext as _

from analysis.dissection.degrees import Floats
from analysis.dissection.pairs import NONE, Pairs
from analysis.dissection.properties import (
    LENGTH,
    PER_ITEM,
    PLACE,
    RATED,
    SEVERITIES,
    SLUGS,
    SPECIFIC,
    judge_named,
)
from analysis.dissection.record_values import VERDICTS, Pair
from analysis.dissection.records import Told, pairs_of
from annotations.models import Annotation, Batch, ItemAnswer, Ruling, Side, Values
from annotations.rubric_documents import Fact, RubricDocument

AT_ONCE = 2000
Origin = Annotation.Origin


class NotDissectable(Exception):
    """The batch gives nothing to fit; the text says why."""


class Whose(StrEnum):
    """Whose annotations count. `BEST` takes for each task people's, else a file's, else judges'."""

    BEST = "best"
    PERSON = Origin.PERSON
    IMPORT = Origin.IMPORT
    JUDGE = Origin.JUDGE


ORDER = {
    Whose.BEST: (Origin.PERSON, Origin.IMPORT, Origin.JUDGE),
    Whose.PERSON: (Origin.PERSON,),
    Whose.IMPORT: (Origin.IMPORT,),
    Whose.JUDGE: (Origin.JUDGE,),
}


@dataclass
class Row:
    """A task: what its query is, and what was said of it; sums over annotations beside how many they are."""

    key: str
    scenario: str
    stated: Mapping[str, object]
    verdicts: Mapping[str, int]
    sums: Floats
    seen: Floats
    facts: dict[str, list[bool]]
    checkable: tuple[list[bool], list[bool]]

    @property
    def values(self) -> Floats:
        """2 × 29."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(self.seen > 0, self.sums / self.seen, np.nan))

    def add(self, side: int, place: int, value: float) -> None:
        self.sums[side - 1, place] += value
        self.seen[side - 1, place] += 1

    def replace(self, side: int, place: int, value: float | None) -> None:
        self.sums[side - 1, place] = value or 0
        self.seen[side - 1, place] = value is not None

    def fact(self, slug: str) -> object:
        """What most annotators say, else what the file says of the query; None where nobody does."""
        said = self.facts.get(slug)
        return sum(said) * 2 >= len(said) if said else self.stated.get(slug)


def read_batch(batch: Batch, whose: Whose = Whose.BEST) -> tuple[Pairs, Told]:
    """Raises NotDissectable. Tasks that teach, and those whose texts were erased, are left out."""
    document = batch.rubric_version.parsed()
    places = places_of(document)
    rows = _rows(batch)
    chosen = _chosen(batch, rows, ORDER[whose])
    _read_values(batch, rows, chosen, document, places)
    _read_items(batch, rows, chosen, places)
    _read_rulings(batch, rows, document, places)
    _read_lengths(batch, rows)
    told = Told("signed", rows=len(rows))
    found: dict[str, Pair] = {}
    annotated = set(chosen.values())
    for task, row in rows.items():
        if task not in annotated:
            continue
        found[row.key] = _pair(row, document)
        told.flag(found[row.key].flags)
    if len(rows) > len(found):
        told.skipped["no annotation"] = len(rows) - len(found)
    if not found:
        raise NotDissectable(_("No pair of this batch is annotated yet by those whom you chose."))
    return pairs_of(found), told


def places_of(document: RubricDocument) -> dict[int, int]:
    """{position in the rubric: place among the 29}. Raises NotDissectable for a rubric that lacks one."""
    known = {found.slug: found.position for found in document.properties}
    if missing := [slug for slug in SLUGS if slug not in known]:
        raise NotDissectable(
            _("Its rubric does not ask for all 29 properties: “%s” is missing.") % "”, “".join(missing[:3])
        )
    return {known[slug]: place for slug, place in PLACE.items()}


def can_be_dissected(batch: Batch) -> bool:
    if batch.kind != Batch.Kind.PAIR:
        return False
    try:
        places_of(batch.rubric_version.parsed())
    except NotDissectable:
        return False
    return True


def _rows(batch: Batch) -> dict[int, Row]:
    tasks = batch.tasks.filter(erased_at=None, is_training=False).order_by("number")
    columns = tasks.values_list("pk", "key", "scenario_group", "facts", "preferences")
    empty = (2, len(SLUGS))
    return {
        pk: Row(key, group, facts, verdicts_of(said), np.zeros(empty), np.zeros(empty), {}, ([], []))
        for pk, key, group, facts, said in columns.iterator(chunk_size=AT_ONCE)
    }


def verdicts_of(preferences: Mapping[str, object]) -> dict[str, int]:
    """{judge: code of the verdict}; what is no verdict is none."""
    said = {judge_named(judge): str(word).strip().lower() for judge, word in preferences.items()}
    return {judge: VERDICTS.get(word, NONE) for judge, word in said.items()}


def _chosen(batch: Batch, rows: Mapping[int, Row], order: tuple[Origin, ...]) -> dict[int, int]:
    """{annotation: its task}: of each task those of the first origin that it has, newest revisions only."""
    best: dict[int, tuple[int, list[int]]] = {}
    found = Annotation.objects.current().filter(task__batch=batch, origin__in=order)
    for pk, task, origin in found.values_list("pk", "task", "origin").iterator(chunk_size=AT_ONCE):
        rank = order.index(Origin(origin))
        if task not in rows or best.get(task, (rank,))[0] < rank:
            continue
        if task not in best or best[task][0] > rank:
            best[task] = rank, []
        best[task][1].append(pk)
    return {pk: task for task, (_rank, keys) in best.items() for pk in keys}


def _read_values(
    batch: Batch,
    rows: Mapping[int, Row],
    chosen: Mapping[int, int],
    document: RubricDocument,
    places: Mapping[int, int],
) -> None:
    columns = ("annotation", "side", "scores", "is_checkable")
    found = Values.objects.filter(annotation__task__batch=batch).values_list(*columns)
    for annotation, side, scores, is_checkable in found.iterator(chunk_size=AT_ONCE):
        if annotation not in chosen:
            continue
        row = rows[chosen[annotation]]
        if side == 0:
            _take_facts(row, document, scores)
            continue
        if is_checkable is not None:
            row.checkable[side - 1].append(is_checkable)
        for position, place in places.items():
            if position < len(scores) and scores[position] is not None:
                row.add(side, place, scores[position])


def _take_facts(row: Row, document: RubricDocument, scores: list[int | None]) -> None:
    for fact in document.facts:
        score = scores[fact.position] if fact.position < len(scores) else None
        if score is not None:
            row.facts.setdefault(fact.slug, []).append(score > 0)


def _read_items(
    batch: Batch, rows: Mapping[int, Row], chosen: Mapping[int, int], places: Mapping[int, int]
) -> None:
    """An annotator who left one item of a list without an answer has said nothing of the whole."""
    answers = ItemAnswer.objects.filter(annotation__task__batch=batch, side__in=(1, 2)).order_by()
    means = answers.values_list("annotation", "side", "position").annotate(mean=Avg("score"))
    whole = means.annotate(said=Count("score"), asked=Count("pk")).filter(said=F("asked"))
    columns = ("annotation", "side", "position", "mean")
    for annotation, side, position, mean in whole.values_list(*columns).iterator(chunk_size=AT_ONCE):
        place = places.get(position)
        if annotation in chosen and place is not None and SLUGS[place] in PER_ITEM:
            rows[chosen[annotation]].add(side, place, mean)


def _read_rulings(
    batch: Batch, rows: Mapping[int, Row], document: RubricDocument, places: Mapping[int, int]
) -> None:
    fields = document.fields
    for ruling in Ruling.objects.filter(task__batch=batch, is_current=True).iterator(chunk_size=AT_ONCE):
        row = rows.get(ruling.task_id)
        if row is None or ruling.position >= len(fields):
            continue
        field = fields[ruling.position]
        if isinstance(field, Fact):
            row.facts[field.slug] = [bool(ruling.score or ruling.items)]
        elif ruling.side and ruling.position in places:
            row.replace(ruling.side, places[ruling.position], _ruled(ruling, field.slug))


def _ruled(ruling: Ruling, slug: str) -> float | None:
    """The score of a ruling, the mean of its items, or how many of its errors have the severity."""
    if ruling.score is not None:
        return ruling.score
    if slug in SEVERITIES:
        return sum(item.get("severity") == SEVERITIES[slug] for item in ruling.items)
    scores = [item.get("score") for item in ruling.items]
    if not scores or None in scores:
        return None
    return sum(scores) / len(scores)


def _read_lengths(batch: Batch, rows: Mapping[int, Row]) -> None:
    sides = Side.objects.filter(task__batch=batch).values_list("task", "number", "words")
    for task, side, words in sides.iterator(chunk_size=AT_ONCE):
        if task in rows:
            rows[task].replace(side, PLACE[LENGTH], words)


def _pair(row: Row, document: RubricDocument) -> Pair:
    values, asked = row.values, _asked(row, document)
    for slug, is_asked in asked.items():
        if not is_asked:
            values[:, PLACE[slug]] = np.nan
    judged = [*RATED, *(slug for slug, is_asked in asked.items() if is_asked)]
    is_checkable = all(sum(said) * 2 > len(said) for said in row.checkable if said)
    if is_checkable:
        judged += SEVERITIES
    return Pair(
        scenario=row.scenario,
        values=values,
        applicable=is_checkable,
        facts=asked,
        verdicts=dict(row.verdicts),
        weight=1.0,
        flags=[f"{slug}: no value" for slug in judged if np.isnan(values[:, PLACE[slug]]).any()],
    )


def _asked(row: Row, document: RubricDocument) -> dict[str, bool]:
    """Which of the query-specific properties the query asks for."""
    facts = {fact.slug: row.fact(fact.slug) for fact in document.facts}
    found = {slug: document.property(slug).condition for slug in SPECIFIC}
    return {slug: condition is None or condition.holds(facts) for slug, condition in found.items()}
