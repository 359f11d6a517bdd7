"""Running a study: editing it, opening and closing it, looking at it as a participant."""

from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from surveys import audit, stages
from surveys.models import Enrolment, EnrolmentEvent, Participant, Study
from surveys.panels import exit_for, panel_of
from surveys.quotas.versions import misfits

State = Study.State
NEXT_STATES: dict[str, State] = {
    State.DRAFT: State.OPEN,
    State.OPEN: State.CLOSED,
    State.CLOSED: State.OPEN,
}


class StudyError(Exception):
    """The change was refused; the message says why and what to do."""


def edit(study: Study, by: User, changed: list[str]) -> None:
    """Store the edited fields named in `changed`."""
    if not changed:
        return
    with transaction.atomic():
        study.save(update_fields=changed)
        audit.record(by, "study.edited", study=study, fields=changed)


def change_state(study: Study, state: str, by: User) -> None:
    """Open or close the study; raises StudyError when it is not ready or is not in the state before."""
    if state == State.OPEN and not (study.consent_document_id and _has_something_to_do(study)):
        raise StudyError(_("The study has no consent document or no questionnaire yet, so it cannot open."))
    if state == State.OPEN and misfits(study):
        raise StudyError(_("The quotas do not fit the questionnaire any more. Edit them before you open."))
    before = [known for known, following in NEXT_STATES.items() if following == state]
    with transaction.atomic():
        if not Study.objects.filter(pk=study.pk, state__in=before).update(state=state):
            raise StudyError(_("Somebody else changed the study just now. Look at its state again."))
        audit.record(by, "study.opened" if state == State.OPEN else "study.closed", study=study)
    study.state = state


def _has_something_to_do(study: Study) -> bool:
    """A questionnaire, or what needs none, as an arena does."""
    return bool(study.questionnaire_id) or any(stage.stands_alone(study) for stage in stages.known())


def gaps(study: Study) -> list[str]:
    """What people would miss if the study opened as it is; none of it keeps the study from opening."""
    found = [stage.gap(study) for stage in stages.known()]
    if panel_of(study)["door"] == "parameters" and not exit_for(study, Enrolment.Outcome.COMPLETE):
        found.append(_("Who completes gets no code and no way back to the panel: give one under “Panel”."))
    if not study.contact_email:
        found.append(_("Participants find no address for their questions: enter one under “Settings”."))
    return [gap for gap in found if gap]


def start_preview(study: Study, by: User) -> Enrolment:
    """A new enrolment without a person behind it: test data, marked as a preview."""
    with transaction.atomic():
        enrolment = Enrolment.objects.create(
            participant=Participant.objects.create(), study=study, is_test=True, is_preview=True
        )
        EnrolmentEvent.objects.create(enrolment=enrolment, kind="arrived", detail={"preview": True})
        audit.record(by, "study.previewed", study=study, subject=enrolment.code)
    return enrolment


def participant_link(study: Study) -> str:
    """The address to give to the panel, with the placeholders that it fills in for each person."""
    panel = panel_of(study)
    filled = {name: panel["placeholder"].replace("NAME", name) for name in panel["parameters"].values()}
    address = f"{settings.PUBLIC_URL}{study.get_absolute_url()}"
    return f"{address}?{urlencode(filled, safe='{}%[]$')}" if filled else address
