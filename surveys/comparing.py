"""What changed from one text to another, line by line. Pure."""

import difflib
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A line of a comparison; `kind` is added, removed, same or skipped, and the numbers count from 1."""

    kind: str
    before: int | None
    after: int | None
    text: str


def compare(before: str, after: str, around: int = 3) -> list[Line]:
    """The changed lines with `around` unchanged ones on both sides; longer stretches are skipped."""
    old, new = before.splitlines(), after.splitlines()
    matcher = difflib.SequenceMatcher(None, old, new)
    lines: list[Line] = []
    for group in matcher.get_grouped_opcodes(around):
        lines.append(Line("skipped", None, None, ""))
        for tag, i1, i2, j1, j2 in group:
            lines += _lines(tag, list(enumerate(old, 1))[i1:i2], list(enumerate(new, 1))[j1:j2])
    return lines[1:] if lines and _begins_at_top(lines) else lines


def _begins_at_top(lines: list[Line]) -> bool:
    return len(lines) > 1 and 1 in {lines[1].before, lines[1].after}


def _lines(tag: str, old: list[tuple[int, str]], new: list[tuple[int, str]]) -> list[Line]:
    if tag == "equal":
        return [Line("same", i, j, text) for (i, text), (j, _same) in zip(old, new, strict=True)]
    removed = [Line("removed", i, None, text) for i, text in old]
    return removed + [Line("added", None, j, text) for j, text in new]
