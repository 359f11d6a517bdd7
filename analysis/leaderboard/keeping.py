"""The life of the public leaderboard: rows in a file, a state for them, tables of it, history, erasure."""

import os
import platform
import tempfile
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from analysis.exports.manifest import code_version
from analysis.leaderboard import public_rows
from analysis.leaderboard.choices import Choice, choice_of
from analysis.models import Leaderboard, LeaderboardDay, LeaderboardTable
from analysis.subjects import reading
from conversations.models import Vote
from surveys.erasure import Enrolments

if TYPE_CHECKING:
    from analysis.leaderboard.frames import Frame

SEEDS = 2**31
REMEMBERED = ("item", "score", "low", "high", "rank_low", "rank_high", "n", "component")
AT_ONCE = 20_000  # votes at most of which a page makes a table itself; of more a worker does
MOST_TABLES = 2000  # of one state
LOST = timedelta(minutes=2)  # since a worker was asked


class Busy(Exception):
    """The table cannot be made now."""


def folder() -> Path:
    return Path(settings.EXPORT_DIR) / "leaderboard"


def rows_file(board: Leaderboard) -> Path:
    return folder() / f"{board.rows_sha256}.csv"


def newest() -> Leaderboard | None:
    return Leaderboard.objects.first()


def recompute() -> Leaderboard | None:
    """Write the public rows as they are now; a new state if they or the code changed.

    None without an arena, and where somebody was erased meanwhile.
    """
    studies = public_rows.arenas()
    if not studies:
        return None
    reading.read(studies)
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".unfinished-", dir=folder())
    os.close(handle)
    unfinished = Path(name)
    try:
        written = public_rows.write(studies, unfinished)
        path = folder() / f"{written.sha256}.csv"
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    board = _state(written, path)
    if not written.is_still_allowed(studies):
        # Somebody was erased meanwhile, before this file stood in its place; the next one is without them.
        path.unlink(missing_ok=True)
        return None
    _remember(board, table(board, Choice()))
    _tidy(board)
    return board


def software() -> dict[str, str]:
    """Versions of what the numbers are computed with."""
    import numpy  # here, because a page that only shows a table needs none

    return {"Python": platform.python_version(), "numpy": numpy.__version__}


def _state(written: public_rows.Written, path: Path) -> Leaderboard:
    """The newest state if it is of these rows and this code, else a new one. Its seed follows from them."""
    board, version, programs = newest(), code_version(), software()
    stands = board and (board.rows_sha256, board.code_version, board.software)
    if board and stands == (written.sha256, version, programs):
        return board
    return Leaderboard.objects.create(
        rows_total=written.rows,
        rows_sha256=written.sha256,
        code_version=version,
        software=programs,
        values=_frame(str(path), path.stat().st_mtime_ns).values(),
        seed=int(written.sha256[:8], 16) % SEEDS,
    )


def _remember(board: Leaderboard, made: LeaderboardTable) -> None:
    """The scores of a day are those of its last state."""
    rows = made.document["rows"] if made.document else []
    scores = [{name: row[name] for name in REMEMBERED} for row in rows]
    if scores:
        LeaderboardDay.objects.update_or_create(
            day=board.made_at.date(), defaults={"leaderboard": board, "scores": scores}
        )


def _tidy(board: Leaderboard) -> None:
    """Of older states the last of each day stays, with its scores; their rows and tables are gone."""
    LeaderboardTable.objects.exclude(leaderboard=board).delete()
    Leaderboard.objects.exclude(Q(pk=board.pk) | Q(days__isnull=False)).delete()
    for path in folder().glob("*.csv"):
        if path != rows_file(board):
            path.unlink(missing_ok=True)


def known(board: Leaderboard, choice: Choice) -> dict[str, Any] | None:
    """What is known of a choice without any work: its table, or nothing where no vote can be left."""
    if not choice.is_possible(board.values):
        left_out = {"filtered": board.rows_total}
        none: dict[str, Any] = {"votes": 0, "all_votes": board.rows_total, "left_out": left_out, "rows": []}
        return none | {"ties": choice.ties}
    made = board.tables.filter(choice=choice.numbers.query).first()
    return made.document if made else None


def is_waited_for(board: Leaderboard, choice: Choice) -> bool:
    """Whether somebody asked for it already: to look again costs nothing."""
    return board.tables.filter(choice=choice.numbers.query).exists()


def wanted(board: Leaderboard, choice: Choice) -> LeaderboardTable:
    """The table of a choice that nobody asked for yet; without document where a worker is to make it.

    Raises Busy while its rows are made anew, and where too many were asked for.
    """
    query = choice.numbers.query
    found = board.tables.filter(choice=query).first()
    if found is None and board.tables.count() >= MOST_TABLES:
        raise Busy
    if board.rows_total > AT_ONCE:
        return found or board.tables.get_or_create(choice=query)[0]
    try:
        return table(board, choice)
    except OSError as error:
        raise Busy from error


def claim(waiting: LeaderboardTable) -> bool:
    """Whether a worker is to be asked for it by us: once, and again when nothing came of it."""
    now = timezone.now()
    unasked = LeaderboardTable.objects.filter(Q(asked_at=None) | Q(asked_at__lt=now - LOST))
    return bool(unasked.filter(pk=waiting.pk, document__isnull=True).update(asked_at=now))


def make(pk: int) -> None:
    """For a worker: the table that is waited for. Where its rows are gone, so is its state, or soon."""
    waiting = (
        LeaderboardTable.objects.select_related("leaderboard").filter(pk=pk, document__isnull=True).first()
    )
    if waiting is not None:
        table(waiting.leaderboard, choice_of(waiting.choice))


def table(board: Leaderboard, choice: Choice) -> LeaderboardTable:
    """The table of a choice, made now if there is none. Raises OSError while its rows are made anew."""
    query = choice.numbers.query
    known = board.tables.filter(choice=query, document__isnull=False).first()
    if known:
        return known
    from analysis.leaderboard.documents import document  # brings numpy, which a page that shows it needs not

    made = document(frame(board), choice, board.seed)
    given = {"document": made, "made_at": timezone.now()}
    return board.tables.update_or_create(choice=query, defaults=given)[0]


def frame(board: Leaderboard) -> "Frame":
    return _frame(str(rows_file(board)), rows_file(board).stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _frame(path: str, _written: int) -> "Frame":
    from analysis.leaderboard.frames import read

    return read(Path(path))


def forget(enrolments: Enrolments) -> int:
    """Delete the file with the votes of these people, and have it made anew without them."""
    held = Vote.objects.filter(
        turn__conversation__enrolment__in=enrolments, turn__conversation__study__in=public_rows.arenas()
    )
    board = newest()
    if board is None or not held.exists():
        return 0
    path = rows_file(board)
    transaction.on_commit(lambda: path.unlink(missing_ok=True), robust=True)
    return 1
