"""A reader asks for a table: kept ones are free, new ones are counted, large ones are made by a worker."""

from typing import Any

from django.db import transaction

from analysis import tasks
from analysis.leaderboard import keeping
from analysis.leaderboard.choices import Choice
from analysis.leaderboard.keeping import Busy
from analysis.models import Leaderboard
from prism.lib.ratelimit import allow

MOST, SECONDS = 60, 60  # tables that one address may have made anew, within so many seconds


class Waiting(Exception):
    """A worker makes the table; ask again in some seconds."""


def document(board: Leaderboard, choice: Choice, address: str) -> dict[str, Any]:
    """The document of a choice. Raises Busy where it cannot be made now, Waiting while it is being made."""
    known = keeping.known(board, choice)
    if known is not None:
        return known
    if not keeping.is_waited_for(board, choice) and not allow(f"leaderboard tables:{address}", MOST, SECONDS):
        raise Busy
    table = keeping.wanted(board, choice)
    if table.document is not None:
        found: dict[str, Any] = table.document
        return found
    if keeping.claim(table):
        transaction.on_commit(lambda: tasks.make_leaderboard_table.delay(table.pk), robust=True)
    raise Waiting
