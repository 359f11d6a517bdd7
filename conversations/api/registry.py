"""The registry of models and providers over the API, and the pool of a study."""

from functools import cached_property
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.forms import ModelForm, model_to_dict
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import catalogue, drawing, registry
from conversations.api import registry_serializers as shapes
from conversations.api.documents import faulty
from conversations.coordinate.catalogue import mine
from conversations.coordinate.forms import LanguageModelForm, ProviderForm
from conversations.coordinate.views import require_in_every_study
from conversations.endpoints import figures
from conversations.models import LanguageModel, PoolEntry, Provider
from conversations.trial import try_model
from prism.lib.ratelimit import allow
from surveys import audit
from surveys.access import Right, person, require
from surveys.api.pages import OldestFirst
from surveys.api.views import OfStudy
from surveys.models import Study
from surveys.models.token import Scope
from surveys.questionnaires import QuestionnaireError


class OfRegistry(GenericAPIView[Any]):
    """A view of what all studies share; for people with the right in any study."""

    scope, write_scope = Scope.MODELS, Scope.MODELS_WRITE

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        require(request._request, Right.REGISTRY)

    @property
    def plain(self) -> HttpRequest:
        """The request as pages know it."""
        return self.request._request


def models() -> QuerySet[LanguageModel]:
    pools = Count("pools", filter=Q(pools__is_on=True))
    return LanguageModel.objects.select_related("provider").annotate(studies=pools)


def stored(form: ModelForm, changed: Any) -> None:
    """Check what came in by the rules of the page's form, and store it. Raises ValidationError."""
    if not form.is_valid():
        raise serializers.ValidationError(
            {name: [str(text) for text in said] for name, said in form.errors.items()}
        )
    changed(form)


class Models(OfRegistry, ListAPIView[LanguageModel]):
    """Every model of the registry; without prompts and parameters."""

    serializer_class = shapes.ModelSerializer
    pagination_class = OldestFirst
    queryset = LanguageModel.objects.none()

    def get_queryset(self) -> QuerySet[LanguageModel]:
        asked = shapes.ModelFilter.asked(self.request)
        lookups = {
            "q": "name__icontains",
            "provider": "provider__name",
            "language": "languages__contains",
        }
        return models().filter(**{lookups.get(name, name): value for name, value in asked.items()})

    @extend_schema(parameters=[shapes.ModelFilter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(request=shapes.ModelChange, responses={201: shapes.WholeModelSerializer})
    def post(self, request: Request) -> Response:
        """Add a model."""
        return Response(store_model(self.plain, LanguageModel(), request.data), status=201)


class OneModel(OfRegistry):
    """A model with its prompt and parameters, for who runs every study that may draw it."""

    serializer_class = shapes.WholeModelSerializer
    queryset = LanguageModel.objects.none()

    @cached_property
    def model(self) -> LanguageModel:
        found = get_object_or_404(models(), pk=self.kwargs["id"])
        require_in_every_study(self.plain, LanguageModel.objects.filter(pk=found.pk))
        return found

    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response(shapes.WholeModelSerializer(self.model).data)

    @extend_schema(request=shapes.ModelChange(partial=True))
    def patch(self, request: Request, **kwargs: Any) -> Response:
        """Change some fields, for example `status` to `archived`."""
        return Response(store_model(self.plain, self.model, request.data))


def store_model(request: HttpRequest, model: LanguageModel, given: Any) -> dict[str, Any]:
    change = shapes.ModelChange(model if model.pk else None, data=given, partial=bool(model.pk))
    change.is_valid(raise_exception=True)
    values = form_values(model, LanguageModelForm) | change.validated_data
    values["languages"] = ", ".join(values.get("languages") or [])
    if isinstance(values.get("provider"), Provider):
        values["provider"] = values["provider"].pk
    form = LanguageModelForm(values, instance=model)
    stored(form, lambda form: registry.store_model(model, person(request), form.changes))
    return dict(shapes.WholeModelSerializer(models().get(pk=model.pk)).data)


def form_values(instance: Any, form: type[ModelForm]) -> dict[str, Any]:
    """What the page's form would hold before it is touched."""
    return model_to_dict(instance, fields=form._meta.fields)


class TryModel(OfRegistry):
    """Call a model once, as the button of the page does."""

    serializer_class = shapes.TrialSerializer
    queryset = LanguageModel.objects.none()

    @extend_schema(request=None)
    def post(self, request: Request, **kwargs: Any) -> Response:
        if not allow(f"model test:user:{person(self.plain).pk}", 60, 600):
            raise Throttled(600)
        model = get_object_or_404(LanguageModel.objects.select_related("provider"), pk=kwargs["id"])
        return Response(shapes.TrialSerializer(try_model(model, person(self.plain))).data)


class Catalogue(OfRegistry):
    """The registry as one document."""

    serializer_class = shapes.DocumentSerializer
    queryset = LanguageModel.objects.none()

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The models that you may edit, as the document that the other method takes; without keys."""
        found = list(filter(mine(self.plain), LanguageModel.objects.select_related("provider")))
        audit.record(person(self.plain), "models.exported", models=len(found))
        return Response(catalogue.document(found))

    @extend_schema(responses=shapes.StoredSerializer)
    def post(self, request: Request) -> Response:
        """Store what a document says, as a whole or not at all; faults come with their lines."""
        given = shapes.DocumentSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            found = catalogue.check(given.validated_data["document"], mine(self.plain))
            numbers = catalogue.store(found, person(self.plain))
        except QuestionnaireError as error:
            return faulty(error.problems)
        return Response(dict(zip(("providers", "models"), numbers, strict=True)))


class Providers(OfRegistry, ListAPIView[Provider]):
    """The endpoints that models are called at; never a key."""

    serializer_class = shapes.ProviderSerializer
    pagination_class = OldestFirst
    queryset = Provider.objects.all()

    @extend_schema(request=shapes.ProviderChange, responses={201: shapes.ProviderSerializer})
    def post(self, request: Request) -> Response:
        """Add a provider."""
        return Response(store_provider(self.plain, Provider(), request.data), status=201)


class OneProvider(OfRegistry):
    """A provider, for who runs every study that may draw one of its models."""

    serializer_class = shapes.ProviderSerializer
    queryset = Provider.objects.none()

    @cached_property
    def provider(self) -> Provider:
        found = get_object_or_404(Provider, pk=self.kwargs["id"])
        require_in_every_study(self.plain, LanguageModel.objects.filter(provider=found.pk))
        return found

    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response(shapes.ProviderSerializer(self.provider).data)

    @extend_schema(request=shapes.ProviderChange(partial=True))
    def patch(self, request: Request, **kwargs: Any) -> Response:
        """Change some fields; an address on another server needs the key again."""
        return Response(store_provider(self.plain, self.provider, request.data))


def store_provider(request: HttpRequest, provider: Provider, given: Any) -> dict[str, Any]:
    change = shapes.ProviderChange(provider if provider.pk else None, data=given, partial=bool(provider.pk))
    change.is_valid(raise_exception=True)
    form = ProviderForm(form_values(provider, ProviderForm) | change.validated_data, instance=provider)
    stored(
        form,
        lambda form: registry.store_provider(
            provider, person(request), form.changes, form.cleaned_data["key"]
        ),
    )
    return dict(shapes.ProviderSerializer(provider).data)


class BringBack(OfRegistry):
    """Draw a provider's models again without waiting for its rest to end."""

    serializer_class = shapes.ProviderSerializer
    queryset = Provider.objects.none()

    @extend_schema(request=None)
    def post(self, request: Request, **kwargs: Any) -> Response:
        provider = get_object_or_404(Provider, pk=kwargs["id"])
        registry.bring_back(provider, person(self.plain))
        provider.refresh_from_db()
        return Response(shapes.ProviderSerializer(provider).data)


class Health(OfRegistry):
    """How providers and models did in the last 24 hours."""

    serializer_class = shapes.HealthSerializer
    queryset = Provider.objects.none()

    def get(self, request: Request) -> Response:
        found = {"providers": figures.of_providers(), "models": figures.of_models()}
        return Response(shapes.HealthSerializer(found).data)


class Pool(OfStudy):
    """The models that a study may draw."""

    scope, write_scope = Scope.MODELS, Scope.MODELS_WRITE
    right = Right.RUN
    serializer_class = shapes.PoolSerializer
    queryset = PoolEntry.objects.none()

    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response(pool(self.study))

    def put(self, request: Request, **kwargs: Any) -> Response:
        """Let the study draw exactly these models; open conversations keep theirs."""
        given = shapes.PoolSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data["models"]
        found = list(LanguageModel.objects.filter(name__in=wanted).exclude(status="archived"))
        unknown = sorted(set(wanted) - {model.name for model in found})
        if unknown:
            text = _("These models are not offered here: %s.") % ", ".join(unknown)
            raise serializers.ValidationError({"models": [text]})
        registry.choose_pool(self.study, found, person(request._request))
        return Response(pool(self.study))


def pool(study: Study) -> dict[str, Any]:
    chosen = PoolEntry.objects.filter(study=study, is_on=True).order_by("model__name")
    return {
        "models": list(chosen.values_list("model__name", flat=True)),
        "needed": drawing.needed(study),
        "drawable": len(drawing.eligible(study.pk)),
    }
