"""What the routes of annotations share: the batch of an address, a person's pace, the forms of the pages."""

from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.forms import BaseForm
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from accounts.models import User
from annotations.models import Batch
from prism.lib.ratelimit import allow
from surveys.access import person
from surveys.api.views import OfStudy
from surveys.models.token import Scope

HOUR = 3600


class Sent(serializers.Serializer[Any]):
    """A body. A field that is not known would do nothing, silently."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        if unknown:
            raise serializers.ValidationError({name: [_("is not known here.")] for name in sorted(unknown)})
        given: dict[str, Any] = super().to_internal_value(data)
        return given

    @classmethod
    def given(cls, request: Request, **options: Any) -> dict[str, Any]:
        """What was sent. Raises ValidationError that names each wrong field."""
        sent = cls(data=request.data, **options)
        sent.is_valid(raise_exception=True)
        return dict(sent.validated_data)


class Annotating(OfStudy):
    """A view of annotations in a study."""

    scope, write_scope = Scope.ANNOTATIONS, Scope.ANNOTATIONS_WRITE
    queryset: QuerySet[Any] = Batch.objects.none()

    @property
    def by(self) -> User:
        return person(self.request._request)


class OfBatch(Annotating):
    """A view under /studies/<slug>/batches/<name>/."""

    @cached_property
    def batch(self) -> Batch:
        rows = self.study.batches.select_related("rubric_version__rubric", "study", "created_by")
        return get_object_or_404(rows, slug=self.kwargs["name"])


def at_a_pace(request: Request, name: str, limit: int) -> None:
    """So often an hour as the page lets one, page and programs together. Raises Throttled."""
    if not allow(f"{name}:user:{person(request._request).pk}", limit, HOUR):
        raise Throttled(HOUR)


def checked(form: BaseForm, **names: str) -> None:
    """Check what came in by the rules of the page's form; `names` are those of the API where they differ.

    Raises ValidationError.
    """
    if form.is_valid():
        return
    raise serializers.ValidationError(
        {
            names.get(field, "non_field_errors" if field == "__all__" else field): [
                str(text) for text in said
            ]
            for field, said in form.errors.items()
        }
    )
