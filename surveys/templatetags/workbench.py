"""What the pages of the workbench are made of: tables that scroll in a frame, buttons that act, moments."""

from datetime import datetime
from typing import Any

from django import template
from django.template.defaultfilters import date
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_block_tag
def table(
    content: str, label: str, caption: str = "", *, is_seen: bool = False, look: str = "", frame: str = ""
) -> SafeString:
    """The head and body of a table in a frame that scrolls, also by keyboard.

    The label names both. The caption is seen where it says more, and the label with `is_seen`. `look` and
    `frame` are further classes of the table and its frame.
    """
    return format_html(
        '<div class="table-frame {}" tabindex="0" role="region" aria-label="{}">'
        '<table class="table {}"><caption class="{}">{}</caption>{}</table></div>',
        frame,
        label,
        look,
        "" if caption or is_seen else "visually-hidden",
        caption or label,
        content,
    )


@register.inclusion_tag("prism/act.html")
def act(
    label: str, address: str, *args: Any, about: object = "", look: str = "outline-secondary"
) -> dict[str, Any]:
    """A form of one button, to the page named `address` with `args`.

    `about` is read out behind the label where several buttons have the same one.
    """
    return {"label": label, "url": reverse(address, args=args), "about": about, "look": look}


@register.filter(expects_localtime=True)
def moment(at: datetime | None, form: str = "Y-m-d H:i") -> SafeString | str:
    """A time as the workbench writes it, exact for machines; "" where there is none."""
    return format_html('<time datetime="{}">{}</time>', date(at, "c"), date(at, form)) if at else ""
