"""Pages of a list by cursor: nothing is shown twice or left out while rows are added."""

from typing import Any

from django.core.exceptions import ValidationError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView


class OldestFirst(CursorPagination):
    """By primary key, which never changes; `limit` sets how many rows a page has."""

    ordering = "id"
    page_size = 100
    page_size_query_param = "limit"
    max_page_size = 500
    page_size_query_description = "Rows of a page, 500 at most."
    cursor_query_description = "Where the page begins: take it from “next” and “previous”."

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """A cursor is a place in the list; one that was made up may be none."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError) as error:
            raise NotFound(self.invalid_cursor_message) from error


class NewestFirst(OldestFirst):
    ordering = "-id"


class LatestDayFirst(OldestFirst):
    """For rows that are made by counting per day."""

    ordering = "-day"
