"""The studies that come with Prism, to begin from: folders of files as an export writes them."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from conversations import protocols
from surveys import consents
from surveys.instruments import instrument
from surveys.study_folder import Files

FOLDERS = Path(__file__).parent / "presets" / "studies"
TEMPLATES = {
    "prism": _("PRISM: a survey, then six conversations with several models each, rated"),
    "arena": _("Arena: two blind answers and a vote, for anybody, without a survey"),
    "comparison": _("Comparison: a short survey, then one message, two blind answers, which one is better"),
    "annotation": _("Annotation only: no conversations"),
}


def template(name: str) -> Files:
    """The files of a template. Raises KeyError for a name that is none."""
    if name not in TEMPLATES:
        raise KeyError(name)
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted((FOLDERS / name).iterdir())}
    return _shipped(name) | files


def _shipped(name: str) -> Files:
    """The parts of a template that stand where their own rooms keep them."""
    if name not in ("prism", "arena"):
        return {}
    parts = {"consent.yaml": consents.shipped(name), "protocol.yaml": protocols.preset(name)}
    return parts | ({"questionnaire.yaml": instrument("prism")} if name == "prism" else {})
