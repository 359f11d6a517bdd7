"""The forms of the quota pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from surveys.census import census_table, shipped
from surveys.coordinate.forms import ReasonForm, select
from surveys.questionnaires import Questionnaire
from surveys.quotas.suggesting import eligible, guessed_question, suggest

POLICIES = [
    ("outside", _("outside the targets")),
    ("refused", _("refused politely")),
]
DIMENSIONS = {
    "age": _("Question on age"),
    "sex": _("Question on sex or gender"),
    "ethnicity": _("Question on ethnicity"),
    "origin": _("Question on origin"),
}


class SuggestionForm(forms.Form):
    """From a census table to a first definition; a dimension without a question is summed over."""

    census = forms.ChoiceField(label=_("Census table"), widget=select())
    n = forms.IntegerField(label=_("People in all"), min_value=1, max_value=1_000_000, initial=300)
    floor = forms.IntegerField(
        label=_("At least in each cell"),
        min_value=0,
        max_value=1000,
        initial=0,
        help_text=_("Given out first. More than 0 moves the sample away from the population."),
    )
    undisclosed = forms.ChoiceField(
        label=_("People in no cell are"),
        choices=POLICIES,
        widget=select(),
        help_text=_("Outside, they take part and fill no cell. Decide before launch."),
    )
    beside = forms.BooleanField(
        label=_("Keep the tables that are defined already"), required=False, initial=True
    )

    def __init__(self, *args: Any, questionnaire: Questionnaire, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questionnaire = questionnaire
        tables: Any = self.fields["census"]
        tables.choices = [(key, census_table(key).name) for key in shipped()]
        questions = [("", _("none")), *((q.key, q.key) for q in eligible(questionnaire))]
        for name, label in DIMENSIONS.items():
            self.fields[f"question_{name}"] = forms.ChoiceField(
                label=label,
                required=False,
                choices=questions,
                initial=guessed_question(name, questionnaire),
                widget=select(),
            )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        table = census_table(given["census"]) if given.get("census") else None
        if table and not any(given.get(f"question_{name}") for name in table.dimensions):
            raise forms.ValidationError(
                _("Choose a question for at least one of: %(names)s.")
                % {"names": ", ".join(table.dimensions)}
            )
        return given

    def text(self, present: str) -> str:
        """The definition that the chosen fields make; `present` is what stands in the editor."""
        given = self.cleaned_data
        return suggest(
            self.questionnaire,
            census_table(given["census"]),
            {name: given[f"question_{name}"] for name in DIMENSIONS},
            n=given["n"],
            floor=given["floor"],
            undisclosed=given["undisclosed"],
            beside=present if given["beside"] else "",
        )


class OverfillForm(ReasonForm):
    """Places beyond a cell's target."""

    places = forms.IntegerField(label=_("Further places"), min_value=1, max_value=100, initial=1)
    field_order = ["places", "reason"]
