"""One spelling for digits, blanks and dashes, character by character, so that offsets stay true."""

import unicodedata
from functools import cache

_BLANKS = "\u00a0\u2007\u2009\u200a\u202f\u2002\u2003\u2004\u2005\u2006\u2008\u3000\t"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"
_SAME = {
    **dict.fromkeys(map(ord, _BLANKS), " "),
    **dict.fromkeys(map(ord, _DASHES), "-"),
    0xFF20: "@",
    0xFE6B: "@",
    0xFF0E: ".",
    0xFF0B: "+",
    0x2019: "'",
}
_LAST_DIGIT = 0x1FBFA


@cache
def _table() -> dict[int, str]:
    digits = {
        code: str(unicodedata.decimal(chr(code)))
        for code in range(128, _LAST_DIGIT)
        if unicodedata.category(chr(code)) == "Nd"
    }
    return {**digits, **_SAME}


def plain(text: str) -> str:
    """The same number of characters, with ASCII digits (Arabic ones too), plain blanks, dashes and @."""
    return text if text.isascii() else text.translate(_table())
