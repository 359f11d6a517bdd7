"""Sortable columns: the order stands in the address, a click on a heading turns it round."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise


@dataclass(frozen=True)
class Column:
    key: str
    label: str | Promise
    query: str
    direction: str

    @property
    def aria_sort(self) -> str:
        return {"up": "ascending", "down": "descending"}.get(self.direction, "none")


def columns(request: HttpRequest, labels: Mapping[str, str | Promise], default: str) -> dict[str, Column]:
    """A heading for each key of `labels`; its query keeps the filters and starts at the first page."""
    current = request.GET.get("sort") or default
    return {key: _column(request, key, label, current) for key, label in labels.items()}


def _column(request: HttpRequest, key: str, label: str | Promise, current: str) -> Column:
    direction = {key: "up", f"-{key}": "down"}.get(current, "")
    query = request.GET.copy()
    for name in ("page", "after", "before"):
        query.pop(name, None)
    query["sort"] = f"-{key}" if direction == "up" else key
    return Column(key, label, query.urlencode(), direction)
