"""The forms that make a study."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from conversations import study_files
from conversations.study_templates import TEMPLATES, template
from surveys.access import Right, studies_with
from surveys.models import Study
from surveys.study_checks import slug_fault
from surveys.study_folder import MOST_UPLOADED, Files, from_zip

UPLOAD = "upload"
COPY = "copy"


class NewStudyForm(forms.Form):
    """Where a study begins: a template, a ZIP of a folder, or another study of the person's.

    A ZIP or a study is asked for only where it is what the study begins with.
    """

    use_required_attribute = False

    source = forms.ChoiceField(
        label=_("Begin with"),
        choices=[*TEMPLATES.items(), (UPLOAD, _("A ZIP of a study's folder")), (COPY, _("A study of mine"))],
        initial="prism",
        widget=forms.RadioSelect,
    )
    study = forms.ModelChoiceField(
        Study.objects.none(),
        label=_("Study of mine"),
        to_field_name="slug",
        help_text=_("Its definition is copied: no participants, no members, no keys."),
    )
    folder = forms.FileField(
        label=_("ZIP"),
        required=False,
        help_text=_("As “Export” in a study's settings gives it; 2 MB at most."),
    )
    title = forms.CharField(
        label=_("Title"),
        max_length=200,
        required=False,
        help_text=_("Participants see it on every page. Left empty: the title of what you begin with."),
    )
    slug = forms.SlugField(
        label=_("Address"),
        max_length=60,
        help_text=_("The part of the link after /studies/: letters, digits, - and _. It stays as it is."),
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = studies_with(by, Right.RUN).order_by("title", "pk")
        self.fields["study"].queryset = mine  # type: ignore[attr-defined]
        if self.is_bound:
            self.fields["study"].required = self.data.get("source") == COPY
            self.fields["folder"].required = self.data.get("source") == UPLOAD

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        if fault := slug_fault(slug):
            raise forms.ValidationError(fault)
        return slug

    def clean_folder(self) -> UploadedFile | None:
        folder: UploadedFile | None = self.cleaned_data["folder"]
        if folder and (folder.size or 0) > MOST_UPLOADED:
            raise forms.ValidationError(_("The file is too large: 2 MB at most."))
        return folder

    def definition(self) -> study_files.Definition:
        """What the valid form asks for. Raises FolderError with every fault of the files."""
        names = {"slug": self.cleaned_data["slug"], "title": self.cleaned_data["title"]}
        return study_files.check(self._files(), **names)

    def _files(self) -> Files:
        source = self.cleaned_data["source"]
        if source == UPLOAD:
            return from_zip(self.cleaned_data["folder"].read())
        if source == COPY:
            return study_files.export(self.cleaned_data["study"])
        return template(source)
