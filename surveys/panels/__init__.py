"""Where participants come from and go back to: each panel as data, its entry, its exits and its API."""

from surveys.panels.admission import admit
from surveys.panels.arriving import Arrival, anybody, arrival
from surveys.panels.definitions import PROLIFIC, panel_of
from surveys.panels.errors import EntryError, PreviewVisit
from surveys.panels.exits import Exit, exit_for, let_post
from surveys.panels.links import arrival_by

__all__ = [
    "PROLIFIC",
    "Arrival",
    "EntryError",
    "Exit",
    "PreviewVisit",
    "admit",
    "anybody",
    "arrival",
    "arrival_by",
    "exit_for",
    "let_post",
    "panel_of",
]
