"""Lengths of time in words, and shares in percent."""

from datetime import timedelta

from django import template
from django.utils.translation import ngettext

register = template.Library()


@register.filter
def span(length: timedelta) -> str:
    """Roughly: whole minutes, hours, days or weeks, whichever gives a small number of two or more."""
    minutes = max(1, round(length.total_seconds() / 60))
    if minutes < 120:
        return ngettext("%(number)s minute", "%(number)s minutes", minutes) % {"number": minutes}
    if minutes < 48 * 60:
        hours = round(minutes / 60)
        return ngettext("%(number)s hour", "%(number)s hours", hours) % {"number": hours}
    days = round(minutes / (24 * 60))
    if days < 21:
        return ngettext("%(number)s day", "%(number)s days", days) % {"number": days}
    weeks = round(days / 7)
    return ngettext("%(number)s week", "%(number)s weeks", weeks) % {"number": weeks}


@register.filter
def percent(share: float, places: int) -> str:
    """A part of all."""
    return f"{100 * share:.{places}f} %"


@register.filter
def points(gap: float) -> str:
    """A difference of two shares in percentage points, with its sign."""
    return f"{100 * gap:+.1f}"
