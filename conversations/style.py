"""How an answer looks, counted where a reader sees it: outside fenced and inline code. Pure."""

import re

_FENCE = re.compile(r"^ {0,3}(```+|~~~+).*?(?:^ {0,3}\1|\Z)", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)(`{1,4})(?!`)[^`\n]+\1(?!`)")
_HEADER = re.compile(r"^ {0,3}#{1,6}[ \t]+(?=\S)", re.MULTILINE)
# No mark within, and bounded: a hostile text may be one line of marks that never close.
_BOLD = re.compile(r"(\*\*|__)(?=\S)((?:(?!\1)[^\n]){1,500})(?<=\S)\1")
_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+(?=\S)", re.MULTILINE)
_TONE = "[\U0001f3fb-\U0001f3ff]"
_PICTURE = "[\U0001f300-\U0001faff\u2600-\u27bf\U0001f1e6-\U0001f1ff]"
_EMOJI = re.compile(rf"(?!{_TONE}){_PICTURE}(?:\ufe0f|{_TONE}|\u200d{_PICTURE})*")


def style(text: str) -> dict[str, int]:
    """Counts by name: characters (no marks, no extra spaces), headers, bold, lists, emoji, code_blocks."""
    prose, blocks = _FENCE.subn("\n", text)
    prose = _INLINE.sub("", prose)
    counts = {
        "headers": len(_HEADER.findall(prose)),
        "bold": len(_BOLD.findall(prose)),
        "lists": len(_ITEM.findall(prose)),
        "emoji": len(_EMOJI.findall(prose)),
        "code_blocks": blocks,
    }
    seen = _BOLD.sub(r"\2", _ITEM.sub("", _HEADER.sub("", prose)))
    return {"characters": len(" ".join(seen.split())), **counts}
