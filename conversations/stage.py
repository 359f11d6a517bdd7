"""The conversations as a stage of the participant's journey."""

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations import chat
from conversations.models import LanguageModel, PoolEntry, Protocol
from surveys.models import Enrolment, Study
from surveys.stages import Stage


def is_due(enrolment: Enrolment) -> bool:
    return Protocol.objects.filter(study=enrolment.study_id).exists()


def gap(study: Study) -> str:
    """Too few models for the opening of a conversation."""
    protocol = study.protocols.order_by("-version").first()
    needed = protocol.parsed().opening_models if protocol else 0
    active = LanguageModel.Status.ACTIVE
    pool = PoolEntry.objects.filter(
        study=study, is_on=True, model__status=active, model__provider__is_on=True
    )
    if (drawable := pool.count()) >= needed:
        return ""
    return gettext(
        "A conversation opens with %(needed)d models side by side, and %(drawable)d can be drawn: "
        "choose more under “Models of this study”."
    ) % {"needed": needed, "drawable": drawable}


CONVERSATIONS = Stage(
    key="conversations",
    label=_("Conversations"),
    order=30,
    is_due=is_due,
    is_done=chat.is_finished,
    url=lambda enrolment: reverse("conversations:overview", args=[enrolment.study.slug]),
    gap=gap,
)
