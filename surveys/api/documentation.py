"""The API's description: OpenAPI for programs, and a page made from it for people."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from surveys.api.authentication import scope_of
from surveys.coordinate.navigation import workbench
from surveys.models.token import Scope


class Described(AutoSchema):
    """Says which scope a route needs, since OpenAPI has no place for it beside a bearer token."""

    def get_description(self) -> str:  # type: ignore[override]
        scope = scope_of(self.view, self.method)
        return f"{super().get_description()}\n\nScope: `{scope}`." if scope else super().get_description()


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "surveys.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


KINDS = {"date-time": "ISO 8601."}


@dataclass(frozen=True)
class Parameter:
    name: str
    text: str


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    text: str
    scope: str
    parameters: list[Parameter]
    body: list[Parameter]


@cache
def routes() -> list[Route]:
    """Every route of the schema, in the order of its addresses."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return [
        _route(method.upper(), path, operation, schema["components"]["schemas"])
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    ]


def _route(method: str, path: str, operation: dict[str, Any], parts: dict[str, Any]) -> Route:
    text, _scope, scope = operation.get("description", "").partition("\n\nScope: ")
    asked = [raw for raw in operation.get("parameters", ()) if raw["in"] == "query"]
    return Route(
        method, path, text, scope.strip("`."), [_parameter(raw) for raw in asked], _body(operation, parts)
    )


def _body(operation: dict[str, Any], parts: dict[str, Any]) -> list[Parameter]:
    """The fields of what is sent as JSON."""
    sent = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    fields = parts.get(sent.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
    return [
        _parameter({"name": name, "schema": field, "description": field.get("description", "")})
        for name, field in fields.items()
    ]


def _parameter(raw: dict[str, Any]) -> Parameter:
    known = ", ".join(str(value) for value in raw["schema"].get("enum", ()))
    text = _("One of: %(known)s.") % {"known": known} if known else KINDS.get(raw["schema"].get("format"), "")
    said = raw.get("description", "").split("\n")[0]
    told = "" if said.startswith("* ") else said  # a list of the known values, which stand in `text`
    return Parameter(raw["name"], " ".join(filter(None, [told, text])))


def documentation(request: HttpRequest) -> HttpResponse:
    """The routes as a page. It shows nobody's data, so that everybody may read it."""
    context = workbench(request) | {
        "page_title": _("The API"),
        "crumbs": [],
        "routes": routes(),
        "scopes": Scope.choices,
    }
    return render(request, "surveys/coordinate/api.html", context)
