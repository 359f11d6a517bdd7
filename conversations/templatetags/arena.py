"""Addresses within the arena that a page belongs to."""

from typing import Any

from django import template
from django.template import Context

from conversations.arena.addresses import address

register = template.Library()


@register.simple_tag(takes_context=True)
def arena_url(context: Context, name: str, *args: Any) -> str:
    """The page called `name` of the arena of the context's `study`."""
    return address(context["study"], name, *args)
