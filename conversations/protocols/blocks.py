"""The study's own questions at the end of a conversation: those of a questionnaire, on one page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from conversations.protocols.reading import Part, ProtocolError
from conversations.protocols.words import own_language
from surveys.questionnaires import FORMAT, Problem, Questionnaire, QuestionnaireError
from surveys.questionnaires.parsing import parse_tree
from surveys.questionnaires.source import Path, Tree
from surveys.questionnaires.texts import spoken_parts

HERE, THERE = ("feedback", "blocks"), ("pages", 0, "questions")
TAKEN = ("performance", "choice", "open_feedback", "anyway")


def read_blocks(part: Part) -> Questionnaire | None:
    """The part `feedback` with its `blocks`, checked as a questionnaire is. Raises ProtocolError."""
    if "blocks" not in part.value:
        return None
    blocks = [one.value for one in part.parts("blocks")]
    for number, block in enumerate(blocks):
        if block.get("key") in TAKEN:
            raise part.wrong(_("is the name of a part of the shipped form"), "blocks", number, "key")
    try:
        return parse_tree(Tree(_as_questionnaire(blocks, own_language(part)), _moved(part.tree)))
    except QuestionnaireError as error:
        raise ProtocolError(*map(_back, error.problems)) from error


def _as_questionnaire(blocks: list[Any], own: str) -> dict[str, Any]:
    groups = [text for _path, text in spoken_parts(blocks) if isinstance(text, dict)]
    others = sorted({language for group in groups for language in group} - {own})
    made = {
        "format": FORMAT,
        "key": "feedback",
        "title": "Feedback",
        "language": own,
        "pages": [{"key": "feedback", "title": "Feedback", "minutes": 1, "questions": blocks}],
    }
    return made | ({"languages": [own, *others]} if others else {})


def _moved(tree: Tree) -> dict[Path, tuple[int, int]]:
    """Where each part of the blocks stands in the protocol's text, by its place in the questionnaire."""
    return {
        (*THERE, *path[len(HERE) :]): mark for path, mark in tree.marks.items() if path[: len(HERE)] == HERE
    }


def _back(problem: Problem) -> Problem:
    where = problem.where.replace("pages[0].questions", "feedback.blocks", 1)
    return Problem(problem.line, problem.column, where, problem.message)
