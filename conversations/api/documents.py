"""Faults of a document that was sent, each with its place."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.response import Response

from surveys.api.problems import said
from surveys.questionnaires.problems import Problem


def faulty(problems: Iterable[Problem]) -> Response:
    """A refusal of a document that names every fault."""
    return said(400, _("The document has faults. Nothing was stored."), errors={"document": places(problems)})


def places(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """`line` and `column` count from 1; `where` is a path such as `models[0].name`."""
    return [
        {"line": each.line, "column": each.column, "where": each.where, "message": each.message}
        for each in problems
    ]
