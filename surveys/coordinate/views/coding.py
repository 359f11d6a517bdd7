"""Coding self-descriptions: how far it is, one text after the other, and rulings on those that differ.

Who may see a study sees the figures; the texts themselves are shown only with the right to everything that
participants wrote.
"""

from typing import Any

from django import forms
from django.conf import settings as django_settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from prism.lib.numbers import whole_number
from prism.lib.ratelimit import rate_limited
from surveys import audit
from surveys.access import Right, held, may, person
from surveys.coding import Standing, asking, schemes, texts
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_act, study_page, tried
from surveys.models import Answer, CodingScheme, Study
from surveys.tasks import suggest_codings

HERE = "coordinate:coding"


class RulingForm(forms.Form):
    category = forms.ChoiceField(label=gettext_lazy("Category"))
    reason = forms.CharField(label=gettext_lazy("Reason"), min_length=10, max_length=500)

    def __init__(self, *args: Any, scheme: schemes.Scheme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("choose")), *((value, value) for value in scheme.values)]
        self.fields["category"].choices = choices  # type: ignore[attr-defined]
        self.fields["category"].widget.attrs["class"] = "form-select"
        self.fields["reason"].widget.attrs["class"] = "form-control"


@require_safe
@study_page(Right.VIEW)
def overview(request: HttpRequest, study: Study) -> HttpResponse:
    rows = texts.schemes_of(study)
    progress = texts.progress(study, rows, person(request))
    context = workbench(request, study, HERE) | {
        "rows": [_line(row, progress[row.key]) for row in rows],
        "may_read": may(request.user, Right.EXPORT_FULL, study),
        "may_ask": asking.is_on() and _may_ask(request, study),
        "model": django_settings.CODING_MODEL,
    }
    return render(request, "surveys/coordinate/coding.html", context)


def _may_ask(request: HttpRequest, study: Study) -> bool:
    """Texts leave the house: that takes the right to run the study and the right to its texts."""
    return {Right.RUN, Right.EXPORT_FULL} <= held(request.user, study)


@rate_limited("ask_coding_model", limit=20, seconds=3600, by="user")
@study_act(Right.RUN, HERE)
def ask(request: HttpRequest, study: Study, key: str) -> str:
    """Let the model that the operator set look at every text it has not seen."""
    row = _scheme(study, key)
    if not asking.is_on() or not _may_ask(request, study):
        raise PermissionDenied
    with transaction.atomic():
        audit.record(
            person(request),
            "coding.model_asked",
            study=study,
            subject=row,
            model=django_settings.CODING_MODEL,
        )
        transaction.on_commit(lambda: suggest_codings.delay(study.pk, row.pk), robust=True)
    return _("The model is asked in the background; its suggestions appear beside the texts.")


def _line(row: CodingScheme, progress: texts.Progress) -> dict[str, Any]:
    counts = progress.counts
    return {
        "row": row,
        "scheme": texts.scheme_of(row),
        "counts": {str(standing): counts[standing] for standing in Standing},
        "total": counts.total(),
        "decided": counts[Standing.AGREED] + counts[Standing.RULED],
        "agreement": progress.agreement,
        "left": progress.left,
    }


@never_cache
@study_page(Right.EXPORT_FULL)
def code(request: HttpRequest, study: Study, key: str) -> HttpResponse:
    """One text and the categories; the next one comes after each code."""
    row = _scheme(study, key)
    if request.method == "POST":
        _write(request, study, row)
        return redirect("coordinate:code", study.slug, key)
    answer = texts.next_text(study, row, person(request))
    scheme = texts.scheme_of(row)
    text = texts.words(answer) if answer else ""
    context = _frame(request, study, scheme) | {
        "row": row,
        "answer": answer,
        "words": text,
        "suggested": schemes.suggestion(scheme, text),
        "by_model": asking.suggested(row, answer) if answer else "",
        "left": answer.left if answer else 0,  # type: ignore[attr-defined]
    }
    return render(request, "surveys/coordinate/code.html", context)


def _write(request: HttpRequest, study: Study, row: CodingScheme) -> None:
    try:
        texts.code(
            study, row, _answer(request, study, row), person(request), request.POST.get("category", "")
        )
    except texts.CodingError as error:
        messages.error(request, str(error))


def _answer(request: HttpRequest, study: Study, row: CodingScheme) -> Answer:
    """The text that a form is about; 404 for any that is not to be coded in this study."""
    return get_object_or_404(texts.to_code(study, row), pk=whole_number(request.POST.get("answer", "")))


def _scheme(study: Study, key: str) -> CodingScheme:
    found = next((row for row in texts.schemes_of(study) if row.key == key), None)
    if found is None:
        raise Http404
    return found


def _frame(request: HttpRequest, study: Study, scheme: schemes.Scheme) -> dict[str, Any]:
    return workbench(request, study, HERE) | {"scheme": scheme, "page_title": scheme.title}


@never_cache
@study_page(Right.EXPORT_FULL)
def rulings(request: HttpRequest, study: Study, key: str) -> HttpResponse:
    """The texts that were coded differently. Both codes of each are in, so that they may be seen."""
    row = _scheme(study, key)
    scheme, refused = texts.scheme_of(row), {}
    if request.method == "POST":
        answer, form = _answer(request, study, row), RulingForm(request.POST, scheme=scheme)
        if form.is_valid():
            decision = form.cleaned_data
            tried(request, lambda: _ruled(request, study, row, answer, **decision), texts.CodingError)
            return redirect("coordinate:coding_rulings", study.slug, key)
        refused = {answer.pk: form}
    contested = texts.contested(study, row)
    open_to = texts.open_to(study, row, contested, person(request))
    listed = [
        {
            "answer": answer,
            "words": texts.words(answer),
            "may_rule": answer.pk in open_to,
            "form": refused.get(answer.pk)
            or RulingForm(scheme=scheme, prefix=None, auto_id=f"id_{answer.pk}_%s"),
        }
        for answer in contested
    ]
    context = _frame(request, study, scheme) | {"row": row, "listed": listed}
    return render(request, "surveys/coordinate/rulings.html", context, status=422 if refused else 200)


def _ruled(
    request: HttpRequest, study: Study, row: CodingScheme, answer: Answer, category: str, reason: str
) -> str:
    texts.rule(study, row, answer, person(request), category, reason)
    return _("The text is decided: %s.") % category
