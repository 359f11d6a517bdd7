"""Messages to participants: a banner on their next pages, and an e-mail to those who were invited by one."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from prism.lib.crypto import UnreadableSecret, decrypt
from surveys import audit
from surveys.models import Enrolment, InvitedPerson, Notice, Study

MAXIMUM = 1000


class NoticeError(Exception):
    """The message was not sent; the text says why."""


def send(study: Study, enrolments: Sequence[Enrolment], text: str, by: User) -> list[Notice]:
    """Leave the message for each of them; raises NoticeError for one that is empty or too long."""
    text = text.strip()
    if not text or len(text) > MAXIMUM:
        raise NoticeError(_("Please write a message of at most %(limit)d characters.") % {"limit": MAXIMUM})
    people = sorted(enrolments, key=lambda enrolment: enrolment.pk)
    with transaction.atomic():
        rows = Enrolment.objects.filter(pk__in=[one.pk for one in people])
        list(rows.select_for_update().order_by("pk").values_list("pk"))
        rows.update(has_notice=True)
        sent = Notice.objects.bulk_create([Notice(enrolment=one, text=text, by=by) for one in people])
        for one in people:
            audit.record(by, "participant.messaged", study=study, subject=one.code)
    return sent


def to_mail(notices: Sequence[Notice]) -> list[int]:
    """Those of the messages whose reader was invited by e-mail and did not ask for no more of it."""
    invited = InvitedPerson.objects.filter(link__enrolment__in=[notice.enrolment_id for notice in notices])
    invited = invited.exclude(encrypted_address="").exclude(state=InvitedPerson.State.OPTED_OUT)
    reachable = set(invited.values_list("link__enrolment_id", flat=True))
    return [notice.pk for notice in notices if notice.enrolment_id in reachable]


def mail(pk: int) -> bool:
    """Send one message by e-mail, at most once: it is marked as mailed before it goes out."""
    notice = Notice.objects.select_related("enrolment__study").filter(pk=pk, mailed_at=None).first()
    if notice is None or not to_mail([notice]):
        return False
    address = _address(notice.enrolment)
    if not address or not Notice.objects.filter(pk=pk, mailed_at=None).update(mailed_at=timezone.now()):
        return False
    study = notice.enrolment.study
    subject = _("A message about the study “%s”") % study.title
    link = f"{settings.PUBLIC_URL}{study.get_absolute_url()}"
    send_mail(subject, f"{notice.text}\n\n{study.title}: {link}\n", None, [address])
    return True


def _address(enrolment: Enrolment) -> str:
    person = InvitedPerson.objects.get(link__enrolment=enrolment)
    try:
        return decrypt(person.encrypted_address)
    except UnreadableSecret:
        return ""


def waiting(enrolment: Enrolment) -> list[Notice]:
    """The messages that this person has not marked as read; asks the database only if there are any."""
    return list(enrolment.notices.filter(read_at=None).order_by("pk")) if enrolment.has_notice else []


def mark_read(enrolment: Enrolment, pk: int) -> bool:
    """The person read the message; False when it is not theirs or was read before."""
    with transaction.atomic():
        Enrolment.objects.select_for_update().get(pk=enrolment.pk)
        own = Notice.objects.filter(enrolment=enrolment, read_at=None)
        found = own.filter(pk=pk).update(read_at=timezone.now())
        Enrolment.objects.filter(pk=enrolment.pk).update(has_notice=own.exists())
    return bool(found)
