"""The file formats that Prism reads, published for editors and other programs."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from surveys.questionnaires import SCHEMA_FILE


@require_safe
@cache_control(public=True, max_age=3600)
@conditional_page
def questionnaire(request: HttpRequest) -> HttpResponse:
    """The JSON Schema by which every questionnaire is checked: the very file."""
    return HttpResponse(SCHEMA_FILE.read_bytes(), content_type="application/schema+json")
