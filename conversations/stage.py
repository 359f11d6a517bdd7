"""The conversations as a stage of the participant's journey."""

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from conversations import chat, drawing
from conversations.arena.addresses import address
from conversations.arena.visiting import is_arena
from conversations.models import Protocol, Response
from surveys.models import Enrolment, Study
from surveys.stages import Stage


def is_due(enrolment: Enrolment) -> bool:
    return Protocol.objects.filter(study=enrolment.study_id).exists()


def gap(study: Study) -> str:
    """Too few models for the opening of a conversation, or pairs to keep apart that cannot be."""
    needed, drawable = drawing.needed(study), len(drawing.eligible(study.pk))
    if drawable >= needed:
        return " ".join(rules_gaps(study))
    return gettext(
        "A conversation opens with %(needed)d models side by side, and %(drawable)d can be drawn: "
        "choose more under “Models of this study”."
    ) % {"needed": needed, "drawable": drawable}


def rules_gaps(study: Study) -> list[str]:
    """What the newest protocol's rule of drawing asks for, and the models of this site do not give."""
    protocol = study.protocols.order_by("-version").first()
    if protocol is None:
        return []
    rules, found = protocol.parsed(), []
    if unknown := drawing.unknown_names(rules.sampling):
        found.append(
            gettext("The protocol keeps models apart that are not in the registry: %s.") % ", ".join(unknown)
        )
    if not drawing.can_open(study.pk, rules):
        found.append(
            gettext("No conversation can open: too many models of the pool are kept apart from each other.")
        )
    return found


def where(enrolment: Enrolment) -> str:
    """The arena has pages of its own."""
    if is_arena(enrolment.study):
        return address(enrolment.study, "home")
    return reverse("conversations:overview", args=[enrolment.study.slug])


def troubles(enrolments: list[int]) -> dict[int, str]:
    """How many answers failed for each, those that another model replaced left out."""
    failed = Response.objects.shown().filter(
        state=Response.State.FAILED, turn__conversation__enrolment__in=enrolments
    )
    counted = failed.order_by().values_list("turn__conversation__enrolment").annotate(Count("pk"))
    return {
        pk: ngettext("%(number)d answer failed", "%(number)d answers failed", number) % {"number": number}
        for pk, number in counted
    }


CONVERSATIONS = Stage(
    key="conversations",
    label=_("Conversations"),
    order=30,
    is_due=is_due,
    is_done=chat.is_finished,
    url=where,
    gap=gap,
    troubles=troubles,
    stands_alone=is_arena,
)
