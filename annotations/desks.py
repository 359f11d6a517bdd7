"""Where somebody annotates: a member in the workbench, or a participant on the way through a study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from annotations import assigning
from annotations.assigning import Annotator
from annotations.models import Assignment, Batch
from surveys.access import person
from surveys.coordinate.navigation import workbench

ADDRESSES = ("task", "draft", "skip", "feedback", "begin", "ahead", "home")


@dataclass(frozen=True)
class Desk:
    """Whose tasks these are, what stands around their pages, and where they go on.

    `address(name, assignment)` is that of one of ADDRESSES. `may_skip` says whether one more task may be
    given back, `may_read` whether this browser may see what the person chose before.
    """

    annotator: Annotator
    around: Callable[[], dict[str, Any]]
    address: Callable[[str, Assignment], str]
    go_on: Callable[[Batch], HttpResponse]
    may_skip: bool = True
    may_read: bool = True

    def addresses(self, assignment: Assignment) -> dict[str, str]:
        return {name: self.address(name, assignment) for name in ADDRESSES}


def members_desk(request: HttpRequest) -> Desk:
    return Desk(
        annotator=Annotator(person(request)),
        around=lambda: (
            workbench(request, current="annotations:home") | {"looks": "workbench.html", "crumbs": []}
        ),
        address=_members_address,
        go_on=lambda batch: to_next(request, batch),
    )


def _members_address(name: str, assignment: Assignment) -> str:
    if name == "home":
        return reverse("annotations:home")
    of = assignment.task.batch_id if name in ("begin", "ahead") else assignment.pk
    return reverse(f"annotations:{name}", args=[of])


def to_next(request: HttpRequest, batch: Batch) -> HttpResponse:
    """On to the task that a member is to do now, or home where nothing is left."""
    assignment = assigning.next_assignment(batch, Annotator(person(request)))
    if assignment:
        return redirect("annotations:task", assignment.pk)
    messages.success(
        request, _("There is nothing left for you in “%s” at this moment. Thank you!") % batch.title
    )
    return redirect("annotations:home")
