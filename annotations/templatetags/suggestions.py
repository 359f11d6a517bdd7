"""What a judge suggests for a field of the form, by the field's name."""

from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def suggested(form: Mapping[str, str] | None, name: str) -> str:
    return form.get(name, "") if form else ""
