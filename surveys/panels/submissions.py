"""What the panel says of its submissions, and what a coordinator answers: approve, reject, ask to return."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from prism.lib.crypto import decrypt, keyed_hash
from surveys import audit, journey
from surveys.models import Enrolment, PanelConnection, PanelSubmission, Seat, Study
from surveys.panels.client import MOST_APPROVALS, PanelError, client_for
from surveys.panels.definitions import code_of, panel_of
from surveys.quotas import seats

# A panel may name states that we do not know; they are kept and change nothing.
ENDS = {"RETURNED": Enrolment.Outcome.WITHDRAWN, "TIMED-OUT": Enrolment.Outcome.TIMED_OUT}
UNPAID = {"RETURNED", "REJECTED", "TIMED-OUT"}  # the panel gives the place to somebody else
FINAL = {"APPROVED", "PARTIALLY APPROVED", "SCREENED OUT", *UNPAID}
REVIEWED = "AWAITING REVIEW"
SHORTEST_REJECTION = 100
REJECTIONS = {
    "FAILED_CHECK": gettext_lazy("failed the attention checks"),
    "TOO_QUICKLY": gettext_lazy("too fast to be true"),
    "TOO_SLOWLY": gettext_lazy("took far too long"),
    "FAILED_INSTRUCTIONS": gettext_lazy("did not follow the instructions"),
    "LOW_EFFORT": gettext_lazy("little effort"),
    "MALINGERING": gettext_lazy("feigned"),
    "NO_CODE": gettext_lazy("no completion code"),
    "BAD_CODE": gettext_lazy("wrong completion code"),
    "NO_DATA": gettext_lazy("no data"),
    "INCOMP_LONGITUDINAL": gettext_lazy("left out a part of a study over time"),
    "UNSUPP_DEVICE": gettext_lazy("device that is not supported"),
    "OTHER": gettext_lazy("another reason"),
}


def digests(study: Study, submission: str, person: str) -> tuple[str, str]:
    """The keyed hashes by which a submission and a person of the study's panel are found again."""
    panel = panel_of(study)["name"]
    return keyed_hash(panel, "session", submission), keyed_hash(
        panel, "participant", person
    ) if person else ""


def find(study: Study, submission: str, person: str) -> PanelSubmission | None:
    """The arrival with these digests; the person must fit too, for an unsigned link can name any session."""
    found = PanelSubmission.objects.filter(enrolment__study=study, digest=submission)
    if person:
        found = found.filter(enrolment__participant__identity__digest=person)
    return found.select_related("enrolment__study").order_by("pk").first()


def observe(submission: PanelSubmission, state: str, at: datetime) -> bool:
    """Take over what the panel said at a time; what is older than what we know changes nothing.

    Who returned or ran out of time has that outcome, unless they had finished or began anew meanwhile.
    Returns whether the state is news.
    """
    older = PanelSubmission.objects.filter(Q(state_at=None) | Q(state_at__lt=at), pk=submission.pk)
    is_news = older.exclude(state=state).update(state=state[:40], state_at=at) > 0
    if not is_news:
        older.update(state_at=at)
    if is_news and state in ENDS and _is_newest(submission):
        journey.finish(submission.enrolment, ENDS[state])
    return is_news


def _is_newest(submission: PanelSubmission) -> bool:
    return not PanelSubmission.objects.filter(
        enrolment=submission.enrolment_id, arrived_at__gt=submission.arrived_at
    ).exists()


def for_study(study: Study) -> QuerySet[PanelSubmission]:
    return PanelSubmission.objects.filter(enrolment__study=study, enrolment__is_test=False).select_related(
        "enrolment"
    )


def approve(connection: PanelConnection, chosen: list[PanelSubmission], by: User) -> int:
    """Approve finished submissions, at most 1,000. Raises PanelError when the panel does not."""
    open_ones = [row for row in chosen if row.state not in FINAL]
    if not 1 <= len(open_ones) <= MOST_APPROVALS:
        raise PanelError(_("Choose 1 to %s submissions that are not decided yet.") % MOST_APPROVALS)
    asked = timezone.now()
    audit.record(
        by,
        "submissions.approved",
        study=connection.study,
        codes=[row.enrolment.code for row in open_ones][:50],
        number=len(open_ones),
    )
    client_for(connection).approve([panel_id(row) for row in open_ones])
    for row in open_ones:
        observe(row, "APPROVED", asked)
    return len(open_ones)


def reject(
    connection: PanelConnection, row: PanelSubmission, by: User, *, message: str, category: str
) -> None:
    """Refuse payment, with a reason that the person reads. Nothing but a coordinator ever calls this."""
    if len(message.strip()) < SHORTEST_REJECTION:
        raise PanelError(_("The message needs at least %s characters.") % SHORTEST_REJECTION)
    if category not in REJECTIONS:
        raise PanelError(_("Choose one of the categories."))
    _decide(connection, row, by, "REJECT", message=message.strip(), rejection_category=category)


def complete(connection: PanelConnection, row: PanelSubmission, by: User, *, outcome: str) -> None:
    """End a submission for the person, with the code of an outcome whose actor is the researcher."""
    if outcome not in researchers_codes(connection.study):
        raise PanelError(_("That outcome has no code whose actor is the researcher."))
    code = code_of(panel_of(connection.study), outcome)
    _decide(connection, row, by, "COMPLETE", completion_code=code)


def researchers_codes(study: Study) -> dict[str, str]:
    """The codes that a researcher gives, by outcome."""
    panel = panel_of(study)
    given = {name: code for name, code in panel["codes"].items() if isinstance(code, dict)}
    return {name: code_of(panel, name) for name, code in given.items() if code.get("actor") == "researcher"}


def ask_to_return(connection: PanelConnection, row: PanelSubmission, by: User, reason: str) -> None:
    audit.record(by, "submission.return_asked", study=connection.study, subject=row.enrolment.code)
    client_for(connection).ask_to_return(panel_id(row), reason)


def _decide(connection: PanelConnection, row: PanelSubmission, by: User, action: str, **fields: Any) -> None:
    kept = {name: value for name, value in fields.items() if name != "message"}
    audit.record(
        by, f"submission.{action.lower()}", study=connection.study, subject=row.enrolment.code, **kept
    )
    asked = timezone.now()
    answer = client_for(connection).transition(panel_id(row), action, **fields)
    if isinstance(answer.get("status"), str):
        observe(row, answer["status"], asked)


def with_seats(rows: QuerySet[PanelSubmission]) -> QuerySet[PanelSubmission]:
    """Each with `may_release`, see `_may_release`."""
    return rows.annotate(may_release=_may_release())


def _may_release() -> Q:
    """The person is complete and seated here, and the panel pays none of their submissions, so that it gives
    their place to somebody for whom there is no seat."""
    others = PanelSubmission.objects.filter(enrolment=OuterRef("enrolment")).exclude(state__in=UNPAID)
    confirmed = Seat.objects.filter(enrolment=OuterRef("enrolment"), state=Seat.State.CONFIRMED)
    return ~Q(Exists(others)) & Q(Exists(confirmed))


def release_seat(row: PanelSubmission, by: User, reason: str) -> None:
    """Free the seat of somebody complete whom the panel does not pay; outcome and data stay as they are.

    Raises PanelError when there is none to free, as after a second click.
    """
    with transaction.atomic():
        enrolment = Enrolment.objects.select_for_update().get(pk=row.enrolment_id)
        if not PanelSubmission.objects.filter(_may_release(), pk=row.pk).exists():
            raise PanelError(
                _("There is no seat to release: it is free already, or the panel pays the person.")
            )
        seats.end(enrolment, Seat.State.RELEASED, reason=seats.GIVEN_BACK)
        audit.record(
            by, "submission.seat_released", study=enrolment.study, subject=enrolment.code, reason=reason
        )


def panel_id(row: PanelSubmission) -> str:
    """The panel's own id of a submission; raises PanelError where the study's panel gives none."""
    found = decrypt(row.encrypted_session)
    if not found:
        raise PanelError(_("The panel gave no id for this submission."))
    return found
