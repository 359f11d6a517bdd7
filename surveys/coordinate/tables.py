"""Tables whose order, filters and page stand in the address: sortable columns, and pages of rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise

M = TypeVar("M", bound=Model)
ROWS = 50
PLACES = ("page", "after", "before")


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
    sort = f"-{key}" if direction == "up" else key
    return Column(key, label, query(request, sort=sort), direction)


def query(request: HttpRequest, *without: str, **instead: str) -> str:
    """The address's filters, and never the place in the table; `without` drops some, `instead` sets some."""
    kept = request.GET.copy()
    for name in (*PLACES, *without):
        kept.pop(name, None)
    for name, value in instead.items():
        kept[name] = value
    return kept.urlencode()


def page_of(request: HttpRequest, rows: QuerySet[M]) -> Page[M]:
    """The rows of the page that the address asks for; templates/prism/pager.html leads to the others."""
    return Paginator(rows, ROWS).get_page(request.GET.get("page"))
