"""Invented records in the published schema, with every key in its published form."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from annotations.records import SIDES
from annotations.rubric_documents import parse
from annotations.rubrics import shipped

RUBRIC = parse(shipped("preference_dissection"))
RATED = [found.key for found in RUBRIC.properties if found.is_scored and found.condition is None]
CONSTRAINT = "at most | 100 words"
STANCE, MISTAKE = "cats are best", "the sun | goes round | the earth"


def record(**changed: Any) -> dict[str, Any]:
    """One in which everything is asked, and whose items hold the separator."""
    made: dict[str, Any] = {
        "query": 'Tabs\there,\nlines and "quotes" \\ – ü 🙂',
        "scenario_auto-j": "functional_writing",
        "scenario_group": "Functional Writing",
        **{f"response_{side}": _response(side) for side in SIDES},
        "gpt-4-turbo_reference": "A reference.",
        "clear intent": "No",
        "explicitly express feelings": "Yes",
        "explicit constraints": [CONSTRAINT, "no lists"],
        "explicit subjective stances": [STANCE],
        "explicit mistakes or biases": [MISTAKE],
        "preference_labels": {"human": "response_1", "gpt-4-1106-preview": "response_2", "x": "tie"},
        **{f"basic_response_{side}": {k: (n + side) % 4 for n, k in enumerate(RATED)} for side in SIDES},
        **{f"errors_response_{side}": _errors(side) for side in SIDES},
        **{f"query-specific_response_{side}": _specific(side) for side in SIDES},
    }
    return made | changed


def _response(side: int) -> dict[str, Any]:
    return {"content": f"Answer {side}.\\n", "model": f"model-{side}", "num_words": 30 * side}


def _errors(side: int) -> dict[str, Any]:
    kinds = [("severe", "factual error"), ("minor", "math operation error"), ("minor", "other")]
    errors = [
        {"brief description": f"it says {side}", "severity": s, "type": t} for s, t in kinds[side - 1 :]
    ]
    return {"applicable or not": "applicable", "errors": errors}


def _specific(side: int) -> dict[str, Any]:
    return {
        "clarify user intent": 0,
        "showing empathetic": side,
        "satisfying explicit constraints": [f"{CONSTRAINT} | 0", f"no lists | {side}"],
        "supporting explicit subjective stances": [f"{STANCE} | Strongly opposed"],
        "correcting explicit mistakes or biases": [f"{MISTAKE} | Corrected without being pointed out"],
    }


def plain_record(**changed: Any) -> dict[str, Any]:
    """One whose query asks for nothing in particular."""
    specific = {key: [] if isinstance(value, list) else None for key, value in _specific(1).items()}
    nothing = {"applicable or not": "not applicable", "errors": []}
    asked = {"explicit constraints": [], "explicit subjective stances": [], "explicit mistakes or biases": []}
    return record(
        **{
            "clear intent": "Yes",
            "explicitly express feelings": "No",
            **asked,
            "errors_response_2": nothing,
            **{f"query-specific_response_{side}": dict(specific) for side in SIDES},
            **changed,
        }
    )


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
