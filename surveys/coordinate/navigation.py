"""What frames every page of the workbench: navigation, crumbs, and what the person may do here."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from surveys.access import Right, held_here_and_anywhere
from surveys.models import Study

Text = str | Promise


@dataclass(frozen=True)
class Link:
    label: Text
    url: str
    is_current: bool


@dataclass(frozen=True)
class Section:
    label: Text
    links: list[Link]


@dataclass(frozen=True)
class Place:
    """A page by the name of its address; upper apps' pages stand here by name only."""

    name: str
    label: Text
    right: Right


STUDY = [
    Place("analysis:live", _("Live picture"), Right.VIEW),
    Place("coordinate:participants", _("Participants"), Right.VIEW),
    Place("coordinate:panel", _("Panel"), Right.RUN),
    Place("coordinate:monitor", _("Funnel and times"), Right.VIEW),
    Place("coordinate:quotas", _("Quotas"), Right.VIEW),
    Place("coordinate:quality", _("Quality"), Right.VIEW),
    Place("coordinate:questionnaire", _("Questionnaire"), Right.RUN),
    Place("coordinate:coding", _("Coding"), Right.VIEW),
    Place("coordinate:consent", _("Consent"), Right.RUN),
    Place("registry:protocol", _("Conversations"), Right.VIEW),
    Place("registry:arena", _("Arena"), Right.RUN),
    Place("registry:votes", _("Votes"), Right.RUN),
    Place("registry:pool", _("Models of this study"), Right.RUN),
    Place("registry:privacy", _("Personal data"), Right.VIEW),
    Place("registry:reports", _("Reports"), Right.RUN),
    Place("annotating:rubrics", _("Rubrics"), Right.VIEW),
    Place("annotating:judges", _("Judges"), Right.VIEW),
    Place("annotating:scenarios", _("Scenarios"), Right.VIEW),
    Place("annotating:batches", _("Batches"), Right.VIEW),
    Place("annotating:annotators", _("Annotators"), Right.RUN),
    Place("annotating:agreement", _("Agreement"), Right.VIEW),
    Place("annotating:adjudication", _("Adjudication"), Right.ADJUDICATE),
    Place("analysis:dissections", _("Dissection"), Right.VIEW),
    Place("analysis:imports", _("Imports"), Right.RUN),
    Place("analysis:exports", _("Exports"), Right.EXPORT),
    Place("coordinate:people", _("People"), Right.PEOPLE),
    Place("coordinate:audit", _("Audit"), Right.AUDIT),
    Place("coordinate:retention", _("Withdrawal and retention"), Right.RUN),
    Place("coordinate:settings", _("Settings"), Right.RUN),
]
EVERYWHERE = [
    Place("coordinate:studies", _("Studies"), Right.VIEW),
    Place("registry:models", _("Models and providers"), Right.REGISTRY),
    Place("registry:health", _("Health of models"), Right.REGISTRY),
    Place("coordinate:audit_registry", _("Changes to models"), Right.REGISTRY),
    Place("annotations:home", _("Annotation"), Right.ANNOTATE),
]


def workbench(request: HttpRequest, study: Study | None = None, current: str = "") -> dict[str, Any]:
    """The context of templates/workbench.html: nav, crumbs, study, and `rights` held there, as strings.

    `current` is the name of the page's address, for example "coordinate:participants".
    """
    here, anywhere = held_here_and_anywhere(request.user, study)
    here = here if study else anywhere
    sections = [Section(_("Workbench"), _links(EVERYWHERE, anywhere, [], current))]
    if study:
        sections.insert(0, Section(study.title, _links(STUDY, here, [study.slug], current)))
    return {
        "nav": sections,
        "crumbs": _crumbs(study, current, request.path),
        "study": study,
        "rights": {str(right) for right in here},
        "page_title": _label(current),
    }


def _links(places: list[Place], rights: frozenset[Right], args: list[str], current: str) -> list[Link]:
    return [
        Link(place.label, reverse(place.name, args=args), place.name == current)
        for place in places
        if place.right in rights
    ]


def _crumbs(study: Study | None, current: str, path: str) -> list[tuple[Text, str | None]]:
    """The way here. On a page below the current place, the place itself is a link back."""
    crumbs: list[tuple[Text, str | None]] = [(_("Studies"), reverse("coordinate:studies"))]
    if not current or current == "coordinate:studies":
        return []
    if study and current == "analysis:live":
        return [*crumbs, (study.title, None)]
    if study:
        crumbs.append((study.title, reverse("analysis:live", args=[study.slug])))
    here = reverse(current, args=[study.slug] if study else [])
    return [*crumbs, (_label(current), None if path == here else here)]


def _label(name: str) -> Text:
    return next((place.label for place in [*STUDY, *EVERYWHERE] if place.name == name), "Prism")
