"""The life of the public leaderboard: rows in a file, a state for them, tables made of it, erasure."""

import os
import tempfile
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import transaction

from analysis.exports.manifest import code_version
from analysis.leaderboard import public_rows
from analysis.leaderboard.choices import Choice
from analysis.leaderboard.documents import document
from analysis.leaderboard.frames import Frame, read
from analysis.models import Leaderboard, LeaderboardTable
from conversations.arena.visiting import arena
from conversations.models import Vote
from surveys.erasure import Enrolments

SEEDS = 2**31


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
    study = arena()
    if study is None:
        return None
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".unfinished-", dir=folder())
    os.close(handle)
    unfinished = Path(name)
    try:
        written = public_rows.write(study, unfinished)
        board = _state(written)
        unfinished.replace(rows_file(board))
    finally:
        unfinished.unlink(missing_ok=True)
    if not written.is_still_allowed(study):
        # Somebody was erased meanwhile, before this file stood in its place; the next one is without them.
        rows_file(board).unlink(missing_ok=True)
        return None
    table(board, Choice())
    _tidy(board)
    return board


def _state(written: public_rows.Written) -> Leaderboard:
    """The newest state if it is of these rows and this code, else a new one. Its seed follows from them."""
    board, version = newest(), code_version()
    if board and (board.rows_sha256, board.code_version) == (written.sha256, version):
        return board
    return Leaderboard.objects.create(
        rows_total=written.rows,
        rows_sha256=written.sha256,
        code_version=version,
        seed=int(written.sha256[:8], 16) % SEEDS,
    )


def _tidy(board: Leaderboard) -> None:
    """Of older states only the table by default is kept, as history; their rows are gone."""
    LeaderboardTable.objects.exclude(leaderboard=board).exclude(choice="").delete()
    for path in folder().glob("*.csv"):
        if path != rows_file(board):
            path.unlink(missing_ok=True)


def table(board: Leaderboard, choice: Choice) -> LeaderboardTable:
    """The table of a choice, made when it is first asked for. Raises OSError while its rows are made anew."""
    known = board.tables.filter(choice=choice.query).first()
    if known:
        return known
    made = document(frame(board), choice, board.seed)
    return LeaderboardTable.objects.get_or_create(
        leaderboard=board, choice=choice.query, defaults={"document": made}
    )[0]


def frame(board: Leaderboard) -> Frame:
    return _frame(str(rows_file(board)), rows_file(board).stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _frame(path: str, _written: int) -> Frame:
    return read(Path(path))


def forget(enrolments: Enrolments) -> int:
    """Delete the file with the votes of these people, and have it made anew without them."""
    study = arena()
    held = Vote.objects.filter(turn__conversation__enrolment__in=enrolments, turn__conversation__study=study)
    board = newest()
    if study is None or board is None or not held.exists():
        return 0
    path = rows_file(board)
    transaction.on_commit(lambda: path.unlink(missing_ok=True), robust=True)
    return 1
