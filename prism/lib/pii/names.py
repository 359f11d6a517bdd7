"""Names of people: found by a model that somebody installs beside Prism, as none is shipped.

The setting NAME_FINDER has the path of a function, such as `our_names.find`: a text in, the places of names
in it out, as pairs of where each begins and ends.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from django.conf import settings
from django.utils.module_loading import import_string

from prism.lib.pii.spans import Kind, Span

CONFIDENCE = 0.7  # as little is known of the model
MASKED = re.compile(r"\[[A-Z_]+\]")  # what stands in place of an earlier find
Find = Callable[[str], Iterable[tuple[int, int]]]


class NamesNotFound(Exception):
    """The model failed, so that nobody knows whether a text has names."""


def is_installed() -> bool:
    return bool(settings.NAME_FINDER)


def names(text: str) -> list[Span]:
    """Those that the installed model finds; none where there is none. Raises NamesNotFound."""
    if not is_installed():
        return []
    try:
        places = list(_model(settings.NAME_FINDER)(text))
    except Exception as error:  # a model may raise anything; the text must not stand in a log
        raise NamesNotFound(type(error).__name__) from None
    return [
        Span(start, end, Kind.NAME, "model", CONFIDENCE)
        for start, end in places
        if 0 <= start < end <= len(text) and not MASKED.match(text, max(start - 1, 0))
    ]


@lru_cache(maxsize=4)
def _model(path: str) -> Find:
    found: Find = import_string(path)
    return found
