"""The registry as a file: taking it along, and storing what such a file says."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from conversations import catalogue
from conversations.coordinate.forms import CatalogueForm
from conversations.models import LanguageModel, PoolEntry
from prism.lib.ratelimit import rate_limited
from surveys import audit
from surveys.access import Right, person, require, studies_with
from surveys.coordinate.navigation import workbench
from surveys.questionnaires import QuestionnaireError
from surveys.questionnaires.problems import Problem

KINDS = {"yaml": "application/yaml", "json": "application/json"}


def mine(request: HttpRequest) -> catalogue.MayChange:
    """Whether the person runs every study that has a model: only they see its prompt and change it."""
    run = studies_with(person(request), Right.REGISTRY)
    others = set(PoolEntry.objects.exclude(study__in=run).values_list("model_id", flat=True))
    return lambda model: model.pk not in others


@require_safe
@login_required
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """The models that the person may edit, as a file without keys."""
    require(request, Right.REGISTRY)
    found = list(filter(mine(request), LanguageModel.objects.select_related("provider")))
    text = catalogue.export(found, as_json=kind == "json")
    audit.record(person(request), "models.exported", models=len(found))
    response = HttpResponse(text, content_type=f"{KINDS[kind]}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="models.{kind}"'
    return response


@login_required
@rate_limited("models import", limit=60, seconds=3600, by="user")
def load(request: HttpRequest) -> HttpResponse:
    """Choose a file; it is stored as a whole, or its faults are listed."""
    require(request, Right.REGISTRY)
    form = CatalogueForm(request.POST or None, request.FILES or None)
    if request.method != "POST":
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        found = catalogue.check(form.cleaned_data["file"], mine(request))
        _tell(request, *catalogue.store(found, person(request)))
    except QuestionnaireError as error:
        return _page(request, form, error.problems, status=422)
    return redirect("registry:models")


def _tell(request: HttpRequest, providers: int, models: int) -> None:
    stored = ngettext("%d model was added or changed.", "%d models were added or changed.", models) % models
    messages.success(request, stored)
    if providers:
        messages.warning(request, _("New providers have no key yet: enter it on their page."))


def _page(
    request: HttpRequest, form: CatalogueForm, problems: tuple[Problem, ...] = (), status: int = 200
) -> HttpResponse:
    crumbs = [(_("Models"), reverse("registry:models")), (_("Import"), None)]
    context = workbench(request, current="registry:models") | {
        "form": form,
        "problems": problems,
        "page_title": _("Import models"),
        "crumbs": crumbs,
    }
    return render(request, "conversations/coordinate/catalogue.html", context, status=status)
