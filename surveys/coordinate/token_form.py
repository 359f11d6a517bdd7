"""The form that makes a token."""

from django import forms
from django.utils.translation import gettext_lazy as _

from surveys.models.token import Scope
from surveys.tokens import MOST_DAYS


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Which program it is for, so that you know it again.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=[(value, f"{label} ({value})") for value, label in Scope.choices],
        initial=[Scope.STUDIES],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.IntegerField(
        label=_("Days it works"), min_value=1, max_value=MOST_DAYS, initial=90, help_text=_("365 at most.")
    )
