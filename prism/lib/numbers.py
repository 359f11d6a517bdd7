"""Numbers that come in as text, from addresses and forms."""

import re
import unicodedata

# 1,000 is a thousand to some and one to others, so it is read as neither.
_PERHAPS_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
_ARABIC_POINT = "٫"


def whole_number(text: str, most_digits: int = 17) -> int | None:
    """The number of plain digits; None for anything else, or for more than a column of the database holds."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= most_digits else None


def latin_digits(text: str) -> str:
    """The text with the decimal digits of every script, such as ٣ or ३, as 0 to 9."""
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in text)


def typed_number(text: str, *, decimals: bool, most_length: int = 30) -> int | float | None:
    """The number that a person typed in the digits of their script, with a point or one comma for decimals;
    None for anything else, for decimals where none are asked for, and where a comma may mean thousands."""
    if len(text) > most_length:
        return None
    plain = latin_digits(text).replace(_ARABIC_POINT, ".")
    if re.fullmatch(r"[+-]?[0-9]+", plain):
        return int(plain)
    if not decimals or _PERHAPS_THOUSANDS.fullmatch(plain):
        return None
    return float(plain.replace(",", ".")) if re.fullmatch(r"[+-]?[0-9]*[.,][0-9]+", plain) else None
