"""The editor of a study's rubric, and the form that annotators get of it."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import rubric_editing
from annotations.models import Rubric, RubricVersion
from annotations.rubric_documents import Fact, Group, Property, RubricDocument, RubricError
from prism.lib.headers import POLICY
from prism.lib.ratelimit import rate_limited
from surveys.access import Right, person
from surveys.coordinate import editor
from surveys.coordinate.editor import Editor
from surveys.coordinate.pages import study_page
from surveys.models import Study
from surveys.questionnaires.problems import beside_lines

PLACE, HERE = "annotating:rubrics", "annotating:edit_rubric"
# Nothing that stands in the preview can be sent anywhere.
FRAMED = (
    POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
    .replace("form-action 'self'", "form-action 'none'")
    .replace("connect-src 'self'", "connect-src 'none'")
)


@dataclass(frozen=True)
class Asked:
    """A property in the preview: the sides it is asked of (0 is the pair), and the fact that calls for it."""

    property: Property
    sides: list[int]
    fact: Fact | None


@rate_limited("store_rubric", limit=120, seconds=3600, by="user")
@require_http_methods(["GET", "HEAD", "POST"])
@study_page(Right.RUN)
def edit(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    return editor.edit(request, _editor(request, study, name))


@require_POST
@rate_limited("check_rubric", limit=1200, seconds=3600, by="user")
@study_page(Right.RUN)
def check(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    return editor.check(request, _editor(request, study, name))


@require_safe
@study_page(Right.RUN)
def preview(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    """The form of one's draft."""
    rubric = get_object_or_404(study.rubrics, slug=name)
    text = rubric_editing.writing(rubric, person(request)).text
    return form_page(request, rubric_editing.check(text).document)


def form_page(request: HttpRequest, document: RubricDocument | None) -> HttpResponse:
    """The annotators' form of a rubric, or, where its text is none, that there is none yet; to be framed."""
    if document is None:
        response = render(request, "surveys/coordinate/no_preview.html", status=422)
    else:
        sides = [1, 2] if "pair" in document.suits else [1]
        context = {"rubric": document, "groups": _groups(document, sides)}
        response = render(request, "annotations/coordinate/rubric_preview.html", context)
    response["Content-Security-Policy"] = FRAMED
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _groups(document: RubricDocument, sides: list[int]) -> list[tuple[Group, list[Asked]]]:
    facts = {fact.slug: fact for fact in document.facts}
    return [
        (
            group,
            [
                Asked(p, [0] if p.of_pair else sides, facts[p.condition.fact] if p.condition else None)
                for p in properties
            ],
        )
        for group, properties in document.in_groups()
    ]


def _editor(request: HttpRequest, study: Study, name: str) -> Editor[Rubric, RubricVersion]:
    rubric = get_object_or_404(study.rubrics, slug=name)
    return Editor(
        drafts=rubric_editing,
        subject=rubric,
        study=study,
        place=PLACE,
        address=reverse(HERE, args=[study.slug, name]),
        template="annotations/coordinate/rubric_editor.html",
        findings_template="annotations/coordinate/rubric_findings.html",
        findings=_findings,
        fault=RubricError,
        refusal=_("This is no rubric yet, so it was not stored. Your text is kept as a draft."),
        text_of=lambda version: version.text,
        stored=lambda version: _stored(request, study, version),
        context={"page_title": rubric.title, "subject": rubric},
    )


def _stored(request: HttpRequest, study: Study, version: RubricVersion) -> HttpResponse:
    messages.success(request, _("Stored as %s. Batches keep the version they began with.") % version)
    return redirect(PLACE, study.slug)


def _findings(text: str) -> dict[str, Any]:
    checked = rubric_editing.check(text)
    return {
        "document": checked.document,
        "problems": beside_lines(checked.problems, text),
        "is_valid": checked.document is not None,
    }
