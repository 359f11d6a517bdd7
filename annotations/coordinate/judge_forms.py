"""Forms by which a judge is made and a run is begun and limited."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotations.judging.judges import prompts_for
from annotations.judging.runs import Limits
from annotations.models import Batch, Judge, PromptSet, Task
from conversations.models import LanguageModel
from surveys.models import Study

MOST_LANES = 64


class JudgeForm(forms.ModelForm):
    class Meta:
        model = Judge
        fields = ("name", "model", "prompt_set", "temperature", "seed", "most_tokens", "both_orders")
        labels = {
            "name": gettext_lazy("Name"),
            "model": gettext_lazy("Language model"),
            "prompt_set": gettext_lazy("Prompts"),
            "temperature": gettext_lazy("Temperature"),
            "seed": gettext_lazy("Seed"),
            "most_tokens": gettext_lazy("Longest reply, in tokens"),
            "both_orders": gettext_lazy("Show each pair in both orders"),
        }

    def __init__(self, study: Study, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.study = study
        offered = [prompts.pk for prompts in prompts_for(study)]
        self.fields["prompt_set"].queryset = PromptSet.objects.filter(pk__in=offered)  # type: ignore[attr-defined]
        active = LanguageModel.objects.filter(status=LanguageModel.Status.ACTIVE)
        self.fields["model"].queryset = active  # type: ignore[attr-defined]

    def clean_temperature(self) -> float:
        temperature: float = self.cleaned_data["temperature"]
        if not 0 <= temperature <= 2:
            raise forms.ValidationError(_("Choose a number from 0 to 2."))
        return temperature


class PreviewForm(forms.Form):
    """The task of which a page shows what a judge would be asked."""

    batch = forms.ModelChoiceField(
        label=gettext_lazy("Batch"), queryset=Batch.objects.none(), to_field_name="slug", empty_label=None
    )
    number = forms.IntegerField(label=gettext_lazy("Task"), min_value=1, max_value=2**31 - 1, initial=1)

    def __init__(self, study: Study, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["batch"].queryset = study.batches.all()  # type: ignore[attr-defined]

    @property
    def task(self) -> Task | None:
        """None where there is none of this number, or its texts were erased."""
        tasks: Any = self.cleaned_data["batch"].tasks.select_related("batch__study", "batch__rubric_version")
        found: Task | None = tasks.filter(number=self.cleaned_data["number"], erased_at=None).first()
        return found


class LimitsForm(forms.Form):
    most_cost = forms.DecimalField(
        label=gettext_lazy("Spend at most"),
        help_text=gettext_lazy("In the currency of the model's prices. Blank: no cap."),
        required=False,
        min_value=Decimal(0),
        max_digits=12,
        decimal_places=6,
    )
    most_tokens = forms.IntegerField(
        label=gettext_lazy("Tokens at most"),
        help_text=gettext_lazy("Read and written together. Blank: no cap."),
        required=False,
        min_value=0,
        max_value=10**15,
    )
    lanes = forms.IntegerField(
        label=gettext_lazy("Tasks at a time"), min_value=1, max_value=MOST_LANES, initial=8
    )

    @property
    def limits(self) -> Limits:
        return Limits(**{name: self.cleaned_data[name] for name in ("most_cost", "most_tokens", "lanes")})


class RunForm(LimitsForm):
    batch = forms.ModelChoiceField(label=gettext_lazy("Batch"), queryset=Batch.objects.none())
    judge = forms.ModelChoiceField(label=gettext_lazy("Judge"), queryset=Judge.objects.none())
    field_order = ("batch", "judge", "most_cost", "most_tokens", "lanes")

    def __init__(self, study: Study, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["batch"].queryset = study.batches.all()  # type: ignore[attr-defined]
        self.fields["judge"].queryset = study.judges.all()  # type: ignore[attr-defined]
