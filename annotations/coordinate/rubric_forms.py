"""The form by which a study's own rubric begins."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotations.models import RubricVersion

TAKEN = frozenset({"begin", "check", "versions"})  # would be read as other addresses


class BeginForm(forms.Form):
    version = forms.ChoiceField(label=gettext_lazy("Begin with a copy of"))
    slug = forms.SlugField(
        label=gettext_lazy("Name in addresses"),
        max_length=60,
        help_text=gettext_lazy("Small letters, digits and hyphens, such as tone-of-voice."),
    )

    def __init__(self, versions: list[RubricVersion], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.versions = versions
        choice = self.fields["version"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(str(version.pk), str(version)) for version in versions]

    def clean_version(self) -> RubricVersion:
        """One of those offered."""
        return next(v for v in self.versions if str(v.pk) == self.cleaned_data["version"])

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"].lower()
        if slug in TAKEN:
            raise forms.ValidationError(_("Choose another name."))
        return slug
