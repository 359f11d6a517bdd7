"""What a person says of tables that they import."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analysis.imports.jobs import Wanted
from analysis.imports.tables import TABLES, stored_name
from conversations.models.imported import SOURCES
from surveys.models import Study

FIELD = {"class": "form-control", "autocomplete": "off"}
TICK = {"class": "form-check-input ms-0 me-2 flex-shrink-0"}


class Several(forms.ClearableFileInput):
    allow_multiple_selected = True


class Tables(forms.FileField):
    """Several files, each a table."""

    widget = Several

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        return [super(Tables, self).clean(one, initial) for one in data or [None]]


class ImportForm(forms.Form):
    tables = Tables(
        label=gettext_lazy("Tables"),
        widget=Several(FIELD | {"accept": ".parquet,.jsonl"}),
        help_text=gettext_lazy(
            "One file a table, whose name ends with the table's: conversations, votes, reactions or turns; "
            "as .parquet or .jsonl."
        ),
    )
    key = forms.SlugField(
        label=gettext_lazy("Short name of the dataset"),
        max_length=40,
        widget=forms.TextInput(FIELD),
        help_text=gettext_lazy(
            "By it its rows are chosen in exports and on the leaderboard. The same name adds to it."
        ),
    )
    title = forms.CharField(
        label=gettext_lazy("Title"), max_length=200, required=False, widget=forms.TextInput(FIELD)
    )
    licence = forms.CharField(label=gettext_lazy("Licence"), max_length=80, widget=forms.TextInput(FIELD))
    link = forms.URLField(
        label=gettext_lazy("Where it is published"),
        max_length=300,
        required=False,
        assume_scheme="https",
        widget=forms.URLInput(FIELD),
    )
    is_dry_run = forms.BooleanField(
        label=gettext_lazy("Only try it: tell what would come of it, store nothing"),
        required=False,
        widget=forms.CheckboxInput(TICK),
    )

    def clean_key(self) -> str:
        key = str(self.cleaned_data["key"]).lower()
        if key in SOURCES:
            raise forms.ValidationError(_("This word stands for a filter. Choose another name."))
        return key

    def clean_tables(self) -> dict[str, UploadedFile]:
        """The files by the name under which they are kept."""
        files: list[UploadedFile] = self.cleaned_data["tables"]
        if sum(file.size or 0 for file in files) > settings.IMPORT_MAX_BYTES:
            most = filesizeformat(settings.IMPORT_MAX_BYTES)
            raise forms.ValidationError(
                _("The files are too large: at most %(most)s at once. An operator can import larger ones.")
                % {"most": most}
            )
        named: dict[str, UploadedFile] = {}
        for file in files:
            name = stored_name(file.name or "")
            if name is None:
                raise forms.ValidationError(
                    _("“%(name)s” is none of these tables: %(tables)s. The name must end with the table's.")
                    % {"name": file.name, "tables": ", ".join(TABLES)}
                )
            if any(known.partition(".")[0] == name.partition(".")[0] for known in named):
                raise forms.ValidationError(_("Two files have the table “%s”.") % name.partition(".")[0])
            named[name] = file
        return named

    def wanted(self, study: Study) -> Wanted:
        """What was asked for, once the form is valid."""
        chosen = self.cleaned_data
        return Wanted(
            study,
            chosen["key"],
            chosen["title"],
            chosen["licence"],
            chosen["link"],
            is_dry_run=chosen["is_dry_run"],
        )
