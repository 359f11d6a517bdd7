"""The format of rubrics, published for editors and other programs."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from annotations.rubrics import SCHEMA_FILE


@require_safe
@cache_control(public=True, max_age=3600)
@conditional_page
def rubric(request: HttpRequest) -> HttpResponse:
    """The JSON Schema of the texts that the workbench's editor takes: the very file."""
    return HttpResponse(SCHEMA_FILE.read_bytes(), content_type="application/schema+json")
