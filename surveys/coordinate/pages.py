"""What the pages about a study share: who may come in, an act and what is said of it, refused forms."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from surveys.access import Right, study_for
from surveys.models import Study

View = Callable[..., HttpResponse]
Said = str | HttpResponse
LONGEST_TEXT = 200_000


class NotDone(Exception):
    """An act changed nothing; the text tells the person why."""


def study_page(right: Right) -> Callable[[View], View]:
    """A page for people with `right` in a study: they sign in, and the view gets the study for its slug.

    Strangers to the study get 404 and members without the right 403, see `study_for`.
    """

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def page(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponse:
            return view(request, study_for(request, slug, right), *args, **kwargs)

        return page

    return decorate


def study_act(right: Right, back: str, *refusals: type[Exception]) -> Callable[[Callable[..., Said]], View]:
    """A button about a study: the function gets the study, does it, and the page `back` is shown again.

    The function returns and raises what `tried` understands; a page that it returns is shown instead.
    """

    def decorate(act: Callable[..., Said]) -> View:
        @require_POST
        @study_page(right)
        @wraps(act)
        def view(request: HttpRequest, study: Study, *args: Any, **kwargs: Any) -> HttpResponse:
            shown = tried(request, lambda: act(request, study, *args, **kwargs), *refusals)
            return shown or redirect(back, study.slug)

        return view

    return decorate


def tried(request: HttpRequest, act: Callable[[], Said], *refusals: type[Exception]) -> HttpResponse | None:
    """Do it and tell the person how it went: the text it returns, or that of NotDone or one of `refusals`.

    A page that the act returns, such as its form with what is wrong in it, is handed on.
    """
    expected: tuple[type[Exception], ...] = (NotDone, *refusals)
    try:
        said = act()
    except expected as error:
        messages.error(request, str(error))
        return None
    if isinstance(said, HttpResponse):
        return said
    messages.success(request, said)
    return None


def typed_text(request: HttpRequest, *, most: int | None = LONGEST_TEXT) -> str:
    """The posted `text`, cut short, with plain line ends and without what PostgreSQL does not store."""
    text = request.POST.get("text", "").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return text[:most]


def show_forms(
    request: HttpRequest, template: str, context: dict[str, Any], *forms: BaseForm
) -> HttpResponse:
    """The page, with status 422 where one of its forms was refused."""
    status = 422 if any(form.errors for form in forms) else 200
    return render(request, template, context, status=status)
