"""The form of a study's rules on personal data: a grid of kinds and places, and moderation below it."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from conversations.models import Provider
from conversations.privacy.rules import (
    CATEGORIES,
    CLOSED,
    MOST_NOTICE,
    OPEN,
    SENT,
    Action,
    Moderation,
    Place,
    Reply,
    Rules,
    findable,
    parse,
)
from prism.lib.pii import Kind

KINDS: dict[str, Any] = {
    Kind.EMAIL: _("E-mail address"),
    Kind.PHONE: _("Telephone number"),
    Kind.IBAN: _("Bank account (IBAN)"),
    Kind.CARD: _("Payment card"),
    Kind.NATIONAL_ID: _("Number given by a state"),
    Kind.ADDRESS: _("Street and house number"),
    Kind.IP: _("IP address"),
    Kind.CREDENTIALS: _("Password or token in a URL"),
    Kind.NAME: _("Name of a person"),
}
PLACES = {
    Place.MESSAGE: _("Message to a model"),
    Place.FEEDBACK: _("Comment"),
    Place.EXPORT: _("Export"),
}
_OFF, _MARK, _MASK = (Action.OFF, _("off")), (Action.MARK, _("mark")), (Action.MASK, _("mask"))
SENDING = [_OFF, _MARK, _MASK, (Action.WARN, _("warn")), (Action.BLOCK, _("refuse"))]
RELEASING = [
    *(_OFF, _MARK, _MASK),
    (Action.WARN, _("hold the export back until it is released anyway")),
    (Action.BLOCK, _("leave the text out")),
]
REPLIES = [
    (Reply.OFF, _("off")),
    (Reply.LOG, _("count")),
    (Reply.WARN, _("warn")),
    (Reply.BLOCK, _("refuse")),
]
USUAL_THRESHOLD = 0.5


def _kinds() -> list[tuple[Kind, Any]]:
    return [(kind, KINDS[kind]) for kind in findable()]


def done(place: Place, action: str) -> Any:
    """What is done with a find at a place, in the form's words."""
    return dict(RELEASING if place == Place.EXPORT else SENDING)[Action(action)]


def _select(choices: Sequence[tuple[str, Any]], label: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=choices, label=label, widget=forms.Select({"class": "form-select form-select-sm"})
    )


class PrivacyForm(forms.Form):
    provider = forms.ChoiceField(
        label=_("Provider"),
        required=False,
        widget=forms.Select({"class": "form-select"}),
        help_text=_(
            "Its /moderations endpoint is asked, for 2.5 seconds at most. Personal data is masked before."
        ),
    )
    model = forms.CharField(
        label=_("Model"),
        required=False,
        max_length=120,
        widget=forms.TextInput({"class": "form-control", "autocomplete": "off"}),
        help_text=_("For example omni-moderation-latest"),
    )
    places = forms.MultipleChoiceField(
        label=_("Asked about"),
        required=False,
        choices=[(place, PLACES[place]) for place in SENT],
        widget=forms.CheckboxSelectMultiple,
    )
    if_silent = forms.ChoiceField(
        label=_("When it does not answer"),
        choices=[
            (OPEN, _("the text goes on, and that is counted")),
            (CLOSED, _("the text is held back until it answers")),
        ],
        widget=forms.Select({"class": "form-select"}),
    )
    notice = forms.CharField(
        label=_("Words of yours beside a warning or refusal"),
        required=False,
        max_length=MOST_NOTICE,
        widget=forms.Textarea({"class": "form-control", "rows": 2}),
        help_text=_("For example where to find help. Participants see it as it is."),
    )

    def __init__(self, data: Any = None, *, rules: Rules) -> None:
        super().__init__(data, initial=fields_of(rules))
        names = Provider.objects.order_by("name").values_list("name", flat=True)
        known = [*names, *({rules.moderation.provider} - {*names, ""})]
        provider = self.fields["provider"]
        assert isinstance(provider, forms.ChoiceField)
        provider.choices = [("", _("none: no moderation")), *((name, name) for name in known)]
        for kind, kind_label in _kinds():
            for place, place_label in PLACES.items():
                choices = RELEASING if place == Place.EXPORT else SENDING
                self.fields[f"{place}.{kind}"] = _select(choices, f"{kind_label}: {place_label}")
        self.categories = list(dict.fromkeys([*CATEGORIES, *rules.moderation.categories]))
        for name in self.categories:
            self.fields[f"reply.{name}"] = _select(REPLIES, name)
            self.fields[f"from.{name}"] = forms.FloatField(
                label=name,
                min_value=0.01,
                max_value=1,
                widget=forms.NumberInput({"class": "form-control form-control-sm", "step": "0.01"}),
            )

    def grid(self) -> Iterator[tuple[Any, list[forms.BoundField]]]:
        for kind, label in _kinds():
            yield label, [self[f"{place}.{kind}"] for place in PLACES]

    def thresholds(self) -> Iterator[tuple[str, forms.BoundField, forms.BoundField]]:
        for name in self.categories:
            yield name, self[f"reply.{name}"], self[f"from.{name}"]

    def moderation_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("provider", "model", "if_silent", "notice")]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("provider") and not cleaned.get("model"):
            self.add_error("model", _("Say which model is to be asked."))
        if cleaned.get("provider") and not cleaned.get("places"):
            self.add_error("places", _("Say what it is asked about."))
        return cleaned

    def document(self) -> dict[str, Any]:
        """The rules of the valid form, as they are stored."""
        given = self.cleaned_data
        document: dict[str, Any] = {
            str(place): {str(kind): given[f"{place}.{kind}"] for kind in findable()} for place in Place
        }
        document["moderation"] = {
            **{name: given[name] for name in ("provider", "model", "places", "if_silent", "notice")},
            "categories": {
                name: {"threshold": given[f"from.{name}"], "action": given[f"reply.{name}"]}
                for name in self.categories
            },
        }
        parse(document)
        return document


def fields_of(rules: Rules) -> dict[str, Any]:
    """What the fields begin with."""
    moderation: Moderation = rules.moderation
    fields: dict[str, Any] = {
        "provider": moderation.provider,
        "model": moderation.model,
        "places": sorted(moderation.places),
        "if_silent": CLOSED if moderation.is_closed_if_silent else OPEN,
        "notice": moderation.notice,
    }
    fields |= {f"{place}.{kind}": rules.action(place, kind) for place in Place for kind in findable()}
    for name in (*CATEGORIES, *moderation.categories):
        rule = moderation.categories.get(name)
        fields[f"reply.{name}"] = rule.reply if rule else Reply.OFF
        fields[f"from.{name}"] = rule.threshold if rule else USUAL_THRESHOLD
    return fields


class TryForm(forms.Form):
    text = forms.CharField(
        label=_("Text"),
        max_length=20_000,
        strip=False,
        widget=forms.Textarea({"class": "form-control", "rows": 5}),
        help_text=_("Neither stored nor logged. Use invented data all the same."),
    )
    with_moderation = forms.BooleanField(
        label=_("Ask moderation too"),
        required=False,
        widget=forms.CheckboxInput({"class": "form-check-input ms-0 me-2 flex-shrink-0"}),
    )
