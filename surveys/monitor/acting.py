"""What a coordinator does with one participant or several at once; every act is audited, person by person."""

from collections.abc import Sequence
from functools import partial

from django.db import transaction

from accounts.models import User
from surveys import audit
from surveys.models import Enrolment, Seat, Study
from surveys.monitor import notices
from surveys.quality import deciding
from surveys.quotas import seats
from surveys.tasks import mail_notice


def act(study: Study, people: Sequence[Enrolment], name: str, text: str, by: User) -> int:
    """Do the act on each of the people; for how many something was done.

    `name` is message, marked, reviewed, renew or release; `text` the message or the reason.
    Raises KeyError for another name, NoticeError or DecisionError for a text that will not do.
    """
    if name == "message":
        return message(study, people, text, by)
    if name in ("marked", "reviewed"):
        return deciding.decide(people, name, text, by)
    verb = {"renew": renew, "release": release}[name]
    return sum(verb(study, enrolment, text, by) for enrolment in people)


def message(study: Study, people: Sequence[Enrolment], text: str, by: User) -> int:
    """Leave a message, and hand those who were invited by e-mail to the mail as well."""
    sent = notices.send(study, people, text, by)
    for pk in notices.to_mail(sent):
        transaction.on_commit(partial(mail_notice.delay, pk), robust=True)
    return len(sent)


def renew(study: Study, enrolment: Enrolment, reason: str, by: User) -> bool:
    """Hold a person's reserved seats for another while, as if they had been seen just now."""
    held = enrolment.seats.filter(state=Seat.State.RESERVED).exists()
    if held:
        seats.renew(enrolment)
        audit.record(by, "participant.extended", study=study, subject=enrolment.code, reason=reason)
    return held


def release(study: Study, enrolment: Enrolment, reason: str, by: User) -> bool:
    """Give a person's reserved seats back to their cells; who completed meanwhile keeps theirs."""
    with transaction.atomic():
        if Enrolment.objects.select_for_update().get(pk=enrolment.pk).is_over:
            return False
        number = seats.end(enrolment, Seat.State.RELEASED, reason="coordinator")
        if number:
            audit.record(by, "participant.released", study=study, subject=enrolment.code, reason=reason)
    return bool(number)
