"""Bonuses and our own ledger of them. The panel's call that pays is not repeatable: a repeat pays twice.

So a bonus stands once for each person and reason; a payment is marked as asked for, and that is committed,
before the panel is asked; and whatever comes back, the mark stays. Where it is not known whether the panel
paid, a coordinator looks there and says so; nothing is tried again by itself.
"""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from surveys import audit
from surveys.models import Bonus, BonusPayment, Enrolment, PanelConnection, Study
from surveys.panels.client import NoAnswer, PanelError, client_for
from surveys.panels.submissions import panel_id

State = BonusPayment.State
MOST = Decimal("1000")
# The answer to a request to pay takes seconds; after this time the process that waited for it is gone.
PATIENCE = timedelta(minutes=2)


def draft(enrolment: Enrolment, reason: str, amount: Decimal, by: User) -> Bonus:
    """Enter a bonus into the ledger; raises PanelError for a second one of the same person and reason."""
    if not 0 < amount <= MOST:
        raise PanelError(_("An amount is more than 0 and at most %s.") % MOST)
    if enrolment.is_test:
        raise PanelError(_("%s is test data and is not paid.") % enrolment.code)
    try:
        with transaction.atomic():
            bonus = Bonus.objects.create(enrolment=enrolment, reason=reason, amount=amount, made_by=by)
            audit.record(
                by, "bonus.drafted", study=enrolment.study, subject=enrolment.code, amount=str(amount)
            )
    except IntegrityError as error:
        raise PanelError(_("%s has a bonus for this reason already.") % enrolment.code) from error
    return bonus


def draft_list(study: Study, text: str, reason: str, by: User) -> int:
    """Lines of `code, amount`; all or none. Raises PanelError that names the line."""
    with transaction.atomic():
        rows = [line for line in text.splitlines() if line.strip()]
        for number, line in enumerate(rows, 1):
            try:
                draft(*_read(study, line, reason), by)
            except PanelError as error:
                raise PanelError(
                    _("Line %(number)s: %(reason)s Nothing was entered.")
                    % {"number": number, "reason": error}
                ) from error
    return len(rows)


def _read(study: Study, line: str, reason: str) -> tuple[Enrolment, str, Decimal]:
    code, _comma, amount = line.partition(",")
    enrolment = study.enrolments.coded(code.strip()).first()
    if enrolment is None:
        raise PanelError(_("there is no such participant."))
    try:
        value = Decimal(amount.strip())
    except InvalidOperation as error:
        raise PanelError(_("this is no amount.")) from error
    if not value.is_finite() or value != round(value, 2):
        raise PanelError(_("this is no amount."))
    return enrolment, reason, value


def drafted(study: Study) -> QuerySet[Bonus]:
    """Bonuses in no payment yet. Without a join, so that an update of them looks at each row anew."""
    return Bonus.objects.filter(enrolment__in=study.enrolments.values("pk"), payment=None)


def gather(study: Study, by: User) -> BonusPayment:
    """Put all drafted bonuses into one payment; each is in one only, however often this is asked at once."""
    with transaction.atomic():
        payment = BonusPayment.objects.create(study=study, made_by=by)
        number = drafted(study).update(payment=payment)
        if not number:
            raise PanelError(_("No bonus waits to be paid."))
        audit.record(by, "bonuses.gathered", study=study, subject=payment.pk, number=number)
    return payment


def submit(panel: PanelConnection, payment: BonusPayment) -> None:
    """Announce a payment to the panel. This pays nothing, so that it may be repeated after a failure."""
    lines = list(_lines(payment))
    panel_payment = client_for(panel).submit_bonuses(panel.panel_study, lines)
    BonusPayment.objects.filter(pk=payment.pk, state=State.DRAFTED).update(
        state=State.SUBMITTED, panel_payment=panel_payment[:100], problem=""
    )


def _lines(payment: BonusPayment) -> Iterable[tuple[str, Decimal]]:
    for bonus in payment.bonuses.select_related("enrolment").order_by("pk"):
        newest = bonus.enrolment.panel_submissions.order_by("-arrived_at").first()
        if newest is None:
            raise PanelError(_("%s has no submission at the panel.") % bonus.enrolment.code)
        yield panel_id(newest), bonus.amount


def pay(panel: PanelConnection, payment: BonusPayment, by: User) -> bool:
    """Ask the panel to pay, once for ever; False when it was asked before.

    The move to "payment requested" is committed before the call, and only who made it calls. A clear refusal
    leaves the payment where it can be asked again; no answer leaves it unknown.
    """
    client = client_for(panel)  # a missing token is noticed before anything is marked
    if not _mark(payment, by):
        return False
    try:
        client.pay_bonuses(BonusPayment.objects.values_list("panel_payment", flat=True).get(pk=payment.pk))
    except NoAnswer as error:
        _end(payment, State.UNKNOWN, str(error))
    except PanelError as error:
        BonusPayment.objects.filter(pk=payment.pk, state=State.PAY_REQUESTED).update(
            state=State.SUBMITTED, problem=str(error)[:200]
        )
        raise
    else:
        _end(payment, State.CONFIRMED)
    return True


def _mark(payment: BonusPayment, by: User) -> bool:
    """Compare and set, committed: whoever gets True asks the panel, nobody else ever does."""
    with transaction.atomic(durable=True):
        first = BonusPayment.objects.filter(pk=payment.pk, state=State.SUBMITTED).update(
            state=State.PAY_REQUESTED, pay_requested_at=timezone.now(), problem=""
        )
        if first:
            audit.record(by, "bonuses.pay_requested", study=payment.study, subject=payment.pk)
    return bool(first)


def _end(payment: BonusPayment, state: State, problem: str = "") -> None:
    BonusPayment.objects.filter(pk=payment.pk, state=State.PAY_REQUESTED).update(
        state=state, ended_at=timezone.now(), problem=problem[:200]
    )


def is_unclear(payment: BonusPayment) -> bool:
    """Whether a coordinator has to look at the panel: no answer came, or who waited for it is gone."""
    if payment.state != State.PAY_REQUESTED or payment.pay_requested_at is None:
        return payment.state == State.UNKNOWN
    return payment.pay_requested_at < timezone.now() - PATIENCE


def settle(payment: BonusPayment, by: User, *, was_paid: bool) -> bool:
    """A coordinator looked at the panel and says what happened; what was not paid may be paid then."""
    unclear = BonusPayment.objects.filter(pk=payment.pk, state=payment.state)
    if not is_unclear(payment):
        return False
    state = State.CONFIRMED if was_paid else State.SUBMITTED
    with transaction.atomic():
        if not unclear.update(state=state, ended_at=timezone.now() if was_paid else None, problem=""):
            return False
        audit.record(by, "bonuses.settled", study=payment.study, subject=payment.pk, was_paid=was_paid)
    return True
