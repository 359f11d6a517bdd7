"""The conversations as a stage of the participant's journey."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from conversations import chat
from conversations.models import Protocol
from surveys.models import Enrolment
from surveys.stages import Stage


def is_due(enrolment: Enrolment) -> bool:
    return Protocol.objects.filter(study=enrolment.study_id).exists()


CONVERSATIONS = Stage(
    key="conversations",
    label=_("Conversations"),
    order=30,
    is_due=is_due,
    is_done=chat.is_finished,
    url=lambda enrolment: reverse("conversations:overview", args=[enrolment.study.slug]),
)
