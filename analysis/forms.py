"""What a person chooses before an export."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from analysis.exports.formats import ANSWERS, PRISM
from analysis.exports.release import ARENA, PROPERTIES, Scope
from analysis.models import Export
from conversations.models.imported import ALL, IMPORTED, LIVE
from surveys.models import Study

DE_IDENTIFIED = "de-identified"
FULL = "full"
CONTENTS = [
    (DE_IDENTIFIED, _("De-identified: no text that people or models wrote, no dates")),
    (FULL, _("Full: everything that people and models wrote")),
]
FORMATS = [
    (PRISM, _("PRISM: survey, conversations and answers of models, in the schema of that project")),
    (ANSWERS, _("Answers: each person's answer to each question, as a table and as JSON, with a codebook")),
    (
        ARENA,
        _("Arena: conversations, votes, reactions and turns, in Parquet and JSON, after compar:IA's tables"),
    ),
    (
        PROPERTIES,
        _("Properties: annotated pairs in the published schema of 29, and all annotations as a table"),
    ),
]

SOURCES = [
    (LIVE, _("people who were here")),
    (IMPORTED, _("all that was imported")),
    (ALL, _("all together")),
]


class ExportForm(forms.Form):
    format = forms.TypedChoiceField(
        label=_("Format"),
        choices=FORMATS,
        widget=forms.RadioSelect({"class": "form-check-input ms-0 me-2 flex-shrink-0"}),
        initial=PRISM,
        required=False,
        empty_value=PRISM,
    )
    content = forms.ChoiceField(
        label=_("What goes in"),
        choices=CONTENTS,
        widget=forms.RadioSelect({"class": "form-check-input ms-0 me-2 flex-shrink-0"}),
        initial=DE_IDENTIFIED,
    )
    include_test = forms.BooleanField(
        label=_("With test data"),
        required=False,
        widget=forms.CheckboxInput({"class": "form-check-input ms-0 me-2 flex-shrink-0"}),
    )
    include_excluded = forms.BooleanField(
        label=_("With people who were excluded from the data"),
        required=False,
        widget=forms.CheckboxInput({"class": "form-check-input ms-0 me-2 flex-shrink-0"}),
    )
    source = forms.ChoiceField(
        label=_("Whose conversations"),
        choices=SOURCES,
        widget=forms.Select({"class": "form-select"}),
        initial=LIVE,
        required=False,
        help_text=_("Of the arena alone: those of people who were here, or imported ones."),
    )
    release_seed = forms.CharField(
        label=_("Release seed"),
        required=False,
        max_length=Export._meta.get_field("release_seed").max_length,
        widget=forms.TextInput({"class": "form-control", "autocomplete": "off"}),
        help_text=_(
            "Draws new codes for people and conversations, always the same ones for the same seed. "
            "Without it the codes are those of the participants page."
        ),
    )

    def __init__(
        self, *args: Any, may_export_full: bool, datasets: Iterable[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.may_export_full = may_export_full
        source = self.fields["source"]
        assert isinstance(source, forms.ChoiceField)
        source.choices = [*SOURCES, *((key, key) for key in datasets)] if datasets else SOURCES[:1]
        if not may_export_full:
            content = self.fields["content"]
            assert isinstance(content, forms.ChoiceField)
            content.choices = CONTENTS[:1]

    def scope(self, study: Study) -> Scope:
        """What was chosen, once the form is valid."""
        chosen = self.cleaned_data
        return Scope(
            study=study,
            is_full=chosen["content"] == FULL,
            include_test=chosen["include_test"],
            include_excluded=chosen["include_excluded"],
            release_seed=chosen["release_seed"],
            format=chosen["format"],
            source=(chosen["source"] or LIVE) if chosen["format"] == ARENA else LIVE,
        )
