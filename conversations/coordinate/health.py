"""The page that shows how providers and models do, and lets one that rests come back at once."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations import registry
from conversations.endpoints import figures
from conversations.models import Provider
from surveys.access import Right, person, require
from surveys.coordinate.navigation import workbench


@login_required
def health(request: HttpRequest) -> HttpResponse:
    require(request, Right.REGISTRY)
    context = workbench(request, current="registry:health") | {
        "lines": figures.of_models(),
        "providers": figures.of_providers(),
    }
    return render(request, "conversations/coordinate/health.html", context)


@require_POST
@login_required
def bring_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Draw a provider's models again without waiting for its rest to end."""
    require(request, Right.REGISTRY)
    provider = get_object_or_404(Provider, pk=pk)
    if registry.bring_back(provider, person(request)):
        messages.success(request, _("%s is drawn again.") % provider.name)
    else:
        messages.info(request, _("%s was not resting.") % provider.name)
    return redirect("registry:health")
