"""What a coordinator does next with a batch, as a sentence and the ways there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.translation import gettext as _

from annotations import profiles
from annotations.assigning import suits
from annotations.batches.figures import Progress
from annotations.models import AnnotatorProfile, Batch
from surveys.access import Right

PROPERTIES = "?format=properties"  # what the form of exports begins with


@dataclass(frozen=True)
class Way:
    """A link that the person may follow."""

    label: str
    url: str


@dataclass(frozen=True)
class Step:
    text: str
    ways: list[Way] = field(default_factory=list)
    is_warning: bool = False


def next_step(batch: Batch, progress: Progress, rights: Collection[str]) -> Step | None:
    """None while its tasks are not there, which its figures tell of."""
    if batch.filling or not progress.tasks:
        return None
    ways = _Ways(batch, rights)
    if batch.is_of_records and not progress.given and batch.state != Batch.State.OPEN:
        return _of_records(batch, ways)
    if progress.finished == progress.tasks - progress.everybodys or batch.state == Batch.State.CLOSED:
        return _finished(batch, progress, ways)
    return _too_few(batch, ways) or _under_way(batch, progress, ways)


def _of_records(batch: Batch, ways: _Ways) -> Step:
    text = _("These records came with their annotations: dissect them, or let a judge annotate them too.")
    if batch.is_looked_through:
        text = _(
            "Personal data is masked, see below. Look at some tasks; then you may open the batch, so that "
            "annotators get these records too."
        )
    return Step(text, ways.to("dissection", "judges", "export"))


def _finished(batch: Batch, progress: Progress, ways: _Ways) -> Step:
    if not progress.given:
        return Step(_("The batch was closed before anybody annotated it."))
    if batch.overlap == 1:
        text = _("The annotations are there: dissect them, or export them.")
        return Step(text, ways.to("dissection", "export"))
    text = _("The annotations are there: see how far people agree, rule on what is contested, then export.")
    return Step(text, ways.to("agreement", "adjudication", "export"))


def _too_few(batch: Batch, ways: _Ways) -> Step | None:
    """Where fewer members may annotate it than each task needs, unless participants do."""
    if batch.recruited_for.exists():
        return None
    known = {one.user_id: one for one in AnnotatorProfile.objects.filter(study=batch.study)}
    members = profiles.members(batch.study).filter(user__is_active=True)
    there = sum(suits(batch, known.get(one.user_id) or AnnotatorProfile()) for one in members)
    if there >= batch.overlap:
        return None
    text = _(
        "Each task needs %(needed)d annotators; so many of the study's members may annotate it: %(there)d. "
        "Invite more, or look at the expertise that it asks for."
    )
    return Step(text % {"needed": batch.overlap, "there": there}, ways.to("people", "annotators"), True)


def _under_way(batch: Batch, progress: Progress, ways: _Ways) -> Step:
    if batch.state == Batch.State.DRAFT:
        return Step(
            _("Look through the tasks below: a number shows one as annotators see it. Then open the batch.")
        )
    if not progress.given:
        text = _("Annotators find the batch under “Annotation”, as soon as they sign in.")
        return Step(text, ways.to("annotators"))
    text = _("Annotators are at work. What is there can be compared already.")
    return Step(text, ways.to("agreement", "annotators"))


class _Ways:
    """The ways from a batch, for what somebody may do."""

    def __init__(self, batch: Batch, rights: Collection[str]) -> None:
        study, one = [batch.study.slug], [batch.study.slug, batch.slug]
        self.rights = rights
        self.known: dict[str, tuple[Right, str, str, list[str]]] = {
            "agreement": (Right.VIEW, _("Agreement"), "annotating:agreement_of", one),
            "adjudication": (Right.ADJUDICATE, _("Adjudication"), "annotating:adjudicate_batch", one),
            "annotators": (Right.RUN, _("Annotators"), "annotating:batch_annotators", one),
            "people": (Right.PEOPLE, _("Invite annotators"), "coordinate:people", study),
            "judges": (Right.VIEW, _("Judges"), "annotating:judges", study),
            "dissection": (Right.VIEW, _("Dissection"), "analysis:dissections", study),
            "export": (Right.EXPORT, _("Exports"), "analysis:exports", study),
        }

    def to(self, *names: str) -> list[Way]:
        known = [self.known[name] for name in names]
        return [
            Way(label, reverse(place, args=args) + (PROPERTIES if place == "analysis:exports" else ""))
            for right, label, place, args in known
            if right in self.rights
        ]
