"""A questionnaire of SurveyJS into the editor, with the list of what did not come along."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from prism.lib.ratelimit import rate_limited
from surveys import audit, editing
from surveys.access import Right, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.models import Study
from surveys.questionnaires.surveyjs import MAXIMUM_TEXT, SurveyJSError, convert


class ImportForm(forms.Form):
    file = forms.FileField(label=gettext_lazy("JSON file"), required=False)
    text = forms.CharField(
        label=gettext_lazy("Or the JSON itself"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
    )
    replace = forms.BooleanField(
        label=gettext_lazy("Replace the draft that stands in my editor"), required=False
    )

    def __init__(self, *args: Any, has_draft: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["replace"].required = has_draft
        if not has_draft:
            del self.fields["replace"]

    def clean_file(self) -> str:
        """The file's text; "" without a file."""
        file: UploadedFile | None = self.cleaned_data["file"]
        if file is None:
            return ""
        if (file.size or 0) > 4 * MAXIMUM_TEXT:
            raise forms.ValidationError(
                _("The file is too large: at most 500,000 characters can be imported.")
            )
        try:
            return file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise forms.ValidationError(_("The file is no text in UTF-8. Is it the right one?")) from error

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        cleaned["source"] = cleaned.get("file") or cleaned.get("text") or ""
        if not cleaned["source"].strip() and not self.errors:
            raise forms.ValidationError(_("Choose a file or paste the JSON."))
        return cleaned


@rate_limited("import_questionnaire", limit=60, seconds=3600, by="user")
@require_http_methods(["GET", "HEAD", "POST"])
@study_page(Right.RUN)
def import_questionnaire(request: HttpRequest, study: Study) -> HttpResponse:
    has_draft = editing.writing(study, person(request)).is_draft
    form = ImportForm(request.POST or None, request.FILES or None, has_draft=has_draft)
    if form.is_bound and form.is_valid():
        try:
            return _imported(request, study, form.cleaned_data["source"])
        except (SurveyJSError, editing.EditingError) as error:
            form.add_error(None, str(error))
    context = _frame(request, study) | {"form": form}
    status = 422 if form.is_bound else 200
    return render(request, "surveys/coordinate/import.html", context, status=status)


def _imported(request: HttpRequest, study: Study, source: str) -> HttpResponse:
    found = convert(source)
    editing.keep(study, person(request), found.text, editing.newest(study))
    audit.record(person(request), "questionnaire.imported", study=study, findings=len(found.findings))
    context = _frame(request, study) | {"imported": found, "document": editing.check(found.text).document}
    return render(request, "surveys/coordinate/import.html", context)


def _frame(request: HttpRequest, study: Study) -> dict[str, Any]:
    return workbench(request, study, "coordinate:questionnaire") | {"page_title": _("Import from SurveyJS")}
