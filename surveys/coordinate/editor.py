"""The editor of a text that is stored in versions: what is typed is kept, checked, stored or thrown away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from accounts.models import User
from prism.lib.headers import POLICY
from prism.lib.numbers import whole_number
from surveys.access import person
from surveys.comparing import compare
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import typed_text
from surveys.editing import EditingError, StaleEdit
from surveys.models import Study

FRAMING = f"{POLICY}; frame-src 'self'"

S_contra = TypeVar("S_contra", contravariant=True)
S = TypeVar("S")
V = TypeVar("V")


class Drafts(Protocol[S_contra, V]):
    """A module with the drafts and versions of one subject, such as surveys.editing for a study.

    `writing` gives what stands in a person's editor: `text`, `base` (the version it began from), `is_draft`.
    """

    def newest(self, subject: S_contra, /) -> V | None: ...
    def version_of(self, subject: S_contra, key: int | None, /) -> V | None: ...
    def writing(self, subject: S_contra, user: User, /) -> Any: ...
    def keep(self, subject: S_contra, user: User, text: str, base: V | None, /) -> None: ...
    def discard(self, subject: S_contra, user: User, /) -> None: ...
    def store(self, subject: S_contra, user: User, text: str, base: V | None, /) -> V: ...


@dataclass(frozen=True)
class Editor(Generic[S, V]):
    """One editor, of `subject` within `study`.

    `findings` says of a text what the template `findings_template` shows, and `is_valid`. `fault` is what is
    raised for a text that cannot be stored, `refusal` what the person is then told. `text_of` gives the text
    of a version, `stored` the answer once there is one. `context` is what the template needs besides.
    """

    drafts: Drafts[S, V]
    subject: S
    study: Study
    place: str
    address: str
    template: str
    findings_template: str
    findings: Callable[[str], dict[str, Any]]
    fault: type[Exception]
    refusal: str
    text_of: Callable[[V], str]
    stored: Callable[[V], HttpResponse]
    context: dict[str, Any] = field(default_factory=dict)


def edit(request: HttpRequest, editor: Editor[S, V]) -> HttpResponse:
    """The editor's page, and its buttons."""
    if request.method == "POST":
        return _act(request, editor)
    writing = editor.drafts.writing(editor.subject, person(request))
    return _page(request, editor, writing.text, writing.base, is_draft=writing.is_draft)


def check(request: HttpRequest, editor: Editor[S, V]) -> HttpResponse:
    """While one types: keep the draft, and say what is wrong with it."""
    text = typed_text(request, most=None)
    try:
        editor.drafts.keep(editor.subject, person(request), text, _base(request, editor))
    except EditingError as error:
        return JsonResponse({"problem": str(error)}, status=413)
    found = {"study": editor.study, **editor.context, **editor.findings(text)}
    html = render_to_string(editor.findings_template, found, request=request)
    return JsonResponse({"html": html, "is_valid": found["is_valid"]})


def _act(request: HttpRequest, editor: Editor[S, V]) -> HttpResponse:
    """Whatever the button was, what was typed is kept first."""
    drafts, subject, user = editor.drafts, editor.subject, person(request)
    if "discard" in request.POST:
        drafts.discard(subject, user)
        messages.success(request, _("Your draft is gone. This is the newest version."))
        return redirect(editor.address)
    text, base = typed_text(request, most=None), _base(request, editor)
    try:
        drafts.keep(subject, user, text, base)
        if "store" not in request.POST:
            return redirect(editor.address)
        return editor.stored(drafts.store(subject, user, text, base))
    except StaleEdit as error:
        return _page(request, editor, text, error.newest, other=base, refusal=str(error), status=409)
    except editor.fault:
        return _page(request, editor, text, base, refusal=editor.refusal, status=422)
    except EditingError as error:
        return _page(request, editor, text, base, refusal=str(error), status=422)


def _base(request: HttpRequest, editor: Editor[S, V]) -> V | None:
    """The version the text began from; one of another subject is none."""
    return editor.drafts.version_of(editor.subject, whole_number(request.POST.get("base", "")))


def _page(
    request: HttpRequest,
    editor: Editor[S, V],
    text: str,
    base: V | None,
    *,
    is_draft: bool = True,
    other: V | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    latest = editor.drafts.newest(editor.subject)
    changes = compare(editor.text_of(other), editor.text_of(base)) if other and base else []
    context = workbench(request, editor.study, editor.place) | editor.context | editor.findings(text)
    context |= {"text": text, "base": base, "latest": latest, "is_draft": is_draft, "changes": changes}
    context |= {"is_stale": latest != base, "refusal": refusal}
    context["findings_template"] = editor.findings_template
    response = render(request, editor.template, context, status=status)
    response["Content-Security-Policy"] = FRAMING
    return response
