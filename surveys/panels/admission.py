"""What lets in once: a token that the panel signed, and a link for one person."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from prism.lib.crypto import keyed_hash
from surveys.models import Device, Enrolment, EntryLink, UsedEntryToken
from surveys.panels.arriving import Arrival
from surveys.panels.errors import EntryError

DOOR_HOURS = 1


def admit(enrolment: Enrolment, arrival: Arrival, here: Device | None) -> None:
    """Use up what the person came in with; raises EntryError when somebody else used it before.

    `here` is what this browser is in the study already: the same browser may open the same link again.
    """
    if here is not None and here.enrolment_id == enrolment.pk:
        _use_up(enrolment, arrival)
    elif not _use_up(enrolment, arrival):
        raise EntryError(
            _("This link was used already. Open the study anew from the panel's own page.")
            if arrival.proof
            else _("This link was used already. Go on in the browser you began in, or by your personal link.")
        )


def _use_up(enrolment: Enrolment, arrival: Arrival) -> bool:
    """Whether this arrival lets in now, which it does for good or once."""
    if arrival.proof:
        return _use_token(enrolment, arrival.proof.digest, arrival.proof.expires_at)
    return arrival.link is None or _use_link(enrolment, arrival.link, arrival.door_key)


def _use_token(enrolment: Enrolment, digest: str, expires_at: datetime) -> bool:
    """Whether the token was new."""
    _row, is_new = UsedEntryToken.objects.get_or_create(
        digest=digest, defaults={"enrolment": enrolment, "expires_at": expires_at}
    )
    return is_new


def _use_link(enrolment: Enrolment, link: EntryLink, door_key: str) -> bool:
    """Whether the link was new, returns by its label, or the same button was pressed twice."""
    door = keyed_hash("door", str(link.pk), door_key)
    mine = EntryLink.objects.filter(pk=link.pk, revoked_at=None)
    if mine.filter(used_at=None).update(enrolment=enrolment, used_at=timezone.now()):
        _use_token(enrolment, door, timezone.now() + timedelta(hours=DOOR_HOURS))
        return True
    if mine.filter(is_labelled=True, enrolment=enrolment).exists():
        return True
    return UsedEntryToken.objects.filter(
        digest=door, enrolment=enrolment, expires_at__gt=timezone.now()
    ).exists()


def forget_ended() -> int:
    """Delete the digests of tokens that have ended: those are refused for their end."""
    return UsedEntryToken.objects.filter(expires_at__lt=timezone.now()).delete()[0]
