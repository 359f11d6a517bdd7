"""The form for what happens with people's data in the end: withdrawing and periods of retention."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from surveys import retention
from surveys.models import Study


class RetentionForm(forms.ModelForm):
    identity_days = forms.IntegerField(
        label=_("Erase ids of panels, links and devices after (days)"),
        required=False,
        min_value=0,
        help_text=_(
            "Counted from each person's end. Empty: kept. Nobody can be paid or found by it afterwards."
        ),
    )
    texts_days = forms.IntegerField(
        label=_("Erase what people wrote after (days)"),
        required=False,
        min_value=0,
        help_text=_("Answers in own words, messages, answers of models, comments. Choices and scores stay."),
    )
    everything_days = forms.IntegerField(
        label=_("Erase everything after (days)"),
        required=False,
        min_value=0,
        help_text=_("Codes, times and the proof of consent stay."),
    )

    class Meta:
        model = Study
        fields = ["withdrawal_days", "withdrawal", "ethics_board", "ethics_email"]
        labels = {
            "withdrawal_days": _("Days in which a participant may withdraw"),
            "withdrawal": _("When somebody withdraws"),
            "ethics_board": _("Ethics board: name"),
            "ethics_email": _("Ethics board: e-mail"),
        }
        help_texts = {"withdrawal_days": _("Counted from the end; before it everybody may withdraw.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key in retention.KEYS:
            self.initial[key] = self.instance.retention.get(key)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        rules = {key: cleaned[key] for key in retention.KEYS if cleaned.get(key) is not None}
        for problem in retention.problems(rules, cleaned.get("withdrawal_days") or 0):
            self.add_error("identity_days", problem)
        self.instance.retention = rules
        return cleaned

    @property
    def changed_fields(self) -> list[str]:
        """The columns of the study that the form changed."""
        changed = set(self.changed_data)
        periods = {"retention"} if changed & retention.KEYS.keys() else set()
        return sorted((changed - retention.KEYS.keys()) | periods)
