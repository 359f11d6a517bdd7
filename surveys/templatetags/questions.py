"""How a text of a questionnaire stands on a page."""

from django import template
from django.template.defaultfilters import linebreaks_filter, linebreaksbr
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def said(text: str) -> SafeString:
    """The text, escaped, marked with its language where that is not the page's."""
    return _marked("span", text, conditional_escape(text))


@register.filter
def said_in_lines(text: str) -> SafeString:
    return _marked("span", text, linebreaksbr(text))


@register.filter
def said_in_paragraphs(text: str) -> SafeString:
    return _marked("div", text, linebreaks_filter(text))


def _marked(tag: str, text: str, html: str) -> SafeString:
    """`html` as it is, or in an element that says its language. Takes what the filters above escaped."""
    lang = getattr(text, "lang", "")
    safe = mark_safe(html)  # noqa: S308
    return format_html('<{0} lang="{1}" dir="auto">{2}</{0}>', tag, lang, safe) if lang else safe
