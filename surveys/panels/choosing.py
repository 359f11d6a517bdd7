"""Choosing a study's panel: its kind, and code and way back for each outcome."""

import re
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from surveys import audit
from surveys.models import Enrolment, Study
from surveys.panels.definitions import KINDS, code_of, definition, kind_of, panel_of

OUTCOMES = [outcome for outcome in Enrolment.Outcome.values if outcome]
CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
LINK = re.compile(r"https://[^\s\"'<>\\]{1,480}")
CODE_TYPES = (
    "COMPLETED",
    "FAILED_ATTENTION_CHECK",
    "FOLLOW_UP_STUDY",
    "GIVE_BONUS",
    "INCOMPATIBLE_DEVICE",
    "NO_CONSENT",
    "OTHER",
    "FIXED_SCREENOUT",
)
ACTORS = ("participant", "researcher")
ACTIONS = ("MANUALLY_REVIEW", "AUTOMATICALLY_APPROVE")


@dataclass(frozen=True)
class Way:
    """How an outcome ends at the panel; what is not given is ""."""

    code: str = ""
    code_type: str = ""
    actor: str = ""
    action: str = ""
    link: str = ""


def ways(study: Study) -> dict[str, Way]:
    """What is chosen now for each outcome."""
    panel = panel_of(study)
    return {outcome: _way(panel, outcome) for outcome in OUTCOMES}


def _way(panel: dict[str, Any], outcome: str) -> Way:
    stored = panel["codes"].get(outcome)
    told = stored if isinstance(stored, dict) else {}
    return Way(
        code=code_of(panel, outcome),
        code_type=told.get("code_type") or panel["code_types"].get(outcome, ""),
        actor=told.get("actor") or "participant",
        action=next(iter(told.get("actions") or []), "MANUALLY_REVIEW"),
        link=panel["exits"].get(outcome, ""),
    )


def problems(study: Study, kind: str, wanted: dict[str, Way]) -> list[str]:
    """Why this choice cannot be; [] when it can."""
    found = []
    if kind not in KINDS:
        found.append(_("There is no such kind of panel."))
    elif kind != kind_of(study) and study.enrolments.filter(is_test=False).exists():
        found.append(_("People have come from this panel already, so its kind stays."))
    codes = [way.code for way in wanted.values() if way.code]
    if any(not CODE.fullmatch(code) for code in codes):
        found.append(_("A code has letters, digits, - and _ only, at most 64."))
    if len(codes) != len(set(codes)):
        found.append(_("Each outcome needs a code of its own."))
    if any(way.link and not LINK.fullmatch(way.link) for way in wanted.values()):
        found.append(_("A way back is an address that begins with https://."))
    return [*found, *_given_codes(study, wanted)]


def _given_codes(study: Study, wanted: dict[str, Way]) -> list[str]:
    """An exit that was shown stays the same whenever somebody comes back to it."""
    panel = panel_of(study)
    changed = [
        outcome
        for outcome in OUTCOMES
        if code_of(panel, outcome) and code_of(panel, outcome) != wanted[outcome].code
    ]
    shown = study.enrolments.filter(is_test=False, outcome__in=changed).values_list("outcome", flat=True)
    labels = dict(Enrolment.Outcome.choices)
    return [
        _("People have received the code for “%s” already, so it stays.") % labels[outcome]
        for outcome in sorted(set(shown))
    ]


def problems_of_credit(study: Study, link: str) -> list[str]:
    """Why the server cannot ask for credits by this link; [] when it can."""
    found = []
    if "{participant}" not in link:
        found.append(_("The way back of “complete” must hold {participant}."))
    complete = study.enrolments.filter(is_test=False, outcome=Enrolment.Outcome.COMPLETE)
    if panel_of(study)["credit"] != "server" and complete.exists():
        found.append(_("People have completed already, and their browsers may have asked for the credit."))
    return found


def choose(
    study: Study, by: User, kind: str, wanted: dict[str, Way], *, is_signed: bool, by_server: bool = False
) -> None:
    """Store the choice, which has no problems; what else the study says of its panel stays."""
    with transaction.atomic():
        current = Study.objects.select_for_update().get(pk=study.pk)
        panel = {**current.panel, "kind": kind}
        panel["codes"] = {outcome: _stored(way) for outcome, way in wanted.items() if way.code}
        panel["exits"] = {outcome: way.link for outcome, way in wanted.items() if way.link}
        panel["signed_entry"] = {**(panel.get("signed_entry") or {}), "required": True} if is_signed else None
        panel["credit"] = "server" if by_server else definition(kind)["credit"]
        Study.objects.filter(pk=study.pk).update(panel=panel)
        audit.record(
            by, "panel.chosen", study=study, kind=kind, outcomes=sorted(panel["codes"]), by_server=by_server
        )


def _stored(way: Way) -> dict[str, Any]:
    return {"code": way.code, "code_type": way.code_type, "actor": way.actor, "actions": [way.action]}


def completion_codes(study: Study) -> list[dict[str, Any]]:
    """The codes as Prolific's study wants them, to be put there."""
    return [
        {
            "code": way.code,
            "code_type": way.code_type or "OTHER",
            "actor": way.actor,
            "actions": [{"action": way.action}],
        }
        for way in ways(study).values()
        if way.code
    ]
