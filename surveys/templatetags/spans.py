"""Lengths of time in words, and shares in percent."""

from datetime import timedelta

from django import template
from django.template.defaultfilters import floatformat
from django.utils.translation import ngettext

register = template.Library()


@register.filter
def span(length: timedelta) -> str:
    """Roughly: whole minutes, hours, days or weeks, whichever gives a small number of two or more."""
    number, unit = _measured(length)
    return _worded(number, unit) % {"number": number}


@register.filter
def until(low: timedelta, high: timedelta) -> str:
    """From one length to another, naming the unit once where it is the same."""
    (least, unit), (most, other) = _measured(low), _measured(high)
    if unit != other:
        return f"{span(low)} – {span(high)}"
    return _worded(most, unit) % {"number": f"{least}–{most}" if least != most else most}


def _measured(length: timedelta) -> tuple[int, str]:
    minutes = max(1, round(length.total_seconds() / 60))
    if minutes < 120:
        return minutes, "minutes"
    if minutes < 48 * 60:
        return round(minutes / 60), "hours"
    days = round(minutes / (24 * 60))
    return (days, "days") if days < 21 else (round(days / 7), "weeks")


def _worded(number: int, unit: str) -> str:
    return {
        "minutes": ngettext("%(number)s minute", "%(number)s minutes", number),
        "hours": ngettext("%(number)s hour", "%(number)s hours", number),
        "days": ngettext("%(number)s day", "%(number)s days", number),
        "weeks": ngettext("%(number)s week", "%(number)s weeks", number),
    }[unit]


@register.filter
def percent(share: float, places: int) -> str:
    """A part of all."""
    return f"{floatformat(100 * share, places)} %"


@register.filter
def points(gap: float) -> str:
    """A difference of two shares in percentage points, with its sign."""
    return f"{'-' if gap < 0 else '+'}{floatformat(abs(100 * gap), 1)}"
