"""What a page of the survey withstands: too much at once, no token, an erasure, and its count of queries."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from surveys import answers, erasure
from surveys.models import Answer, Device, Draft, PageSubmission
from surveys.views import visit
from tests.surveys.visitors import (
    CONSENT,
    START,
    USE,
    address,
    agree,
    arrive,
    hidden,
    new_panel_id,
    same_browser,
    text_of,
    where,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("checks_csrf", [False, True])
@pytest.mark.parametrize("path", ["survey/start/", "draft/survey:start/", "consent/"])
def test_a_request_that_is_too_large_gets_a_clear_page(study, settings, path, checks_csrf):
    client = Client(enforce_csrf_checks=checks_csrf)
    arrive(client, study, new_panel_id())
    token = client.get(address(study, "consent/")).cookies["csrftoken"].value
    if path != "consent/":
        client.post(address(study, "consent/"), CONSENT | {"csrfmiddlewaretoken": token})
    here = where(client, study)
    sent = {"csrfmiddlewaretoken": token, "why": "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE}
    answer = client.post(address(study, path), sent)
    assert answer.status_code == 400
    assert "We could not read that request" in text_of(answer)
    assert "Nothing was changed" in text_of(answer)
    assert "Traceback" not in text_of(answer)
    assert where(client, study) == here
    assert not PageSubmission.objects.exists()
    assert not Draft.objects.exists()


def test_a_page_without_its_csrf_token_is_refused_with_a_clear_page(study, visitor):
    client = same_browser(visitor, enforce_csrf_checks=True)
    answer = client.post(address(study, "survey/start/"), START)
    assert answer.status_code == 403
    assert "<h1" in text_of(answer)
    assert not PageSubmission.objects.exists()


def test_a_visit_is_counted_as_one_device(study, visitor):
    for _ in range(3):
        where(visitor, study)
    agree(visitor, study)
    assert Device.objects.count() == 1


def test_what_was_on_its_way_when_the_person_was_erased_is_not_stored(study, visitor, monkeypatch):
    path, found = address(study, "survey/start/"), visit.device_in
    form = START | hidden(visitor.get(path))

    def erased_meanwhile(request, slug):
        device = found(request, slug)
        erasure.erase(device.enrolment.participant, reason="asked for it")
        return device

    monkeypatch.setattr(visit, "device_in", erased_meanwhile)
    device = Device.objects.get()
    assert visitor.post(path, form).context["onward"] == address(study, "done/")
    assert not answers.save_draft(device.enrolment, device, "survey:start", {"why": ["Late"]})
    assert not Answer.objects.exists()
    assert not Draft.objects.exists()


def test_a_script_gets_the_next_page_alone_and_its_address(study, visitor):
    path = address(study, "survey/start/")
    form = START | hidden(visitor.get(path))
    part = {"X-Prism-Part": "survey"}
    wrong = visitor.post(path, {**form, "why": "", "age": ""}, headers=part)
    assert (wrong.status_code, wrong["X-Prism-Address"]) == (422, path)
    answer = visitor.post(path, form, headers=part)
    assert (answer.status_code, answer["X-Prism-Address"]) == (200, address(study, "survey/use/"))
    text = text_of(answer)
    assert "<html" not in text
    assert f'action="{address(study, "survey/use/")}"' in text
    assert PageSubmission.objects.get().page == "start"


def test_submitting_a_page_takes_as_many_queries_at_the_end_as_at_the_start(study, visitor):
    counts = []
    for key, fields in (("start", START), ("use", USE)):
        form = fields | hidden(visitor.get(address(study, f"survey/{key}/")))
        with CaptureQueriesContext(connection) as queries:
            visitor.post(address(study, f"survey/{key}/"), form, headers={"X-Prism-Part": "survey"})
        counts.append(len(queries))
    assert counts[0] <= 14, counts
    assert counts[1] - counts[0] <= 2, counts
