"""Withdrawing in the very moment in which something else happens: whoever comes second, nothing is left."""

from typing import Any

import pytest
from django.test import Client

from surveys import consents, withdrawal
from surveys.models import Answer, AuditEvent, Enrolment, EnrolmentEvent
from tests.conversations.talking import at_once
from tests.surveys.visitors import START, address, hidden, make_small_study, newcomer, tables_with

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "zebra finches"


@pytest.mark.parametrize("attempt", range(2))
def test_a_page_that_is_submitted_meanwhile_leaves_nothing(attempt):
    study = make_small_study()
    client, enrolment = newcomer(study)
    path = address(study, "survey/start/")
    fields = {**hidden(client.get(path)), **START, "why": WORDS}

    def submit() -> Any:
        browser = Client()
        browser.cookies = client.cookies
        return browser.post(path, fields).status_code

    def save() -> Any:
        browser = Client()
        browser.cookies = client.cookies
        return browser.post(address(study, "draft/survey:start/"), {"why": WORDS}).status_code

    at_once(submit, save, lambda: withdrawal.withdraw(enrolment))
    enrolment.refresh_from_db()
    assert enrolment.outcome == "withdrawn"
    assert tables_with(WORDS) == set()
    assert not Answer.objects.exclude(value=None).exists()


def test_two_withdrawals_at_once_are_one():
    study = make_small_study()
    _, enrolment = newcomer(study)
    both = at_once(
        lambda: withdrawal.withdraw(fresh(enrolment)), lambda: withdrawal.withdraw(fresh(enrolment))
    )
    assert sorted(both) == [False, True]
    assert AuditEvent.objects.filter(action="participant.withdrew").count() == 1
    assert EnrolmentEvent.objects.filter(kind="withdrew").count() == 1


def fresh(enrolment: Enrolment) -> Enrolment:
    return Enrolment.objects.select_related("study").get(pk=enrolment.pk)


def test_two_changes_of_a_purpose_at_once_are_counted_one_after_the_other():
    study = make_small_study()
    _, enrolment = newcomer(study)
    document = study.consent_document
    boxes = [{"key": "consent", "label": "Yes", "required": True}, {"key": "contact", "label": "Write"}]
    study.consent_document = type(document).load("more", "Title", "Body", boxes)
    study.save()
    consents.decide(enrolment, study.consent_document, agreed=True, boxes={"consent": True}, language="en")
    at_once(
        lambda: consents.change_purposes(fresh(enrolment), {"contact": True}, "en"),
        lambda: consents.change_purposes(fresh(enrolment), {"contact": False}, "en"),
    )
    revisions = list(
        enrolment.consents.filter(document=study.consent_document)
        .order_by("pk")
        .values_list("revision", flat=True)
    )
    assert revisions == list(range(len(revisions)))
    assert len(revisions) >= 2
