"""Erasing a participant from the command line, as the consent promises."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from surveys.models import Answer, AuditEvent
from tests.surveys.visitors import START, make_small_study, newcomer, submit, tables_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_small_study(slug="values")


@pytest.fixture
def enrolment(study):
    client, enrolment = newcomer(study)
    submit(client, study, "start", START | {"why": "zebra finches"})
    return enrolment


def erase(*arguments: str, reason: str = "asked by e-mail") -> str:
    out = StringIO()
    call_command("erase", *arguments, "--reason", reason, stdout=out)
    return out.getvalue()


def test_what_the_person_gave_is_gone_and_the_audit_says_why(enrolment):
    printed = erase("values", enrolment.code)
    assert tables_with("zebra finches") == set()
    assert f"{enrolment.code} is erased" in printed
    event = AuditEvent.objects.get(action="participant.erased")
    assert (event.actor, event.subject, event.detail) == (
        None,
        enrolment.code,
        {"reason": "asked by e-mail"},
    )


def test_nobody_is_erased_twice(enrolment):
    erase("values", enrolment.code)
    with pytest.raises(CommandError, match="erased already"):
        erase("values", enrolment.code)
    assert AuditEvent.objects.filter(action="participant.erased").count() == 1


@pytest.mark.parametrize("reason", ["", "  "])
def test_without_a_reason_nothing_is_erased(enrolment, reason):
    with pytest.raises(CommandError, match="reason"):
        erase("values", enrolment.code, reason=reason)
    assert Answer.objects.exclude(value=None).exists()


def test_a_code_or_study_that_is_not_there_is_named_and_nothing_is_erased(enrolment):
    for slug, code in (
        ("values", "user123"),
        ("values", "c123456789"),
        ("values", "user1 OR 1"),
        ("other", "x"),
    ):
        with pytest.raises(CommandError, match=r"Nobody in values|no study other"):
            erase(slug, code)
        assert Answer.objects.exclude(value=None).exists()


def test_a_code_of_another_study_erases_nobody(enrolment):
    make_small_study(slug="elsewhere")
    with pytest.raises(CommandError, match="Nobody in elsewhere"):
        erase("elsewhere", enrolment.code)
    assert Answer.objects.exclude(value=None).exists()
