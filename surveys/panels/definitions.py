"""The panels as data: one file for each kind, and what a study changes in it.

A definition names the entry parameters and the shape of their values, how the panel fills them in, what marks
a preview, and the way back for each outcome. A study's `panel` says which kind it is and overrides any part.
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from surveys.models import Study

HERE = Path(__file__).parent
KINDS = tuple(sorted(path.stem for path in HERE.glob("*.yaml")))
DEFAULT_KIND = "prolific"  # studies from before there were kinds name none
COMMON: dict[str, Any] = {
    "door": "parameters",
    # No braces, brackets, dollar or percent signs: a placeholder that nobody filled in is not an id.
    "pattern": r"^[\w.:@+-]{1,100}$",
    "patterns": {},
    "placeholder": "{NAME}",
    "previews": {},
    "token_parameter": "",
    "signed_entry": None,
    "exit_url": "",
    "exit_fields": {},
    "exits": {},
    # Whether the link of who completed gives them a credit, and who opens it: their browser or our server.
    "gives_credit": False,
    "credit": "browser",
    "codes": {},
    "code_types": {},
    "has_api": False,
}


@cache
def definition(kind: str) -> dict[str, Any]:
    """The parts of a kind of panel; raises KeyError when there is no such kind."""
    if kind not in KINDS:
        raise KeyError(kind)
    found: dict[str, Any] = yaml.safe_load((HERE / f"{kind}.yaml").read_text(encoding="utf-8"))
    return {**COMMON, "kind": kind, **found}


def kind_of(study: Study) -> str:
    return str(study.panel.get("kind", DEFAULT_KIND))


def panel_of(study: Study) -> dict[str, Any]:
    """The study's panel, whole: its kind's definition with what the study says otherwise."""
    return {**definition(kind_of(study)), **study.panel}


def code_of(panel: dict[str, Any], outcome: str) -> str:
    """The completion code of an outcome; a study writes it alone or with its type, actor and actions."""
    found = panel["codes"].get(outcome, "")
    return str(found.get("code", "")) if isinstance(found, dict) else str(found)


PROLIFIC = definition("prolific")
