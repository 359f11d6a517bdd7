"""Files of a study's folder that upper apps add, besides those that surveys and conversations know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from accounts.models import User
from surveys.models import Study
from surveys.study_folder import FileProblem


@dataclass(frozen=True)
class StudyPart:
    """`name` is one of study_folder.NAMES; `text` is empty where a study has no such part.

    `store` gets a study that was just made and a text without problems.
    """

    name: str
    text: Callable[[Study], str]
    problems: Callable[[str], list[FileProblem]]
    store: Callable[[Study, str, User | None], None]


_parts: dict[str, StudyPart] = {}


def register(part: StudyPart) -> None:
    """For upper apps, in AppConfig.ready()."""
    _parts[part.name] = part


def known() -> list[StudyPart]:
    return list(_parts.values())
