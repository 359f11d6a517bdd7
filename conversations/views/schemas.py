"""The format of protocols, published for editors and other programs."""

from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from conversations import protocols

SCHEMA_FILE = Path(protocols.__file__).parent / "schema.json"


@require_safe
@cache_control(public=True, max_age=3600)
@conditional_page
def protocol(request: HttpRequest) -> HttpResponse:
    """The JSON Schema of the documents that the workbench's editor takes: the very file."""
    return HttpResponse(SCHEMA_FILE.read_bytes(), content_type="application/schema+json")
