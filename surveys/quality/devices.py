"""What is stored of devices: their number, their form, and whether a browser served several people."""

from django.db.models import Count

from surveys.devices import SHARED
from surveys.models import Device, EnrolmentEvent, Study
from surveys.quality.found import Found
from surveys.quality.rules import Devices


def signals(study: Study, rules: Devices) -> list[Found]:
    return [*_several(study, rules), *_wrong(study, rules), *_shared(study)]


def _several(study: Study, rules: Devices) -> list[Found]:
    people = (
        study.enrolments.counted().annotate(browsers=Count("devices")).filter(browsers__gte=rules.several)
    )
    return [Found(pk, "many_devices", "", {"devices": n}) for pk, n in people.values_list("pk", "browsers")]


def _wrong(study: Study, rules: Devices) -> list[Found]:
    """Whoever submitted a page on a form of device that the study does not ask for."""
    if not rules.allowed:
        return []
    devices = Device.objects.filter(enrolment__study=study, enrolment__is_test=False)
    devices = devices.exclude(form="").exclude(form__in=rules.allowed).filter(pagesubmission__isnull=False)
    pairs = devices.order_by("enrolment_id", "form").values_list("enrolment_id", "form").distinct()
    return [
        Found(pk, "wrong_device", form, {"form": form, "allowed": [*rules.allowed]}) for pk, form in pairs
    ]


def _shared(study: Study) -> list[Found]:
    """Whoever came in on a browser that was somebody else's in this study before."""
    events = EnrolmentEvent.objects.filter(
        kind=SHARED, enrolment__study=study, enrolment__is_test=False, detail__has_key="with"
    )
    pairs = sorted(set(events.values_list("enrolment_id", "detail__with")))
    return [Found(pk, "shared_device", str(code), {"with": code}) for pk, code in pairs]
