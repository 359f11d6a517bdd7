"""Forms of the registry. A key goes in and never comes out."""

import re
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from conversations import energy
from conversations.catalogue import LANGUAGE
from conversations.models import LanguageModel, Provider
from prism.lib import addresses
from surveys.questionnaires.source import MAX_BYTES

CODE_ROWS = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})


# What may be left empty: no limit, and no checks.
LIMITS = ["daily_budget", "requests_a_minute", "tokens_a_minute", "check_minutes"]


class ProviderForm(forms.ModelForm):
    base_url = forms.URLField(
        label=_("Address"),
        max_length=300,
        assume_scheme="https",
        help_text=_("Where its OpenAI-compatible interface begins, for example https://api.example.org/v1"),
    )
    key = forms.CharField(
        label=_("Key"),
        required=False,
        max_length=500,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Stored encrypted and never shown again. Leave it empty to keep the stored one."),
    )

    class Meta:
        model = Provider
        fields = ["name", "base_url", "key", "is_on", "max_concurrent", "silence_seconds", "zone", *LIMITS]
        labels = {
            "name": _("Name"),
            "is_on": _("In use"),
            "max_concurrent": _("Calls at once"),
            "silence_seconds": _("Seconds of silence before giving up"),
            "daily_budget": _("Budget of a day"),
            "requests_a_minute": _("Calls a minute"),
            "tokens_a_minute": _("Tokens a minute"),
            "check_minutes": _("Minutes between checks"),
            "zone": _("Country of its servers"),
        }
        help_texts = {
            "zone": _(
                "Three letters, for example FRA. Its electricity counts in the energy of answers; "
                "empty: that of the world."
            ),
            "daily_budget": _(
                "Of any 24 hours; 0 means no limit. It holds for each currency of the prices by itself: "
                "amounts of different currencies are never added. Answers to participants count; "
                "checks, trials by hand and moderation do not."
            ),
            "requests_a_minute": _("Answers to participants and checks count; 0 means no limit."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in LIMITS:
            self.fields[name].required = False
            self.fields[name].widget.attrs["min"] = 0

    def clean_base_url(self) -> str:
        url = str(self.cleaned_data["base_url"])
        try:
            addresses.check(url)
        except addresses.AddressRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return url

    def clean_zone(self) -> str:
        zone = str(self.cleaned_data["zone"]).upper()
        if zone and zone not in energy.zones():
            raise forms.ValidationError(_("No country of three letters is known by this code."))
        return zone

    def clean_silence_seconds(self) -> float:
        seconds = float(self.cleaned_data["silence_seconds"])
        if not 1 <= seconds <= 600:
            raise forms.ValidationError(_("Between 1 and 600 seconds."))
        return seconds

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in LIMITS:
            if name in cleaned and cleaned[name] is None:
                cleaned[name] = 0
        if (cleaned.get("daily_budget") or 0) < 0:
            self.add_error("daily_budget", _("0 or more."))
        # Else whoever may edit a provider could send its stored key to a server of their own.
        if self.instance.encrypted_key and not cleaned.get("key") and self._moves():
            self.add_error("key", _("The address leads to another server: enter the key for it again."))
        return cleaned

    @property
    def changes(self) -> list[str]:
        """The changed fields; Django takes a limit that is left empty for a change."""
        now = self.cleaned_data
        return [name for name in self.changed_data if name == "key" or self.initial.get(name) != now[name]]

    def _moves(self) -> bool:
        before, after = self.initial.get("base_url", ""), self.cleaned_data.get("base_url", "")
        return urlsplit(before)[:2] != urlsplit(after)[:2]


class LanguageModelForm(forms.ModelForm):
    link = forms.URLField(label=_("Link"), required=False, max_length=300, assume_scheme="https")
    languages = forms.CharField(
        label=_("Languages"),
        required=False,
        max_length=500,
        help_text=_("Codes of the languages that it is made for, for example en, fr, ar."),
    )
    currency = forms.RegexField(
        "^[A-Z]{3}$", label=_("Currency"), required=False, help_text=_("Of the prices: three letters.")
    )

    class Meta:
        model = LanguageModel
        fields = [
            "provider",
            "identifier",
            "name",
            "short_name",
            "code",
            "family",
            "maker",
            "is_open_access",
            "kind",
            "link",
            "billions",
            "active_billions",
            "licence",
            "released_on",
            "context_length",
            "languages",
            "about",
            "header",
            "default_parameters",
            "parameters",
            "price_in",
            "price_out",
            "currency",
            "daily_limit",
            "status",
            "status_reason",
        ]
        labels = {
            "provider": _("Provider"),
            "identifier": _("Identifier"),
            "name": _("Name"),
            "short_name": _("Short name"),
            "code": _("Code"),
            "family": _("Family"),
            "maker": _("Maker"),
            "is_open_access": _("Weights are open"),
            "kind": _("Kind"),
            "billions": _("Size, in billions of parameters"),
            "active_billions": _("Of them active"),
            "licence": _("Licence"),
            "released_on": _("Released"),
            "about": _("About it"),
            "header": _("System prompt"),
            "default_parameters": _("The provider's own defaults"),
            "parameters": _("Parameters sent with every call"),
            "price_in": _("Price in"),
            "price_out": _("Price out"),
            "daily_limit": _("Daily limit"),
            "status": _("State"),
            "status_reason": _("Reason"),
            "context_length": _("Context length"),
        }
        help_texts = {
            "billions": _("Empty: not known. The arena's modes by size draw only models whose size is."),
            "about": _("One or two sentences that people read when a model is revealed."),
            "header": _("Said to the model before every conversation."),
            "identifier": _("As the provider wants it called."),
            "name": _("As researchers name it; exports show it."),
            "default_parameters": _("JSON, for the record: they are exported, not sent."),
            "parameters": _('JSON, for example {"temperature": 1, "max_tokens": 256}'),
            "status": _("Off: drawn by no study. Archived: no longer offered."),
        }
        widgets = {
            "about": forms.Textarea(attrs={"rows": 2}),
            "released_on": forms.DateInput(attrs={"type": "date"}),
            "header": forms.Textarea(attrs={"rows": 3}),
            "parameters": CODE_ROWS,
            "default_parameters": CODE_ROWS,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["languages"] = ", ".join(self.instance.languages)

    @property
    def changes(self) -> list[str]:
        """The changed fields; Django takes an empty JSON object for a change."""
        return [name for name in self.changed_data if self.initial.get(name) != self.cleaned_data[name]]

    def clean_languages(self) -> list[str]:
        codes = re.split(r"[\s,;]+", self.cleaned_data["languages"].strip())
        if any(code and not LANGUAGE.fullmatch(code) for code in codes):
            raise forms.ValidationError(_("These are no codes of languages: write, for example, en, fr, ar."))
        return list(dict.fromkeys(filter(None, codes)))

    def clean_currency(self) -> str:
        return self.cleaned_data["currency"] or self.instance.currency

    def clean_parameters(self) -> dict[str, Any]:
        return _object(self.cleaned_data["parameters"])

    def clean_default_parameters(self) -> dict[str, Any]:
        return _object(self.cleaned_data["default_parameters"])


def _object(value: Any) -> dict[str, Any]:
    if value in (None, ""):
        return {}
    if not isinstance(value, dict):
        raise forms.ValidationError(_("This must be a JSON object: {…}."))
    return value


class PoolForm(forms.Form):
    models = forms.ModelMultipleChoiceField(LanguageModel.objects.exclude(status="archived"), required=False)


class ModelFilter(forms.Form):
    """Which models of the registry are listed."""

    q = forms.CharField(label=_("Name contains"), required=False, max_length=100)
    status = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("any")), *LanguageModel.Status.choices]
    )
    provider = forms.ModelChoiceField(
        Provider.objects.order_by("name"), label=_("Provider"), required=False, empty_label=_("any")
    )
    language = forms.RegexField(LANGUAGE, label=_("Language"), required=False, max_length=20)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, look in (
            ("q", "control"),
            ("status", "select"),
            ("provider", "select"),
            ("language", "control"),
        ):
            self.fields[name].widget.attrs["class"] = f"form-{look}"

    def chosen(self) -> QuerySet[LanguageModel]:
        """What is wrong in the filter filters nothing."""
        self.is_valid()
        asked = {key: value for key, value in self.cleaned_data.items() if value}
        lookups = {"q": "name__icontains", "language": "languages__contains"}
        return LanguageModel.objects.filter(**{lookups.get(key, key): value for key, value in asked.items()})


class CatalogueForm(forms.Form):
    file = forms.FileField(label=_("File"), help_text=_("YAML or JSON, as “Export” gives it; 1 MB at most."))

    def clean_file(self) -> str:
        """The text of the file."""
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 1 MB."))
        try:
            return str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise forms.ValidationError(_("The file is no text in UTF-8.")) from error
