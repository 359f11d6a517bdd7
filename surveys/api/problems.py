"""Every error of the API has one shape: application/problem+json (RFC 9457)."""

import logging
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.response import Response
from rest_framework.views import exception_handler

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger(__name__)


class NotNow(APIException):
    """What was asked for is not possible as things stand; the detail says what to do."""

    status_code = 409


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an error: type, title, status, detail, and `errors` by parameter where there are some."""
    answer = exception_handler(error, context)
    if answer is None and settings.DEBUG:
        return None
    if answer is None:
        log.error("the API failed: %s", type(error).__name__, exc_info=error)
        return said(500, _("Something went wrong on our side. Nothing was changed."))
    told = answer.data
    detail = told.get("detail") if isinstance(told, dict) else None
    if isinstance(detail, ErrorDetail):
        return said(answer.status_code, detail, answer.headers)
    return said(answer.status_code, _("Some parameters are not valid."), answer.headers, errors=told)


def said(status: int, detail: str, headers: Any = None, **more: Any) -> Response:
    """A problem as an answer, with `more` beside what every problem has."""
    kept = {name: value for name, value in (headers or {}).items() if name != "Content-Type"}
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(body | more, status=status, headers=kept, content_type=MEDIA_TYPE)
