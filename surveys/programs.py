"""People who take part through a program: it brings them in over the API and holds their conversations.

Consent and survey stay on our pages, by the person's own link. What the program writes is written on a device
of its own, so that it reads nothing that the person wrote elsewhere, and the data say how it came about.
"""

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from accounts.models import User
from surveys import audit, entry
from surveys.access import enrolment_for
from surveys.models import Device, Enrolment, Study
from surveys.panels import Arrival, EntryError, panel_of

PROGRAM = Device.Form.PROGRAM


def bring_in(study: Study, key: str, by: User, *, is_test: bool) -> tuple[Enrolment, bool]:
    """The person of this key, and whether they are new. Raises EntryError where they may not come in."""
    if not is_test and panel_of(study)["door"] != "open":
        raise EntryError(_("Only test participants come in here: others come by this study's panel."))
    if not (study.is_open or is_test):
        raise EntryError(_("The study is not open."))
    with transaction.atomic():
        arrival = Arrival(panel=f"api {study.pk}", participant=f"{int(is_test)}:{key}")
        enrolment, is_new = entry.enrol(study, arrival, is_test=is_test)
        if is_new:
            Device.objects.create(enrolment=enrolment, form=PROGRAM)
            audit.record(by, "participant.brought_in", study=study, subject=enrolment.code, is_test=is_test)
    return enrolment, is_new


def taking_part(study: Study, code: str) -> Device:
    """The device of a person who takes part through a program; whoever came in by our doors is not found."""
    device = Device.objects.filter(enrolment=enrolment_for(study, code), form=PROGRAM).first()
    if device is None:
        raise Http404
    return Device.objects.select_related("enrolment__study", "enrolment__participant").get(pk=device.pk)
