"""Texts that are safe in a spreadsheet."""

_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def defused(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(_BEGINS_FORMULA) else text
