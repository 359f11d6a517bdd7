"""Who a participant is to the panel: the one place that reads it back, and it leaves a trace."""

from django.db import transaction

from accounts.models import User
from prism.lib.crypto import UnreadableSecret, decrypt
from surveys import audit
from surveys.models import Enrolment, Identity


def panel_id(enrolment: Enrolment, by: User, reason: str) -> str:
    """The panel's id of the person; "" where there is none (a preview, an erased person).

    The audit event is written first, so that nobody learns an id without a trace. Raises UnreadableSecret
    when no key of ENCRYPTION_KEYS fits; the event stays.
    """
    with transaction.atomic():
        audit.record(
            by, "participant.reidentified", study=enrolment.study, subject=enrolment.code, reason=reason
        )
    identity = Identity.objects.filter(participant=enrolment.participant_id).first()
    return decrypt(identity.encrypted_id) if identity and identity.encrypted_id else ""


def masked(enrolment: Enrolment) -> str:
    """The panel and the last four characters of the id, for the person themself; "" where there is none."""
    identity = Identity.objects.filter(participant=enrolment.participant_id).first()
    if identity is None or not identity.encrypted_id:
        return ""
    try:
        known = decrypt(identity.encrypted_id)
    except UnreadableSecret:
        return identity.panel
    return f"{identity.panel} …{known[-4:]}" if len(known) > 8 else identity.panel
