"""Rows of `Values` in the binary format of PostgreSQL's COPY, which reads their arrays in less time so."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from struct import Struct

COLUMNS = ("annotation_id", "side", "scores", "statuses", "is_checkable", "taken_over")
BEGIN, END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
INT2 = 21  # the number of the type smallint
_START = Struct(">hiqih")  # how many columns; bytes and value of annotation and side
_NUMBER = Struct(">ih")  # bytes and value
_ARRAY = Struct(">iiiiii")  # bytes, dimensions, whether there may be nulls, type, elements, the first index


@cache
def number(value: int | None) -> bytes:
    """An element of an array."""
    return NULL if value is None else _NUMBER.pack(2, value)


def array(elements: Sequence[bytes]) -> bytes:
    found = b"".join(elements)
    return _ARRAY.pack(len(found) + 20, 1, 1, INT2, len(elements), 1) + found


def truth(value: bool | None) -> bytes:
    return NULL if value is None else b"\0\0\0\1\1" if value else b"\0\0\0\1\0"


def row(annotation: int, side: int, scores: bytes, statuses: bytes, is_checkable: bytes) -> bytes:
    """Nothing of it was taken over from a suggestion."""
    return _START.pack(len(COLUMNS), 8, annotation, 2, side) + scores + statuses + is_checkable + NULL
