"""A signal before it is stored."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Found:
    """What a rule noticed about an enrolment; `key` is the page or question, `n` the size of comparison."""

    enrolment: int
    kind: str
    key: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    n: int | None = None
