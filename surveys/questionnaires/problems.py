"""What can be wrong with a questionnaire file, with the place of each fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SHOWN = 120


@dataclass(frozen=True, order=True)
class Problem:
    """One fault; `line` and `column` count from 1, `where` is a path such as `pages[0].questions[2]`."""

    line: int
    column: int
    where: str
    message: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"line {self.line}: {place}{self.message}"


class QuestionnaireError(ValueError):
    """A text is no valid questionnaire. `problems` holds every fault found, in the order of the file."""

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem], source: str = "") -> None:
        self.problems = tuple(sorted(problems))
        self.source = source
        super().__init__(source, self.problems)

    def __str__(self) -> str:
        prefix = f"{self.source}: " if self.source else ""
        return "\n".join(f"{prefix}{problem}" for problem in self.problems)


def beside_lines(problems: Iterable[Problem], text: str) -> list[tuple[Problem, str]]:
    """Each problem with the beginning of its line in the text, for a page that shows both."""
    lines = text.splitlines()
    return [(p, lines[p.line - 1].strip()[:SHOWN] if p.line <= len(lines) else "") for p in problems]
