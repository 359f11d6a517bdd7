"""The coordinator's forms about panels, payments, links and invitations."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from surveys.models import Enrolment, Study
from surveys.panels import choosing, invitations, links
from surveys.panels.choosing import Way
from surveys.panels.credits import SERVER
from surveys.panels.definitions import KINDS, definition, kind_of, panel_of
from surveys.panels.submissions import REJECTIONS, SHORTEST_REJECTION

PARTS = ("code", "code_type", "actor", "action", "link")
OF_THE_API = {"code_type", "actor", "action"}


class PanelForm(forms.Form):
    """The kind of panel, and a row of fields for each outcome."""

    kind = forms.ChoiceField(label=_("Where people come from"))
    is_signed = forms.BooleanField(
        label=_("Let in only links that the panel signed"),
        required=False,
        help_text=_("Anybody can write a link that is not signed."),
    )

    by_server = forms.BooleanField(
        label=_("The server asks for the credit of who completed"),
        required=False,
        help_text=_("Instead of the person's browser: it opens the way back of “complete”, once for each."),
    )

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.study, self.panel = study, panel_of(study)
        self.fields["by_server"].initial = self.panel["credit"] == SERVER
        if not self.panel["gives_credit"]:
            del self.fields["by_server"]
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (kind, str(definition(kind)["name"]).capitalize()) for kind in KINDS
        ]
        self.fields["kind"].initial = kind_of(study)
        self.fields["is_signed"].initial = bool((self.panel["signed_entry"] or {}).get("required"))
        if not self.panel["token_parameter"]:
            del self.fields["is_signed"]
        for outcome, way in choosing.ways(study).items():
            self._add_row(outcome, way)

    def _add_row(self, outcome: str, way: Way) -> None:
        label = dict(Enrolment.Outcome.choices)[outcome]
        for part in PARTS:
            if part in OF_THE_API and not self.panel["has_api"]:
                continue
            field = _field(part)
            field.initial = getattr(way, part)
            field.widget.attrs["aria-label"] = f"{_PARTS[part]}: {label}"
            self.fields[f"{outcome}-{part}"] = field

    def rows(self) -> list[tuple[str, list[forms.BoundField]]]:
        """For the page's table: the outcome and its fields."""
        labels = dict(Enrolment.Outcome.choices)
        return [
            (
                str(labels[outcome]),
                [self[f"{outcome}-{part}"] for part in PARTS if f"{outcome}-{part}" in self.fields],
            )
            for outcome in choosing.OUTCOMES
        ]

    def heads(self) -> list[str]:
        return [str(_PARTS[part]) for part in PARTS if f"complete-{part}" in self.fields]

    def plain(self) -> list[forms.BoundField]:
        return [self[name] for name in ("kind", "is_signed", "by_server") if name in self.fields]

    def ways(self) -> dict[str, Way]:
        """What was entered, where a part that the page did not ask for stays as it is."""
        return {
            outcome: Way(
                **{
                    part: str(self.cleaned_data.get(f"{outcome}-{part}", getattr(way, part)) or "").strip()
                    for part in PARTS
                }
            )
            for outcome, way in choosing.ways(self.study).items()
        }

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self.errors:
            for problem in choosing.problems(self.study, found["kind"], self.ways()):
                self.add_error(None, problem)
        if found.get("by_server"):
            for problem in choosing.problems_of_credit(self.study, self.ways()["complete"].link):
                self.add_error("by_server", problem)
        return found


_PARTS = {
    "code": _("Code"),
    "code_type": _("Type"),
    "actor": _("Given by"),
    "action": _("What it does"),
    "link": _("Way back, if not the panel's own"),
}
_CHOICES = {"code_type": choosing.CODE_TYPES, "actor": choosing.ACTORS, "action": choosing.ACTIONS}


def _field(part: str) -> forms.Field:
    if part in _CHOICES:
        return forms.ChoiceField(
            choices=[(value, value.replace("_", " ").lower()) for value in _CHOICES[part]],
            widget=forms.Select(attrs={"class": "form-select"}),
        )
    return forms.CharField(
        required=False, max_length=500, widget=forms.TextInput(attrs={"class": "form-control"})
    )


class ConnectionForm(forms.Form):
    token = forms.CharField(
        label=_("API token"),
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Stored encrypted and never shown again. Leave it empty to keep the stored one."),
    )
    panel_study = forms.RegexField(r"^[0-9A-Za-z_-]{1,100}$", label=_("The study's id at the panel"))
    workspace = forms.RegexField(
        r"^[0-9A-Za-z_-]{1,100}$",
        label=_("Workspace"),
        required=False,
        help_text=_("Webhooks belong to a workspace."),
    )


class PlacesForm(forms.Form):
    total = forms.IntegerField(
        label=_("Places in all"),
        min_value=1,
        max_value=100_000,
        help_text=_("The number can only grow, and each place costs money."),
    )


class RejectionForm(forms.Form):
    category = forms.ChoiceField(label=_("Category"), choices=[("", "—"), *REJECTIONS.items()])
    message = forms.CharField(
        label=_("Message to the person"),
        min_length=SHORTEST_REJECTION,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("At least 100 characters: what was missing, with facts. The person reads this."),
    )


class ReturnForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("The person reads this and decides whether to give the place back."),
    )


class ReleaseForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        min_length=5,
        max_length=1000,
        help_text=_("It stays in the audit log. The person does not see it."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class BonusForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=120,
        help_text=_("One bonus for each person and reason: the same reason again is refused."),
    )
    lines = forms.CharField(
        label=_("Participants and amounts"),
        max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 6, "placeholder": "user123456789, 1.50"}),
        help_text=_("One line each: code, amount in the currency of the study at the panel."),
    )


class LinksForm(forms.Form):
    """A number of single-use links, or a label for each line."""

    number = forms.IntegerField(
        label=_("Single-use links"), required=False, min_value=1, max_value=links.MOST
    )
    labels = forms.CharField(
        label=_("or a label for each person, one a line"),
        required=False,
        max_length=500_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("A label always leads back to the same person, on any device. Labels are not stored."),
    )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self.errors and bool(found.get("number")) == bool((found.get("labels") or "").strip()):
            raise forms.ValidationError(_now("Enter a number or labels, one of the two."))
        return found


class InvitationsForm(forms.Form):
    addresses = forms.CharField(
        label=_("E-mail addresses, one a line"),
        max_length=300_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Stored encrypted. At most %s at a time; nothing is sent before you say so.")
        % invitations.MOST,
    )
