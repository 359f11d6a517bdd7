"""What a coordinator says of a dissection."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from analysis.dissecting.raters import questions
from analysis.dissecting.reading import Whose, can_be_dissected
from annotations.models import Batch
from surveys.models import Study

FIELD = {"class": "form-control", "autocomplete": "off"}
SELECT = {"class": "form-select"}
WHOSE = {
    Whose.BEST: _("people's, else the file's, else those of judges"),
    Whose.PERSON: _("people's alone"),
    Whose.IMPORT: _("the file's alone"),
    Whose.JUDGE: _("those of judges alone"),
}
CODED = {
    "sign": _("which side has more, as published"),
    "raw": _("by how much"),
    "normalised": _("by how much, put on one scale"),
}


class DissectionForm(forms.Form):
    batch = forms.ModelChoiceField(
        queryset=Batch.objects.none(), label=_("Batch"), widget=forms.Select(SELECT), empty_label=None
    )
    whose = forms.ChoiceField(
        label=_("Whose annotations"),
        choices=WHOSE.items(),
        widget=forms.Select(SELECT),
        help_text=_("Rulings come before all of them. Where several annotated a pair, their mean counts."),
    )
    question = forms.ChoiceField(
        label=_("People who voted, apart by their answer to"),
        required=False,
        widget=forms.Select(SELECT),
        help_text=_(
            "Each answer becomes a judge of its own beside all people, if enough people gave it. Only those "
            "who agreed to take part and did not withdraw are counted."
        ),
    )
    minimum = forms.IntegerField(
        label=_("Least number of pairs"),
        initial=100,
        min_value=20,
        max_value=100_000,
        widget=forms.NumberInput(FIELD),
        help_text=_("Nothing is said of a judge in a group with fewer: 29 figures need many pairs."),
    )
    coding = forms.ChoiceField(
        label=_("What of a difference counts"), choices=CODED.items(), widget=forms.Select(SELECT)
    )
    intercept = forms.BooleanField(
        label=_("Also fit a liking for the first response"),
        required=False,
        widget=forms.CheckboxInput({"class": "form-check-input ms-0 me-2 flex-shrink-0"}),
    )
    seed = forms.IntegerField(
        label=_("Seed"),
        initial=0,
        min_value=0,
        max_value=2**31 - 1,
        widget=forms.NumberInput(FIELD),
        help_text=_("The same batch and seed give the same figures."),
    )

    def __init__(self, study: Study, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        batches = study.batches.filter(kind=Batch.Kind.PAIR).select_related("rubric_version")
        fit = [batch.pk for batch in batches if can_be_dissected(batch)]
        self.fields["batch"].queryset = study.batches.filter(pk__in=fit)  # type: ignore[attr-defined]
        self.fields["question"].choices = [("", _("nothing")), *questions(study)]  # type: ignore[attr-defined]
        self.can_begin = bool(fit)

    def options(self) -> dict[str, Any]:
        """As a run stores them; call after is_valid."""
        names = ("whose", "question", "minimum", "coding", "intercept", "seed")
        return {**{name: self.cleaned_data[name] for name in names}, "folds": 10, "draws": 500}
