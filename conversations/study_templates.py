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
    "arena": _("Arena: a blind comparison of two models by one message"),
    "annotation": _("Annotation only: no conversations"),
}


def template(name: str) -> Files:
    """The files of a template. Raises KeyError for a name that is none."""
    if name not in TEMPLATES:
        raise KeyError(name)
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted((FOLDERS / name).iterdir())}
    return _shipped_prism() | files if name == "prism" else files


def _shipped_prism() -> Files:
    """The parts of the PRISM study, which stand where their own rooms keep them."""
    return {
        "questionnaire.yaml": instrument("prism"),
        "consent.yaml": consents.shipped("prism"),
        "protocol.yaml": protocols.preset("prism"),
    }
