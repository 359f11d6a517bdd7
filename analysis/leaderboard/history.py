"""The kept days of the leaderboard, for its page and as a file."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.leaderboard import past
from analysis.leaderboard.choices import FEW_VOTES
from analysis.models import LeaderboardDay
from conversations.models import LanguageModel

MOST_DAYS = 60  # in the table of the page; the file has all
COLUMNS = ("day", "item", "score", "low", "high", "rank_low", "rank_high", "n", "component")
ORIGIN = ("rows", "rows_sha256", "seed", "code_version")


def page(asked: Sequence[str]) -> dict[str, Any]:
    """What the page shows of the models asked for; of the strongest ones where none is."""
    days = [(one.day, {row["item"]: row for row in one.scores}) for one in LeaderboardDay.objects.all()]
    newest = days[-1][1] if days else {}
    offered = sorted({name for _, scores in past.thinned(days) for name in scores})
    chosen = [name for name in asked if name in offered] or strongest(newest)
    shown = dict(list(names(chosen).items())[: past.MOST_LINES])
    return {
        "days": len(days),
        "chart": past.chart(days, shown),
        "models": [
            {"item": one, "name": name, "checked": one in shown} for one, name in names(offered).items()
        ],
        "heads": list(shown.values()),
        "lines": [(day, [scores.get(name) for name in shown]) for day, scores in reversed(days[-MOST_DAYS:])],
        "most": past.MOST_LINES,
    }


def strongest(scores: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Of the largest group, without those of too few votes unless there are no others."""
    first = next(iter(scores.values()), {"component": 0})
    group = [name for name, row in scores.items() if row["component"] == first["component"]]
    return [name for name in group if scores[name]["n"] >= FEW_VOTES] or group


def names(items: Sequence[str]) -> dict[str, str]:
    """What models are shown as, in the order asked for."""
    known = LanguageModel.objects.in_bulk(items, field_name="name")
    return {item: (known[item].short_name if item in known else "") or item for item in items}


def as_csv() -> Iterator[str]:
    """All days, oldest first; each row says what it was computed from."""
    yield _line([*COLUMNS, *ORIGIN])
    for one in LeaderboardDay.objects.select_related("leaderboard").iterator(chunk_size=50):
        board = one.leaderboard
        origin = [board.rows_total, board.rows_sha256, board.seed, board.code_version]
        for row in one.scores:
            yield _line([one.day.isoformat(), *(row[name] for name in COLUMNS[1:]), *origin])


def _line(fields: Sequence[object]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerow(fields)
    return buffer.getvalue()
