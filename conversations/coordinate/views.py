"""The registry of providers and models, and which models a study may draw."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations import drawing, registry
from conversations.coordinate.forms import LanguageModelForm, ModelFilter, PoolForm, ProviderForm
from conversations.models import LanguageModel, PoolEntry, Provider
from conversations.trial import try_model
from prism.lib.ratelimit import rate_limited
from surveys.access import Right, may, person, require
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.models import Study


@login_required
def models(request: HttpRequest) -> HttpResponse:
    require(request, Right.REGISTRY)
    pools = Count("pools", filter=Q(pools__is_on=True))
    chosen = ModelFilter(request.GET.dict())
    context = workbench(request, current="registry:models") | {
        "filter": chosen,
        "is_filtered": any(chosen.data.values()),
        "models": chosen.chosen()
        .select_related("provider")
        .annotate(studies=pools)
        .order_by("status", "name"),
        "providers": Provider.objects.annotate(count=Count("models")).order_by("name"),
    }
    return render(request, "conversations/coordinate/models.html", context)


def require_in_every_study(request: HttpRequest, used: QuerySet[LanguageModel]) -> None:
    """Whoever changes where texts are sent must run every study whose participants wrote them."""
    studies = Study.objects.filter(pool__model__in=used).distinct()
    if not all(may(person(request), Right.REGISTRY, study) for study in studies):
        raise PermissionDenied(_("A study that you do not run uses this. Ask its owner for the change."))


@login_required
def edit_provider(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Add a provider (without `pk`) or edit one."""
    require(request, Right.REGISTRY)
    provider = get_object_or_404(Provider, pk=pk) if pk else Provider()
    require_in_every_study(request, LanguageModel.objects.filter(provider=pk))
    title = provider.name or _("Add a provider")
    form = ProviderForm(request.POST or None, instance=provider)
    if request.method == "POST" and form.is_valid():
        registry.store_provider(provider, person(request), form.changes, form.cleaned_data["key"])
        messages.success(request, _("The provider %s is stored.") % provider.name)
        return redirect("registry:models")
    context = workbench(request, current="registry:models") | {
        "form": form,
        "page_title": title,
        "has_key": bool(provider.encrypted_key),
    }
    return render(request, "conversations/coordinate/provider.html", context)


@login_required
def edit_model(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Add a model (without `pk`) or edit one."""
    require(request, Right.REGISTRY)
    model = (
        get_object_or_404(LanguageModel.objects.select_related("provider"), pk=pk) if pk else LanguageModel()
    )
    require_in_every_study(request, LanguageModel.objects.filter(pk=pk or 0))
    title = model.name or _("Add a model")
    form = LanguageModelForm(request.POST or None, instance=model)
    if request.method == "POST" and form.is_valid():
        registry.store_model(model, person(request), form.changes)
        messages.success(request, _("The model %s is stored.") % model.name)
        return redirect("registry:models")
    context = workbench(request, current="registry:models") | {
        "form": form,
        "page_title": title,
        "model": model,
    }
    return render(request, "conversations/coordinate/model.html", context)


@require_POST
@login_required
@rate_limited("model test", limit=60, seconds=600, by="user")
def test_model(request: HttpRequest, pk: int) -> HttpResponse:
    """Call the model once and say what came of it."""
    require(request, Right.REGISTRY)
    model = get_object_or_404(LanguageModel.objects.select_related("provider"), pk=pk)
    trial = try_model(model, person(request))
    tell = messages.error if trial.failure else messages.success
    tell(request, f"{model.name}: {trial.summary}")
    return redirect("registry:models")


@study_page(Right.RUN)
def pool(request: HttpRequest, study: Study) -> HttpResponse:
    """Which models the study may draw."""
    if request.method == "POST":
        return _choose(request, study)
    chosen = set(PoolEntry.objects.filter(study=study, is_on=True).values_list("model_id", flat=True))
    offered = LanguageModel.objects.select_related("provider").exclude(status="archived")
    context = workbench(request, study, "registry:pool") | {
        "models": [(model, model.pk in chosen) for model in offered],
        "needed": drawing.needed(study),
        "drawable": len(drawing.eligible(study.pk)),
    }
    return render(request, "conversations/coordinate/pool.html", context)


def _choose(request: HttpRequest, study: Study) -> HttpResponse:
    form = PoolForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("One of the models is gone. Nothing was changed; look at the list again."))
        return redirect("registry:pool", study.slug)
    added, removed = registry.choose_pool(study, list(form.cleaned_data["models"]), person(request))
    numbers = {"added": added, "removed": removed}
    messages.success(request, _("Stored: %(added)d added, %(removed)d taken out.") % numbers)
    return redirect("registry:pool", study.slug)
