"""What a study's participants annotate, as a file of its folder; the batch is chosen in the new study."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from annotations.models import RecruitedTasks
from surveys.models import Study
from surveys.questionnaires import QuestionnaireError
from surveys.questionnaires.schema import faults
from surveys.questionnaires.source import read_tree
from surveys.study_files import dump
from surveys.study_folder import FileProblem
from surveys.study_parts import StudyPart

NAME = "annotation.yaml"
FORMAT = "prism-annotation/1"
MOST_TASKS = 1000
QUESTIONS = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 80}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["format", "tasks"],
    "additionalProperties": False,
    "properties": {
        "format": {"const": FORMAT},
        "tasks": {"type": "integer", "minimum": 1, "maximum": MOST_TASKS},
        "expertise": QUESTIONS,
        "languages": QUESTIONS,
    },
}


def text(study: Study) -> str:
    found = RecruitedTasks.objects.filter(study=study).first()
    if found is None:
        return ""
    questions = {"expertise": found.tags_from, "languages": found.languages_from}
    chosen = {name: keys for name, keys in questions.items() if keys}
    return dump({"format": FORMAT, "tasks": found.tasks, **chosen})


def problems(text: str) -> list[FileProblem]:
    try:
        tree = read_tree(text, NAME)
        tree.refuse(faults(tree.value, SCHEMA), NAME)
    except QuestionnaireError as error:
        return [
            FileProblem(NAME, one.line, f"{one.where}: {one.message}".strip(": ")) for one in error.problems
        ]
    return []


def store(study: Study, text: str, by: User | None) -> None:
    given = read_tree(text, NAME).value
    RecruitedTasks.objects.create(
        study=study,
        tasks=given["tasks"],
        tags_from=given.get("expertise", []),
        languages_from=given.get("languages", []),
    )


PART = StudyPart(NAME, text, problems, store)
