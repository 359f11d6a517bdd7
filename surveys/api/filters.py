"""What the parameters that narrow lists have in common."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request


class Filter(serializers.Serializer[Any]):
    """The parameters of a list. One that we do not know would filter nothing, silently."""

    @classmethod
    def asked(cls, request: Request) -> dict[str, Any]:
        """What the address asks for. Raises ValidationError that names each wrong parameter."""
        filters = cls(data=request.query_params)
        filters.is_valid(raise_exception=True)
        return dict(filters.validated_data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = set(self.initial_data) - set(self.fields) - {"cursor", "limit"}
        if unknown:
            raise serializers.ValidationError({name: [_("is not known here.")] for name in sorted(unknown)})
        return attrs
