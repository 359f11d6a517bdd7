"""Where participants come from and go back to: each panel as data, its entry, its exits and its API."""

from surveys.panels.arriving import Arrival, arrival
from surveys.panels.definitions import PROLIFIC, panel_of
from surveys.panels.errors import EntryError, PreviewVisit
from surveys.panels.exits import Exit, exit_for

__all__ = [
    "PROLIFIC",
    "Arrival",
    "EntryError",
    "Exit",
    "PreviewVisit",
    "arrival",
    "exit_for",
    "panel_of",
]
