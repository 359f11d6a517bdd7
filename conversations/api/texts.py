"""What people and models wrote, for who may have it: as an export would hold it, or not at all."""

from functools import cached_property
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from rest_framework import serializers

from conversations.privacy.leaving import leaving
from conversations.privacy.versions import rules_for
from surveys import audit
from surveys.access import Right, held, person
from surveys.api.authentication import require_scope
from surveys.api.filters import Filter
from surveys.api.views import OfStudy
from surveys.models import Study
from surveys.models.token import Scope


class Texts:
    """Passes texts on by the study's rules for exports; without `is_given` all of them are null."""

    def __init__(self, study: Study, *, is_given: bool) -> None:
        self._rules = rules_for(study) if is_given else None

    def __call__(self, text: str) -> str | None:
        return leaving(text, self._rules)[0] if self._rules else None


class WrittenField(serializers.CharField):
    """A text that somebody or a model wrote. Null where texts were not asked for, or must not leave."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"read_only": True, "allow_null": True, **more})

    def to_representation(self, value: str) -> str | None:  # type: ignore[override]
        texts: Texts = self.context["texts"]
        return texts(value)


class WithTexts(OfStudy):
    """A view whose answers hold texts where `text=with` asks for them, which is written into the audit."""

    filters: type[Filter]
    text_right = Right.EXPORT_FULL

    @cached_property
    def asked(self) -> dict[str, Any]:
        return self.filters.asked(self.request)

    @cached_property
    def texts(self) -> Texts:
        is_given = self.asked.get("text") == "with"
        if is_given:
            self._allow()
        return Texts(self.study, is_given=is_given)

    def _allow(self) -> None:
        require_scope(self.request, Scope.TEXTS)
        if self.text_right not in held(self.request.user, self.study):
            raise PermissionDenied(_("Texts need the right to export in full."))
        asked = {name: str(value) for name, value in self.asked.items()}
        what = type(self).__name__.lower()
        audit.record(
            person(self.request._request), "api.texts_read", study=self.study, subject=what, asked=asked
        )

    def get_serializer_context(self) -> dict[str, Any]:
        context = {**super().get_serializer_context()}
        is_described = getattr(self, "swagger_fake_view", False)
        return context if is_described else context | {"texts": self.texts}
