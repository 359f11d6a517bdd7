"""Signals in plain words: what was seen, compared with what, and how many that rests on."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from surveys.models import Device, Signal

Kind = Signal.Kind
Detail = dict[str, Any]


def reason(signal: Signal) -> str:
    """Why the signal stands there."""
    figures = {**signal.detail, "key": signal.key, "n": signal.n or 0}
    return _WORDS[signal.kind](figures) if signal.detail or signal.kind in _PLAIN else ""


def _failed_check(figures: Detail) -> str:
    return _("The answer to the attention check “%(key)s” was not the one it asks for.") % figures


def _fast_survey(figures: Detail) -> str:
    text = _(
        "All pages took %(seconds)s s; the median of %(n)d people is %(median)s s and reading takes about "
        "%(reading)s s. The time is more than %(deviations)s standard deviations below the log-mean."
    )
    return text % figures


def _fast_page(figures: Detail) -> str:
    text = _(
        "The page “%(key)s” took %(seconds)s s; the median of %(n)d people is %(median)s s and reading takes "
        "about %(reading)s s. The time is more than %(deviations)s standard deviations below the log-mean."
    )
    return text % figures


def _straight_line(figures: Detail) -> str:
    return _("All %(items)d items of “%(key)s” have the same value: %(value)s.") % figures


def _same_text(figures: Detail) -> str:
    words = ngettext(
        "The text in “%(key)s” (%(words)d words) agrees to %(percent)d %% with that of %(others)d of %(n)d "
        "people who wrote: %(with)s.",
        "The text in “%(key)s” (%(words)d words) agrees to %(percent)d %% with those of %(others)d of %(n)d "
        "people who wrote, for example %(with)s.",
        figures["others"],
    )
    return words % {**figures, "with": ", ".join(figures["with"])}


def _copied_page(figures: Detail) -> str:
    return _("%(percent)d %% of the text in “%(key)s” (%(words)d words) stands on the page itself.") % figures


def _pasted(figures: Detail) -> str:
    return _("%(pasted)d of the %(characters)d characters in “%(key)s” were pasted.") % figures


def _no_keys(figures: Detail) -> str:
    return (
        _("The text in “%(key)s” has %(characters)d characters, but only %(keys)d keystrokes were counted.")
        % figures
    )


def _fast_typing(figures: Detail) -> str:
    return (
        _("The text in “%(key)s” (%(characters)d characters) was typed at %(speed)s keystrokes a second.")
        % figures
    )


def _wrong_device(figures: Detail) -> str:
    labels = dict(Device.Form.choices)
    allowed = ", ".join(str(labels[form]) for form in figures["allowed"])
    return _("Pages were sent from a %(form)s; the study asks for: %(allowed)s.") % {
        "form": labels[figures["form"]],
        "allowed": allowed,
    }


def _many_devices(figures: Detail) -> str:
    return _("The study was opened in %(devices)d browsers.") % figures


def _shared_device(figures: Detail) -> str:
    return _("The same browser belonged to %(with)s in this study.") % figures


_PLAIN = frozenset({Kind.FAILED_CHECK})
_WORDS: dict[str, Callable[[Detail], str]] = {
    Kind.FAILED_CHECK: _failed_check,
    Kind.FAST_SURVEY: _fast_survey,
    Kind.FAST_PAGE: _fast_page,
    Kind.STRAIGHT_LINE: _straight_line,
    Kind.SAME_TEXT: _same_text,
    Kind.COPIED_PAGE: _copied_page,
    Kind.PASTED: _pasted,
    Kind.NO_KEYS: _no_keys,
    Kind.FAST_TYPING: _fast_typing,
    Kind.WRONG_DEVICE: _wrong_device,
    Kind.MANY_DEVICES: _many_devices,
    Kind.SHARED_DEVICE: _shared_device,
}
