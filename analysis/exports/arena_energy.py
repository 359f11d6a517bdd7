"""The columns of energy of an export of the arena: ranges, and their middle under compar:IA's names."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from conversations import energy
from conversations.arena import spending
from conversations.energy import Estimate

if TYPE_CHECKING:
    from analysis.exports.arena_rows import Talk
    from conversations.models import Response

SIDES = ("a", "b")
FIGURES = ("wh_low", "wh_high", "co2e_g_low", "co2e_g_high")
NOTE = (
    f"Energy is estimated by EcoLogits {version('ecologits')}, as a range: *_wh_* watt-hours and *_co2e_g_* "
    "grams of CO2 equivalents, from a server that writes "
    f"{energy.ANSWERS_AT_ONCE[0]} answers at once to one that writes {energy.ANSWERS_AT_ONCE[1]}, with "
    f"{energy.OVERHEAD[0]} to {energy.OVERHEAD[1]} times its own power. *_kwh and conso_* are the middle. Of "
    "imported rows they are what the dataset says, without a range."
)
NULL = "the size of the model or the tokens of an answer are not known; it never means none"


def columns(prefix: str) -> list[str]:
    """The names of the figures of both sides, for example total_conv_a_wh_low."""
    return [f"{prefix}{side}_{figure}" for side in SIDES for figure in FIGURES]


def of_talk(talk: Talk) -> dict[str, Any]:
    """Of all answers of a conversation; what a dataset says of an imported one stands as it is."""
    row: dict[str, Any] = {}
    for side in SIDES:
        told = talk.facts(f"kwh_{side}")[f"kwh_{side}"]
        estimate = None if talk.imported else _of(talk.answers(side))
        row |= {f"total_conv_{side}_kwh": _kwh(estimate) if estimate else told}
        row |= _figures(f"total_conv_{side}_", estimate)
    return row


def of_turn(talk: Talk, answers: dict[str, Response | None]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for side, answer in answers.items():
        row |= _figures(f"energy_{side}_", None if talk.imported else _of([answer]))
    return row


def measured(talk: Talk, answers: dict[str, Response | None]) -> dict[str, Any]:
    """Under the names of the dataset of turns, in kilowatt-hours."""
    if talk.imported:
        return {}
    one = {f"conso_{side}": _kwh(_of([answer])) for side, answer in answers.items()}
    return one | {f"total_conso_{side}": _kwh(_of(talk.answers(side))) for side in answers}


def _of(answers: list[Response | None]) -> Estimate | None:
    return energy.together(spending.of_answer(answer) if answer else None for answer in answers)


def _kwh(estimate: Estimate | None) -> float | None:
    return estimate.wh.middle / 1000 if estimate else None


def _figures(prefix: str, estimate: Estimate | None) -> dict[str, float | None]:
    if estimate is None:
        return {f"{prefix}{figure}": None for figure in FIGURES}
    wh, grams = estimate.wh, estimate.grams
    return dict(
        zip(
            (f"{prefix}{figure}" for figure in FIGURES), (wh.low, wh.high, grams.low, grams.high), strict=True
        )
    )
