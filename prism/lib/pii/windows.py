"""Where in a text digits stand, so that most of it need not be looked at more than once."""

import re
from collections.abc import Iterator

_DIGITS = re.compile(r"[0-9]+")

Window = tuple[int, int]


def windows(text: str, gap: int, least: int, before: int, after: int) -> Iterator[Window]:
    """Stretches with at least `least` digits, no two of them more than `gap` characters apart.

    Each is given with the characters around it that a search may need: `before` and `after`.
    """
    start, end, count = 0, -1, 0
    for run in _DIGITS.finditer(text):
        if end >= 0 and run.start() - end > gap:
            if count >= least:
                yield max(0, start - before), min(len(text), end + after)
            end, count = -1, 0
        start = run.start() if end < 0 else start
        end, count = run.end(), count + run.end() - run.start()
    if end >= 0 and count >= least:
        yield max(0, start - before), min(len(text), end + after)
