"""The forms of an arena's portals and of the sites that may frame it."""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from conversations.arena import portals
from conversations.arena.embedding import MOST_ORIGINS, OriginRefused, read_origin
from conversations.arena.portal_hosts import own_hosts
from conversations.models import Portal

HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
LONGEST = {"heading": 120, "text": 600}


def spoken() -> list[tuple[str, str]]:
    """Prism's own languages, each as its speakers call it."""
    return [
        (code, str(get_language_info(code)["name_local"]).capitalize()) for code, _name in settings.LANGUAGES
    ]


class PortalForm(forms.ModelForm):
    languages = forms.MultipleChoiceField(
        label=_("Languages to choose from"), widget=forms.CheckboxSelectMultiple
    )
    language = forms.ChoiceField(
        label=_("Language by default"), help_text=_("For whoever reads none of the others.")
    )
    accent = forms.RegexField(
        label=_("Colour of buttons and links"),
        regex=r"^#[0-9a-fA-F]{6}$",
        widget=forms.TextInput(attrs={"type": "color"}),
        help_text=_("White must be readable on it. For the dark look it is made lighter by itself."),
    )
    logo_file = forms.FileField(
        label=_("Logo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/webp"}),
        help_text=_("PNG or WebP, 500 kB at most. It is shown 40 pixels high, on light and on dark ground."),
    )
    without_logo = forms.BooleanField(label=_("Show no logo"), required=False)

    legal_url = forms.URLField(
        label=_("Legal notice"),
        required=False,
        assume_scheme="https",
        help_text=_("Address of the page that the law asks of whoever offers the portal."),
    )
    contact_url = forms.URLField(
        label=_("Contact"),
        required=False,
        assume_scheme="https",
        help_text=_("Address of a page by which people reach whoever offers the portal."),
    )

    class Meta:
        model = Portal
        fields = ["host", "name", "languages", "language", "accent", "legal_url", "contact_url"]
        labels = {"host": _("Host"), "name": _("Name")}
        help_texts = {
            "host": _("For example arena.example.org. Its DNS entry and its certificate must lead here."),
            "name": _("Stands above every page of the portal."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("languages", "language"):
            self.fields[name].choices = spoken()  # type: ignore[attr-defined]
        for code, called in spoken():
            words = self.instance.words(code)
            for part, label in (("heading", _("Heading in %s")), ("text", _("Text in %s"))):
                self.fields[f"{part}_{code}"] = forms.CharField(
                    label=label % called,
                    required=False,
                    max_length=LONGEST[part],
                    initial=words.get(part, ""),
                    widget=forms.Textarea(attrs={"rows": 3}) if part == "text" else forms.TextInput,
                )
        if not self.instance.logo:
            del self.fields["without_logo"]

    def clean_host(self) -> str:
        host = str(self.cleaned_data["host"]).strip().lower().rstrip(".")
        if not HOST.fullmatch(host):
            raise forms.ValidationError(_("Write the name of a host alone, such as arena.example.org."))
        if host in own_hosts():
            raise forms.ValidationError(_("This is Prism's own host. A portal needs another one."))
        return host

    def clean_accent(self) -> str:
        accent = str(self.cleaned_data["accent"]).lower()
        if not portals.is_accent(accent):
            raise forms.ValidationError(
                _("Text could not be read on this colour: its contrast is below 4.5. Choose a darker one.")
            )
        return accent

    def clean_logo_file(self) -> bytes | None:
        given: UploadedFile | None = self.cleaned_data["logo_file"]
        if given is None:
            return None
        try:
            return portals.clean_logo(given.read(portals.MOST_BYTES + 1))
        except portals.LogoRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("language") not in cleaned.get("languages", [cleaned.get("language")]):
            self.add_error("language", _("Choose one of the languages that you offer."))
        return cleaned

    def filled(self) -> Portal:
        """The portal as the valid form has it, not stored yet."""
        portal: Portal = self.instance
        given = self.cleaned_data
        portal.texts = {code: words for code, _name in settings.LANGUAGES if (words := self._words(code))}
        if given["logo_file"]:
            portal.logo = given["logo_file"]
        elif given.get("without_logo"):
            portal.logo = None
        return portal

    def _words(self, language: str) -> dict[str, str]:
        """Heading and text in a language, those alone that were written."""
        given = {part: str(self.cleaned_data[f"{part}_{language}"]).strip() for part in LONGEST}
        return {part: text for part, text in given.items() if text}


class EmbeddingForm(forms.Form):
    origins = forms.CharField(
        label=_("Sites that may show this arena in a frame"),
        required=False,
        max_length=6000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_("One a line, such as https://www.example.org. Left empty, nobody may."),
    )

    def clean_origins(self) -> list[str]:
        lines = self.cleaned_data["origins"].split()
        try:
            found = list(dict.fromkeys(map(read_origin, lines)))
        except OriginRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        if len(found) > MOST_ORIGINS:
            raise forms.ValidationError(_("Name at most %d sites.") % MOST_ORIGINS)
        return found
