"""Logs that hold no stored values: PostgreSQL's errors quote the row that they are about.

A violated constraint says `DETAIL: Key (email)=(ada@example.org) already exists.`, or shows the whole failing
row; a value that cannot be read is quoted in the message itself, and the statement around it below.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator

import psycopg
from django.db import utils

DATABASE = (psycopg.Error, utils.Error)
VALUES = (psycopg.DataError, utils.DataError)
CONNECTION = (psycopg.OperationalError, utils.OperationalError)
# From there to the end of what was said, with the line end as it is or as repr() writes it.
_DETAIL = re.compile(r"(?:\n|\\n)[ \t]*(?:DETAIL|CONTEXT|LINE \d+|HINT):.*", re.DOTALL)
LEFT_OUT = " …"


class ForgetRows(logging.Filter):
    """Takes what PostgreSQL quotes of rows out of the errors that a record carries, and out of its message.

    The errors themselves are shortened, so that whatever formats them afterwards has nothing to tell.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        replacements = dict(_shorten(_errors(record)))
        message = record.getMessage()
        quiet = _DETAIL.sub(LEFT_OUT, _replace(message, replacements))
        if quiet != message:
            record.msg, record.args = quiet, ()
        if record.exc_text:  # another handler wrote it out before
            record.exc_text = _DETAIL.sub(LEFT_OUT, _replace(record.exc_text, replacements))
        return True


def _errors(record: logging.LogRecord) -> Iterator[BaseException]:
    """Every database error that the record leads to."""
    arguments = record.args.values() if isinstance(record.args, dict) else record.args or ()
    known: set[int] = set()
    found = [record.msg, *arguments, record.exc_info[1] if record.exc_info else None]
    waiting = [one for one in found if isinstance(one, BaseException)]
    while waiting:
        error = waiting.pop()
        if id(error) in known:
            continue
        known.add(id(error))
        inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
        waiting += [one for one in (error.__cause__, error.__context__, *inner) if one]
        if isinstance(error, DATABASE):
            yield error


def _shorten(errors: Iterable[BaseException]) -> Iterator[tuple[str, str]]:
    """Leave of each error what names no value; gives what it said and says now."""
    for error in errors:
        said, safe = str(error), _safe(error)
        if said != safe:
            error.args = (safe,)
            yield said, safe
            yield repr(said)[1:-1], repr(safe)[1:-1]


def _safe(error: BaseException) -> str:
    said = str(error)
    if isinstance(error, CONNECTION):  # says in several lines what the server is missing, and nothing of rows
        return _DETAIL.sub(LEFT_OUT, said)
    if isinstance(error, VALUES):
        said = said.partition('"')[0]
    return said.partition("\n")[0].rstrip(" :") + (LEFT_OUT if said != str(error) or "\n" in said else "")


def _replace(text: str, replacements: dict[str, str]) -> str:
    for said, safe in replacements.items():
        text = text.replace(said, safe)
    return text
