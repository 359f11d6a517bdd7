"""How long a text is, in the characters and words that a person would count.

static/js/counter.js counts in the same way, so that the page and the server never differ.
"""

import re

# A run without spaces that has a letter or a digit: neither a dash nor a smiley is a word.
_WORD = re.compile(r"\S*[^\W_]\S*")


def words(text: str) -> int:
    """Scripts without spaces between words are better limited in characters."""
    return sum(1 for _ in _WORD.finditer(text))
