"""Finding in a text what says who somebody is: pure, local, in time that grows with the length alone.

`find` gives spans, `mask` a text without them. Names of people need a model of language; none is shipped.
Whoever has one hands it in as `names`, and nothing else changes (prism.lib.pii.names).
"""

from collections.abc import Callable, Iterable

from prism.lib.pii.accounts import cards, ibans
from prism.lib.pii.internet import credentials, emails, ipv4_addresses, ipv6_addresses, spoken_emails
from prism.lib.pii.national import national_ids
from prism.lib.pii.phones import phones
from prism.lib.pii.plain import plain
from prism.lib.pii.postal import postal_addresses
from prism.lib.pii.spans import Kind, Span, replaced, settled
from prism.lib.pii.windows import windows

__all__ = ["Kind", "NameFinder", "Span", "find", "mask", "replaced"]

NameFinder = Callable[[str], Iterable[Span]]

_NUMBERS = (cards, ibans, national_ids, phones, ipv4_addresses)
# Two numbers that are farther apart than a street and its town are looked at one by one.
_STREET = 240
_NAME = 90  # of a street that stands before its number
_ROUNDS = 4


def find(text: str, kinds: Iterable[Kind] = tuple(Kind), names: NameFinder | None = None) -> list[Span]:
    """What was found of `kinds`, in order of place, without overlaps; offsets count characters of `text`."""
    wanted = frozenset(kinds)
    even = plain(text)
    spans = [span for span in _all(even, names if Kind.NAME in wanted else None) if span.kind in wanted]
    return settled(spans)


def _all(text: str, names: NameFinder | None) -> Iterable[Span]:
    yield from emails(text)
    yield from spoken_emails(text)
    if "://" in text or "=" in text:
        yield from credentials(text)
    yield from ipv6_addresses(text)
    for start, end in windows(text, gap=12, least=5, before=24, after=24):
        for finder in _NUMBERS:
            yield from finder(text, start, end)
    for start, end in windows(text, gap=_STREET, least=1, before=_NAME, after=_STREET):
        yield from postal_addresses(text, start, end)
    if names:
        yield from names(text)


def mask(
    text: str, kinds: Iterable[Kind] = tuple(Kind), names: NameFinder | None = None
) -> tuple[str, list[Span]]:
    """The text with a word such as [EMAIL] for every find, and the spans in the text as it was given.

    Taking something out may bring something else to light; so what was masked is looked through again.
    """
    wanted = tuple(kinds)
    first = find(text, wanted, names)
    text = replaced(text, first)
    for _round in range(_ROUNDS):
        more = find(text, wanted, names) if first else []
        if not more:
            break
        text = replaced(text, more)
    return text, first
