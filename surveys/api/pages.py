"""Pages of a list by cursor: nothing is shown twice or left out while rows are added."""

from rest_framework.pagination import CursorPagination


class OldestFirst(CursorPagination):
    """By primary key, which never changes; `limit` sets how many rows a page has."""

    ordering = "id"
    page_size = 100
    page_size_query_param = "limit"
    max_page_size = 500
    page_size_query_description = "Rows of a page, 500 at most."
    cursor_query_description = "Where the page begins: take it from “next” and “previous”."


class NewestFirst(OldestFirst):
    ordering = "-id"


class LatestDayFirst(OldestFirst):
    """For rows that are made by counting per day."""

    ordering = "-day"
