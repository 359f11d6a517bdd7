"""Feedback on a training task: what the person said beside the answers that are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from annotations.models import Annotation
from annotations.rubric_documents import Fact, FactKind, Property, RubricDocument
from annotations.sheets import ONCE, side_name
from annotations.told import Reading


@dataclass(frozen=True)
class Compared:
    title: str
    about: str
    said: str
    known: str
    is_same: bool
    definition: str


def compare(reading: Reading, annotation: Annotation, gold: dict[str, Any]) -> list[Compared]:
    """One line for each answer that is known. A known answer is a value, or a list of one for each side."""
    scores = {values.side: values.scores for values in annotation.values.all()}
    shown = {side: key for key, side in reading.sides.items()} | {0: ONCE}
    return [
        _compared(asked, shown[side], scores[side][asked.position], given)
        for asked, side, given in known(reading.document, gold)
        if side in scores and side in shown
    ]


def known(document: RubricDocument, gold: dict[str, Any]) -> Iterator[tuple[Property | Fact, int, Any]]:
    """Each answer that is known: to what, of which side, and as it was given."""
    for slug, given in gold.items():
        if (asked := document.named(slug)) is not None:
            for side, one in _by_side(asked, given):
                if one is not None:
                    yield asked, side, one


def _by_side(asked: Property | Fact, given: Any) -> Iterator[tuple[int, Any]]:
    """Sides with what is known of them, by number of the source."""
    if isinstance(asked, Fact) or asked.of_pair:
        yield 0, given
    elif isinstance(given, dict):
        yield from ((int(side), known) for side, known in given.items() if str(side) in ("1", "2"))
    elif isinstance(given, list):
        yield from enumerate(given[:2], start=1)
    else:
        yield 1, given


def _compared(asked: Property | Fact, shown: str, said: int | None, given: Any) -> Compared:
    right = value_of(asked, given)
    return Compared(
        title=asked.title,
        about="" if shown == ONCE else side_name(shown),
        said=_label(asked, said),
        known=_label(asked, right),
        is_same=said == right,
        definition=asked.definition,
    )


def value_of(asked: Property | Fact, given: Any) -> int | None:
    """The score that a known answer stands for."""
    if isinstance(asked, Property):
        return asked.scale.read(given) if asked.scale else _number(given)
    return len(given) if isinstance(given, list) else _number(given)


def _number(given: Any) -> int | None:
    return int(given) if isinstance(given, int | float) else None


def _label(asked: Property | Fact, value: int | None) -> str:
    if value is None:
        return _("nothing")
    if isinstance(asked, Fact) and asked.kind == FactKind.YES_NO:
        return _("Yes") if value else _("No")
    level = asked.scale.level(value) if isinstance(asked, Property) and asked.scale else None
    return f"{value} · {level.label}" if level else str(value)
