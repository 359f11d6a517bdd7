"""People invited by e-mail: a list of addresses, a mail to each, and no mail to those who want none.

An address stands encrypted in one table; its keyed hash keeps it from being invited twice, and from being
invited at all once its owner said so.
"""

import logging
from datetime import timedelta
from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from prism.lib.crypto import UnreadableSecret, decrypt, encrypt, keyed_hash
from surveys import audit
from surveys.models import InvitedPerson, OptOut, Study
from surveys.panels import links

State = InvitedPerson.State
MOST = 2000
SOME = 50  # mails of one task; beat goes on with the rest
TRIES = 3
STUCK = timedelta(minutes=10)
OPT_OUT_SALT = "surveys.opt-out"
log = logging.getLogger(__name__)


class InvitationsError(Exception):
    """The list was not taken; the message says why and what to do."""


def add(study: Study, text: str, by: User) -> tuple[int, int]:
    """Take a list of addresses, one a line; nothing is sent yet. Returns how many are new, and how many want
    no mail. Raises InvitationsError that names the first line that is no address."""
    addresses = _read(text)
    known = set(study.invited_people.values_list("digest", flat=True))
    wanted = {digest: address for address in addresses if (digest := digest_of(address)) not in known}
    refused = set(OptOut.objects.filter(digest__in=wanted).values_list("digest", flat=True))
    chosen = {digest: address for digest, address in wanted.items() if digest not in refused}
    with transaction.atomic():
        labels = [_label(study, digest) for digest in chosen]
        rows = links.add(study, labels, is_labelled=True) if labels else []
        InvitedPerson.objects.bulk_create(
            InvitedPerson(study=study, link=link, digest=digest, encrypted_address=encrypt(address))
            for link, (digest, address) in zip(rows, chosen.items(), strict=True)
        )
        audit.record(by, "invitations.listed", study=study, number=len(chosen), refused=len(refused))
    return len(chosen), len(refused)


def _read(text: str) -> list[str]:
    lines = list(dict.fromkeys(line.strip().lower() for line in text.splitlines() if line.strip()))
    if not 1 <= len(lines) <= MOST:
        raise InvitationsError(_("Give 1 to %s addresses, one a line. Nobody was added.") % MOST)
    for number, line in enumerate(lines, 1):
        try:
            validate_email(line)
        except ValidationError as error:
            raise InvitationsError(_("Line %s is no e-mail address. Nobody was added.") % number) from error
    return lines


def digest_of(address: str) -> str:
    return keyed_hash("invited", address.strip().lower())


def _label(study: Study, digest: str) -> str:
    """What the person's link carries: nothing of the address, and the same whenever the mail is made."""
    return f"mail-{keyed_hash('invited label', str(study.pk), digest)[:40]}"


def release(study: Study, by: User) -> int:
    """Let the mails go out that wait; returns how many. They are sent by a task, some at a time."""
    with transaction.atomic():
        waiting = study.invited_people.filter(state=State.WAITING, released_at=None)
        number = waiting.update(released_at=timezone.now())
        audit.record(by, "invitations.released", study=study, number=number)
    return number


def unsent() -> list[int]:
    """Studies that have mails to send. One that was being sent when its worker died is not tried again."""
    InvitedPerson.objects.filter(state=State.SENDING, sent_at__lt=timezone.now() - STUCK).update(
        state=State.FAILED
    )
    released = InvitedPerson.objects.filter(state=State.WAITING, released_at__isnull=False)
    return list(released.order_by().values_list("study", flat=True).distinct())


def send_some(study_id: int) -> int:
    """Send the next mails of a study, each claimed before it goes out; returns how many went."""
    study = Study.objects.get(pk=study_id)
    waiting = study.invited_people.filter(state=State.WAITING, released_at__isnull=False).order_by("pk")
    return sum(_send_one(person) for person in waiting[:SOME])


def _send_one(person: InvitedPerson) -> bool:
    mine = InvitedPerson.objects.filter(pk=person.pk)
    if OptOut.objects.filter(digest=person.digest).exists():
        mine.update(state=State.OPTED_OUT, encrypted_address="")
        return False
    claimed = mine.filter(state=State.WAITING).update(
        state=State.SENDING, sent_at=timezone.now(), tries=F("tries") + 1
    )
    if not claimed:
        return False
    try:
        _mail(person).send()
    except (UnreadableSecret, SMTPRecipientsRefused):
        mine.update(state=State.FAILED)
        return False
    except (OSError, SMTPException) as error:
        log.warning("an invitation was not sent: %s", type(error).__name__)
        mine.update(state=State.FAILED if person.tries + 1 >= TRIES else State.WAITING)
        return False
    mine.update(state=State.SENT, sent_at=timezone.now())
    return True


def _mail(person: InvitedPerson) -> EmailMessage:
    study, no_more = person.study, opt_out_address(person)
    context = {
        "study": study,
        "link": links.address(study, _label(study, person.digest)),
        "no_more": no_more,
    }
    return EmailMessage(
        _("Invitation to take part: %s") % " ".join(study.title.split()),
        render_to_string("surveys/mail/take_part.txt", context),
        to=[decrypt(person.encrypted_address)],
        headers={"List-Unsubscribe": f"<{no_more}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )


def opt_out_address(person: InvitedPerson) -> str:
    """The secret stands in the query, which no log keeps."""
    token = signing.Signer(salt=OPT_OUT_SALT).sign(person.digest)
    return f"{settings.PUBLIC_URL}{reverse('panels:no_mail')}?link={token}"


def opt_out(token: str) -> bool:
    """Never write to this address again; False when the token is none of ours."""
    try:
        digest = signing.Signer(salt=OPT_OUT_SALT).unsign(token[:500])
    except signing.BadSignature:
        return False
    with transaction.atomic():
        OptOut.objects.get_or_create(digest=digest)
        InvitedPerson.objects.filter(digest=digest).update(state=State.OPTED_OUT, encrypted_address="")
    return True
