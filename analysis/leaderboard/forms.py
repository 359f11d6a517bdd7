"""The filters of the leaderboard as a form: only values that occur, each with its number of votes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from analysis.leaderboard import words
from analysis.leaderboard.choices import DAYS, EXCLUDABLE, FILTERS, INCLUDABLE, LEASTS, Choice
from analysis.models import Leaderboard
from conversations.models import Dataset
from conversations.models.imported import ALL, LIVE
from surveys.models import Study

MOST_MONTHS = 36
FOLDED = ("language", "topic", "turns", "ties")

Options = Sequence[tuple[str | int, str]]


@dataclass(frozen=True)
class Filter:
    name: str
    label: str
    options: Options
    value: str | int


def filters(board: Leaderboard, choice: Choice) -> dict[str, Any]:
    """The form's parts: what stands open, what is folded, and reasons to take votes in or leave them out."""
    found = [*_columns(board, choice), *_rules(board, choice)]
    folded = [one for one in found if one.name in FOLDED]
    return {
        "filters": [one for one in found if one.name not in FOLDED],
        "folded": folded,
        "is_unfolded": choice.including
        or choice.excluding
        or any(one.value != one.options[0][0] for one in folded),
        "includable": _reasons(INCLUDABLE, choice.including),
        "excludable": _reasons(EXCLUDABLE, choice.excluding),
    }


def _reasons(known: Sequence[str], chosen: Sequence[str]) -> list[dict[str, Any]]:
    return [{"reason": one, "label": words.REASONS[one], "checked": one in chosen} for one in known]


def _columns(board: Leaderboard, choice: Choice) -> Iterator[Filter]:
    """A column with one value alone gives no choice."""
    titles = dict(Study.objects.filter(slug__in=board.values.get("study", ())).values_list("slug", "title"))
    if set(board.values.get("source", ())) - {LIVE}:
        yield Filter("source", _("Votes from"), _sources(board), choice.source)
    for name in FILTERS:
        n, value = board.values.get(name, {}), getattr(choice, name)
        if len(n) > 1 or value:
            said = {one: titles.get(one) or words.value(name, one) for one in n}
            options = sorted(n, key=lambda one: (-n[one], one))
            yield Filter(name, str(words.COLUMNS[name]), _counted(n, said, options), value)


def _sources(board: Leaderboard) -> Options:
    """Votes of other arenas are there only for those who ask for them."""
    n = board.values["source"]
    titles = dict(Dataset.objects.filter(key__in=n).order_by("-pk").values_list("key", "title"))
    imported = sorted(one for one in n if one != LIVE)
    said = {one: titles.get(one) or one for one in imported}
    here = (f"{_('here')} ({number_format(n.get(LIVE, 0), force_grouping=True)})",)
    return [("", *here), *_counted(n, said, imported)[1:], (ALL, _("all together"))]


def _counted(n: Mapping[str, int], said: Mapping[str, str], values: Sequence[str]) -> Options:
    return [
        ("", _("all")),
        *((one, f"{said[one]} ({number_format(n[one], force_grouping=True)})") for one in values),
    ]


def _rules(board: Leaderboard, choice: Choice) -> Iterator[Filter]:
    yield Filter("period", _("Period"), _periods(board.values.get("month", {})), choice.period)
    leasts = [(least, number_format(least)) for least in LEASTS if least]
    yield Filter("least", _("Minimum of votes"), [*leasts, (0, _("none"))], choice.least)
    turns = [("first", _("first vote of each conversation")), ("all", _("all votes"))]
    yield Filter("turns", _("Votes"), turns, choice.turns)
    ties = [("davidson", _("a probability of their own (Davidson)")), ("half", _("half a win for both"))]
    yield Filter("ties", _("Ties count as"), ties, choice.ties)


def _periods(months: Mapping[str, int]) -> Options:
    newest = sorted(months, reverse=True)[:MOST_MONTHS]
    said = {one: date_format(date.fromisoformat(f"{one}-01"), "YEAR_MONTH_FORMAT") for one in newest}
    latest = [(days, _("last %(n)s days") % {"n": days}) for days in DAYS]
    whole, *each = _counted(months, said, newest)
    return [whole, *latest, *each]
