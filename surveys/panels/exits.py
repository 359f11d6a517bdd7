"""The way back to the panel for each outcome."""

import re
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from django.http import HttpResponse

from prism.lib.crypto import UnreadableSecret, decrypt
from prism.lib.headers import POLICY
from surveys.models import Credit, Enrolment, Identity, Study
from surveys.panels.definitions import code_of, panel_of

PERSONAL = re.compile(r"\{(participant|session|study)\}")

# Nothing else, such as a semicolon, that would be another part of the policy.
ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(?=[/?#]|$)")


@dataclass(frozen=True)
class Exit:
    """Code and link; with fields the link is a form that is posted. Either may be "", not both."""

    code: str
    url: str
    fields: dict[str, str] = field(default_factory=dict)


def exit_for(study: Study, outcome: str, enrolment: Enrolment | None = None) -> Exit | None:
    """The panel's code and return link for an outcome; None where the study has neither.

    A link that carries the person's own ids is filled in for an enrolment; without one it stays a template.
    Where the server asks for the credit, who completed gets no link that would ask for it too.
    """
    way = _way(study, outcome, enrolment)
    if way and enrolment and outcome == Enrolment.Outcome.COMPLETE and _is_by_server(study, enrolment):
        return replace(way, url="", fields={}) if way.code else None
    return way


def _is_by_server(study: Study, enrolment: Enrolment) -> bool:
    """Whether the server asks for this person's credit, or did so before the study chose otherwise."""
    panel = panel_of(study)
    if not panel["gives_credit"]:
        return False
    return panel["credit"] == "server" or Credit.objects.filter(enrolment=enrolment).exists()


def link_of(study: Study, outcome: str, enrolment: Enrolment) -> str:
    """The link back itself, whoever opens it; "" where there is none, or it needs an id that is gone."""
    way = _way(study, outcome, enrolment)
    return way.url if way else ""


def _way(study: Study, outcome: str, enrolment: Enrolment | None) -> Exit | None:
    panel = panel_of(study)
    code = code_of(panel, outcome)
    url = panel["exits"].get(outcome) or (panel["exit_url"] if code else "")
    if not (code or url):
        return None
    fields = panel["exit_fields"] if url else {}
    values = {"code": code}
    if enrolment and PERSONAL.search("".join([url, *fields.values()])):
        values |= _ids(enrolment)
        if not values["participant"]:  # an erased person or a preview: the panel would not know whom we mean
            return Exit(code=code, url="")
    filled = {name: _fill(text, values) for name, text in fields.items()}
    quoted = {name: quote(value, safe="") for name, value in values.items()}
    return Exit(code=code, url=_fill(url, quoted), fields=filled)


def _fill(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), text)


def _ids(enrolment: Enrolment) -> dict[str, str]:
    """What the panel calls the person, their newest submission and its study."""
    identity = Identity.objects.filter(participant=enrolment.participant_id).first()
    newest = enrolment.panel_submissions.order_by("-arrived_at").first()
    return {
        "participant": _readable(identity.encrypted_id) if identity else "",
        "session": _readable(newest.encrypted_session) if newest else "",
        "study": newest.panel_study if newest else "",
    }


def _readable(secret: str) -> str:
    try:
        return decrypt(secret) if secret else ""
    except UnreadableSecret:
        return ""


def let_post(response: HttpResponse, way: Exit | None) -> HttpResponse:
    """Let the last page post its form to the panel, where the way back is one; our policy forbids it else."""
    origin = ORIGIN.match(way.url) if way and way.fields else None
    if origin:
        allowed = f"form-action 'self' {origin[0]}"
        response["Content-Security-Policy"] = POLICY.replace("form-action 'self'", allowed)
    return response
