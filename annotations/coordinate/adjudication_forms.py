"""An adjudicator's forms: the first look, the ruling, and the batch's rule for what is contested."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotations.adjudication.rulings import Cell, Decision
from annotations.models import ContestRule
from annotations.rubric_documents import Fact, FactKind, Kind
from annotations.sheets import keyed

NOT_ASKED = "none"
MOST_ERRORS = 99


@dataclass(frozen=True)
class Choice:
    """A value to choose, by the key of the annotators' page, with what the rubric says of it."""

    value: str
    label: str
    key: str
    help: str = ""


def choices(cell: Cell) -> list[Choice]:
    """What may be chosen; empty where a number is typed."""
    if isinstance(cell.field, Fact):
        return [Choice("1", _("Yes"), "1"), Choice("0", _("No"), "0")]
    if cell.field.kind == Kind.ERRORS or cell.field.scale is None:
        return []
    levels = [Choice(str(one.value), one.label, key, one.help) for one, key in keyed(cell.field.scale)]
    none = Choice(NOT_ASKED, _("Does not apply"), "x", _("The question makes no sense here."))
    return [*levels, none]


def label_of(cell: Cell, score: int | None) -> str:
    """A score in the rubric's words."""
    if score is None:
        return str(_("Does not apply"))
    if isinstance(cell.field, Fact) and cell.field.kind == FactKind.LIST:
        score = min(score, 1)
    return next((one.label for one in choices(cell) if one.value == str(score)), str(score))


class LookForm(forms.Form):
    """`value` is one of the choices, or a number of errors, or that they cannot be judged."""

    def __init__(self, cell: Cell, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cell = cell
        self.fields["value"] = self._value()

    def _value(self) -> forms.Field:
        given = [(one.value, one.label) for one in choices(self.cell)] or [
            *((str(number), str(number)) for number in range(MOST_ERRORS + 1)),
            (NOT_ASKED, _("Cannot be judged")),
        ]
        return forms.ChoiceField(label=_("Your value"), choices=given)

    @property
    def score(self) -> int | None:
        value = self.cleaned_data["value"]
        return None if value == NOT_ASKED else int(value)


class RulingForm(LookForm):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        min_length=10,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
        help_text=gettext_lazy("What in the text decides it. At least 10 characters."),
    )
    rule = forms.ChoiceField(
        label=gettext_lazy("Rests on"), help_text=gettext_lazy("The rule that you cite.")
    )
    items = forms.CharField(
        label=gettext_lazy("Items, one a line"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
    )
    replaces = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, cell: Cell, *args: Any, **kwargs: Any) -> None:
        super().__init__(cell, *args, **kwargs)
        self.fields["rule"].choices = [("", _("choose")), *rules(cell)]  # type: ignore[attr-defined]
        self.fields["rule"].widget.attrs["class"] = "form-select"
        if not _is_list(cell):
            del self.fields["items"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if _is_list(self.cell) and given.get("value") == "1" and not given.get("items", "").strip():
            self.add_error("items", _("Name at least one item, or choose No."))
        return given

    @property
    def decision(self) -> Decision:
        given = self.cleaned_data
        score, items = self.score, []
        if _is_list(self.cell) and score:
            lines = [line.strip() for line in given["items"].splitlines() if line.strip()]
            items = [{"text": line, "label": "", "score": None} for line in lines]
            score = len(items)
        return Decision(score, given["reason"], given["rule"], items)


def _is_list(cell: Cell) -> bool:
    return isinstance(cell.field, Fact) and cell.field.kind == FactKind.LIST


def rules(cell: Cell) -> list[tuple[str, str]]:
    """What a ruling may cite: what the rubric says of it, the guidelines, or that they are silent."""
    given = [("definition", _("The definition")), ("ignore", _("What does not count"))]
    cited = [(key, label) for key, label in given if getattr(cell.field, key, "")]
    levels = [] if isinstance(cell.field, Fact) or cell.field.scale is None else cell.field.scale.levels
    cited += [(f"level:{one.value}", _("The level “%s”") % one.label) for one in levels]
    if cell.task.batch.guidelines:
        cited.append(("guidelines", _("The batch's guidelines")))
    return [*cited, ("open", _("Nothing: the rubric leaves it open, and this is a convention"))]


def rule_label(cell: Cell, rule: str) -> str:
    return next((label for key, label in rules(cell) if key == rule), rule)


class ContestRuleForm(forms.ModelForm):
    class Meta:
        model = ContestRule
        fields = ["least_range", "categories", "prerequisites", "applicability"]
        labels = {
            "least_range": gettext_lazy("Values of a scale that lie so far apart"),
            "categories": gettext_lazy("Different categories"),
            "prerequisites": gettext_lazy("Different facts about the query"),
            "applicability": gettext_lazy("Disagreement whether errors can be judged"),
        }
        help_texts = dict.fromkeys(("categories", "prerequisites", "applicability"), "")
        widgets = {"least_range": forms.NumberInput(attrs={"min": 0, "max": 100, "class": "form-control"})}

    def clean_least_range(self) -> int:
        given: int = self.cleaned_data["least_range"]
        if given > 100:
            raise forms.ValidationError(_("At most 100; 0 leaves scales out."))
        return given
