"""Whole numbers that come in as text, from addresses and forms."""


def whole_number(text: str, most_digits: int = 17) -> int | None:
    """The number of plain digits; None for anything else, or for more than a column of the database holds."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= most_digits else None
