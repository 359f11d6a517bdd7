"""The coordinator's forms."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from surveys.models import Membership, Study
from surveys.models.people import Role


class StudyForm(forms.ModelForm):
    class Meta:
        model = Study
        fields = ["title", "summary", "minutes", "contact_name", "contact_email"]
        labels = {
            "title": _("Title"),
            "summary": _("Summary"),
            "minutes": _("Minutes it takes"),
            "contact_name": _("Contact: name"),
            "contact_email": _("Contact: e-mail"),
        }
        help_texts = {
            "title": _("Participants see it on every page."),
            "summary": _("What the study is about, in a few sentences."),
            "contact_email": _("Participants write here with questions."),
        }
        widgets = {"summary": forms.Textarea(attrs={"rows": 4})}


class InvitationForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"))
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.COORDINATOR)


class MemberForm(forms.ModelForm):
    class Meta:
        model = Membership
        fields = ["role", "may_reidentify", "may_export_full", "may_adjudicate"]
        labels = {
            "role": _("Role"),
            "may_reidentify": _("May re-identify participants"),
            "may_export_full": _("May export everything that participants wrote"),
            "may_adjudicate": _("May decide where annotators disagree"),
        }
        help_texts = {
            "may_reidentify": _("Sees a panel id after giving a reason. Each time is written down."),
            "may_export_full": _("Without this right exports leave out all free text."),
            "may_adjudicate": _("Owners and coordinators may anyway."),
        }


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        min_length=10,
        max_length=500,
        help_text=_("At least 10 characters. The reason and your name go into the audit."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


Choices = Sequence[tuple[str, str | Promise]]
ANY: tuple[str, Any] = ("", _("all"))


def select() -> forms.Select:
    return forms.Select(attrs={"class": "form-select"})


class AuditFilter(forms.Form):
    action = forms.ChoiceField(label=_("Action"), required=False, widget=select())
    person = forms.ChoiceField(label=_("Person"), required=False, widget=select())

    def __init__(self, *args: Any, actions: list[str], people: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["action"].choices = [ANY, *((action, action) for action in actions)]  # type: ignore[attr-defined]
        self.fields["person"].choices = [ANY, *people]  # type: ignore[attr-defined]
