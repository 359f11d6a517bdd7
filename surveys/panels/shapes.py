"""The shape of a panel's ids: a regular expression that a study may bring along, and what fits it.

Matching tries every way in which parts of changing length, or alternatives, can share a text, so that a short
expression can take longer than anybody lives. Only simple ones are taken, and long values fit none.
"""

import re

LONGEST = 150  # characters of a value
MOST_CHANGING = 3  # parts such as a*, a+, a? or a{1,9}
MOST_ALTERNATIVES = 4
_CLASS_OR_ESCAPE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_CHANGING = re.compile(r"[*+?]|\{\d*,\d*\}")
_REPEATED_GROUP = re.compile(r"\)[*+{]")
_REFERENCE = re.compile(r"\\[1-9]")


def is_taken(pattern: str) -> bool:
    """Whether this is a regular expression that answers soon whatever it is matched against."""
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    bare = _CLASS_OR_ESCAPE.sub("x", pattern).replace("(?:", "(")
    if "(?" in bare or _REPEATED_GROUP.search(bare) or _REFERENCE.search(pattern):
        return False
    return len(_CHANGING.findall(bare)) <= MOST_CHANGING and bare.count("|") <= MOST_ALTERNATIVES


def fits(pattern: str, value: str) -> bool:
    """Whether a value has the shape."""
    return len(value) <= LONGEST and re.fullmatch(pattern, value) is not None
