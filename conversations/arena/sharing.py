"""Giving a comparison away by a link, and telling the team of one that they should look at."""

from django.db import transaction
from django.utils.translation import gettext as _

from conversations import chat
from conversations.models import Conversation, Report
from conversations.refusals import Refused
from prism.lib.codes import random_key

LONGEST = 1000  # characters of a report


def share(talk: Conversation) -> None:
    """Let whoever has the link see it; a second click keeps it. Raises Refused before the reveal."""
    with transaction.atomic():
        chat.lock(talk)
        if talk.revealed_at is None:
            raise Refused(_("Please look at who answered first; then you can share it."))
        Conversation.objects.filter(pk=talk.pk, share_key=None).update(share_key=random_key())
    talk.refresh_from_db(fields=["share_key"])


def unshare(talk: Conversation) -> None:
    """The link opens nothing any more, also when it is shared again."""
    Conversation.objects.filter(pk=talk.pk).update(share_key=None)
    talk.share_key = None


def shared(key: str) -> Conversation | None:
    """The comparison behind a link; None where there is none, or not any more."""
    known = Conversation.objects.filter(share_key=key, revealed_at__isnull=False, enrolment__outcome="")
    return known.select_related("protocol", "study").first()


def report(talk: Conversation, kind: str, text: str) -> None:
    """Store what somebody wants the team to look at. Raises Refused for an unknown kind."""
    if kind not in Report.Kind.values:
        raise Refused(_("Please say what it is about."))
    Report.objects.create(conversation=talk, kind=kind, text=chat.cleaned(text)[:LONGEST])
