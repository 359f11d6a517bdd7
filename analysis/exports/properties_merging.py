"""One record of a task that several annotated, or that was ruled on.

People's annotations count before those of files and of judges. Ratings are the lower median of those that
were given; facts, lists and errors cannot be averaged and are those of the first annotation. What was ruled
stands in place of either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median_low
from typing import Any

from annotations.models import Annotation, Ruling
from annotations.records import SEPARATOR, SIDES
from annotations.rubric_documents import Fact, FactKind, Kind, Property, RubricDocument

Row = dict[str, Any]
Origin = Annotation.Origin


def counting(origins: Sequence[str]) -> list[int]:
    """The places of the annotations that count for the record: all people's, else the first of the others."""
    people = [place for place, origin in enumerate(origins) if origin == Origin.PERSON]
    return people or [next((p for p, origin in enumerate(origins) if origin == Origin.IMPORT), 0)]


def merged(records: Sequence[Row]) -> Row:
    """The first one with the medians of all; it is changed."""
    first = records[0]
    for part in (f"{kind}_response_{side}" for kind in ("basic", "query-specific") for side in SIDES):
        for name, value in first[part].items():
            if not isinstance(value, list):
                given = [row[part][name] for row in records if row[part][name] is not None]
                first[part][name] = median_low(given) if given else None
    return first


def rule(row: Row, rulings: Iterable[Ruling], used: RubricDocument, published: RubricDocument) -> list[str]:
    """Put what was ruled into the record; the slugs of what that is."""
    known = {found.slug: found for found in published.fields}
    ruled = []
    for ruling in rulings:
        slug = used.fields[ruling.position].slug
        if slug in known:
            _put(row, ruling, known[slug], published)
            ruled.append(slug)
    return list(dict.fromkeys(ruled))


def _put(row: Row, ruling: Ruling, found: Property | Fact, published: RubricDocument) -> None:
    if isinstance(found, Fact):
        row[found.key] = _fact(ruling, found)
    elif found.kind == Kind.ERRORS:
        _put_errors(row[f"errors_response_{ruling.side}"], ruling, found, published)
    elif found.condition:
        row[f"query-specific_response_{ruling.side}"][found.key] = _specific(ruling, found)
    elif found.is_scored:
        row[f"basic_response_{ruling.side}"][found.key] = ruling.score


def _fact(ruling: Ruling, found: Fact) -> Any:
    if found.kind == FactKind.LIST:
        return [item["text"] for item in ruling.items]
    return None if ruling.score is None else ("Yes" if ruling.score else "No")


def _specific(ruling: Ruling, found: Property) -> Any:
    if not found.is_per_item:
        return ruling.score
    return [f"{item.get('text', '')}{SEPARATOR}{_answer(item, found)}" for item in ruling.items]


def _answer(item: Row, found: Property) -> Any:
    level = found.scale.level(item["score"]) if found.scale and item.get("score") is not None else None
    if level is None:
        return item.get("label", "")
    return level.value if found.kind == Kind.ITEM_SCALE else level.label


def _put_errors(errors: Row, ruling: Ruling, found: Property, published: RubricDocument) -> None:
    """Those of the ruled severity give way to the ruling's."""
    labels = {kind.slug: kind.label for kind in published.errors.types} if published.errors else {}
    kept = [error for error in errors["errors"] if error["severity"] != found.severity]
    ruled = [
        {
            "brief description": item.get("description", ""),
            "severity": found.severity,
            "type": labels.get(item.get("type", ""), item.get("type", "")),
        }
        for item in ruling.items
    ]
    errors |= {"applicable or not": "applicable", "errors": [*kept, *ruled]}
