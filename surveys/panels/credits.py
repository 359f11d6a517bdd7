"""Credits that the server asks the panel for, where a study says so (SONA). Each is asked for once.

The ledger has one row for a person. The mark that the panel is asked is committed before the call, so that a
task that runs twice, or dies on the way, asks once. It is tried again only after a call that surely did
nothing: the panel could not be reached, or was too busy. Where no answer came nobody knows whether the credit
was granted; a coordinator looks there and says so.
"""

from datetime import timedelta

import httpx2
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from prism.lib import outgoing
from prism.lib.addresses import ANYBODY
from surveys import audit
from surveys.models import Credit, Decision, Enrolment, Study
from surveys.panels.exits import link_of
from surveys.quality.deciding import stands

SERVER = "server"
State = Credit.State
UNCLEAR = (State.UNKNOWN, State.REFUSED)
TIMEOUT = httpx2.Timeout(20, connect=5)
# The answer takes seconds; after this time the process that waited for it is gone.
PATIENCE = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(hours=6)
MOST_TRIES = 20


def due() -> list[int]:
    """For beat: enter who completed, note what nobody waits for any more, and name the credits to ask for."""
    _enter()
    lost = Credit.objects.filter(state=State.ASKED, asked_at__lt=timezone.now() - PATIENCE)
    lost.update(state=State.UNKNOWN, problem=_("No answer was heard: the work was interrupted."))
    # Payment is a coordinator's decision: whom they ask to wait or to return is asked for by nobody.
    held = stands(Decision.Value.HOLD, "enrolment") | stands(Decision.Value.ASK_RETURN, "enrolment")
    waiting = Credit.objects.filter(~held, state=State.WAITING, next_at__lte=timezone.now())
    return list(waiting.order_by("next_at").values_list("pk", flat=True))


def _enter() -> None:
    studies = Study.objects.filter(panel__credit=SERVER)
    complete = Enrolment.objects.counted().filter(study__in=studies, outcome=Enrolment.Outcome.COMPLETE)
    missing = complete.filter(credit=None).values_list("pk", flat=True)
    Credit.objects.bulk_create([Credit(enrolment_id=pk) for pk in missing], ignore_conflicts=True)


def give(pk: int) -> bool:
    """Ask the panel for a credit that waits; False where somebody else does or did."""
    if not _mark(pk):
        return False
    credit = Credit.objects.select_related("enrolment__study").get(pk=pk)
    link = link_of(credit.enrolment.study, credit.enrolment.outcome, credit.enrolment)
    if not link:
        _end(credit, State.REFUSED, _("The panel's id of the person or the link is not there any more."))
        return True
    try:
        answer = outgoing.request("GET", link, ANYBODY, timeout=TIMEOUT)
    except (httpx2.ConnectError, httpx2.ConnectTimeout):
        _try_later(credit, _("The panel could not be reached."))
    except (httpx2.HTTPError, httpx2.InvalidURL):
        _end(credit, State.UNKNOWN, _("The panel did not answer."))
    else:
        _take(credit, answer.status_code)
    return True


def _mark(pk: int) -> bool:
    """Compare and set, committed: whoever gets True asks the panel."""
    now = timezone.now()
    with transaction.atomic(durable=True):
        waiting = Credit.objects.filter(pk=pk, state=State.WAITING, next_at__lte=now)
        return bool(waiting.update(state=State.ASKED, asked_at=now, problem=""))


def _take(credit: Credit, status: int) -> None:
    if 200 <= status < 300:
        _end(credit, State.GRANTED)
    elif status == 429:
        _try_later(credit, _("The panel was too busy."))
    elif 400 <= status < 500 and status != 408:
        _end(credit, State.REFUSED, _("The panel refused (%s).") % status)
    else:
        _end(credit, State.UNKNOWN, _("The panel's answer (%s) leaves open what it did.") % status)


def _try_later(credit: Credit, problem: str) -> None:
    """Wait twice as long each time; in the end a coordinator looks at it."""
    tries = credit.tries + 1
    if tries >= MOST_TRIES:
        _end(credit, State.REFUSED, problem)
        return
    pause = min(timedelta(minutes=2**tries), LONGEST_PAUSE)
    changes = {"state": State.WAITING, "tries": tries, "next_at": timezone.now() + pause}
    _asked(credit).update(problem=problem, **changes)


def _end(credit: Credit, state: State, problem: str = "") -> None:
    _asked(credit).update(state=state, problem=problem, ended_at=timezone.now())


def _asked(credit: Credit) -> QuerySet[Credit]:
    """The credit while this very call is the one under way."""
    return Credit.objects.filter(pk=credit.pk, state=State.ASKED, asked_at=credit.asked_at)


def of_study(study: Study) -> QuerySet[Credit]:
    return Credit.objects.filter(enrolment__study=study).select_related("enrolment")


def settle(study: Study, pk: int, by: User, *, was_granted: bool) -> bool:
    """A coordinator looked at the panel and says what happened; what was not granted is asked for again."""
    changes = {"state": State.GRANTED, "ended_at": timezone.now()}
    if not was_granted:
        changes = {"state": State.WAITING, "next_at": timezone.now(), "ended_at": None}
    with transaction.atomic():
        unclear = Credit.objects.filter(pk=pk, state__in=UNCLEAR, enrolment__in=study.enrolments.values("pk"))
        found = unclear.select_related("enrolment").first()
        if found is None or not unclear.update(tries=0, problem="", **changes):
            return False
        audit.record(by, "credit.settled", study=study, subject=found.enrolment.code, was_granted=was_granted)
    return True
