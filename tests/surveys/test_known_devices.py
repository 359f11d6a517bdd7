"""Who is behind a browser's keys, and that a study that changed is seen at once although its row is kept."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from surveys import known_devices
from surveys.models import Device, Enrolment, Study
from tests.factories import make_enrolment, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def device() -> Device:
    return Device.objects.create(enrolment=make_enrolment(make_study(panel={"kind": "generic"})))


def found(device: Device) -> Device:
    known = known_devices.find([device.key], device.enrolment.study.slug)
    assert known is not None
    return known


def test_it_is_the_same_row_that_a_query_finds(device: Device) -> None:
    known = found(device)
    for one, other in ((known, Device), (known.enrolment, Enrolment), (known.enrolment.study, Study)):
        row = other.objects.get(pk=one.pk)
        assert type(one) is other
        for field in other._meta.concrete_fields:
            assert getattr(one, field.attname) == getattr(row, field.attname), field.name


def test_a_study_that_changed_is_seen_in_the_next_request(device: Device) -> None:
    study = device.enrolment.study
    for title in ("Second", "Third", "Fourth"):
        Study.objects.filter(pk=study.pk).update(title=title)
        assert found(device).enrolment.study.title == title
    with transaction.atomic():
        Study.objects.filter(pk=study.pk).update(title="Taken back")
        assert found(device).enrolment.study.title == "Taken back"
        transaction.set_rollback(True)
    assert found(device).enrolment.study.title == "Fourth"


def test_what_is_found_is_the_callers_own(device: Device) -> None:
    found(device).enrolment.study.title = "Changed by the caller"
    assert found(device).enrolment.study.title == device.enrolment.study.title


def test_once_known_it_is_one_statement(device: Device) -> None:
    found(device)
    with CaptureQueriesContext(connection) as queries:
        assert found(device).enrolment.study.panel == {"kind": "generic"}
    assert len(queries) == 1


def test_nobody_is_found_elsewhere_by_another_key_or_after_an_erasure(device: Device) -> None:
    slug = device.enrolment.study.slug
    assert known_devices.find([device.key], make_study().slug) is None
    assert known_devices.find(["another key"], slug) is None
    assert known_devices.find([], slug) is None
    participant = device.enrolment.participant
    participant.erased_at = timezone.now()
    participant.save(update_fields=["erased_at"])
    assert known_devices.find([device.key], slug) is None
