"""A second device, and the personal link that opens everything on it."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from prism.lib.crypto import decrypt
from surveys import entry
from surveys.models import Device, Enrolment, Participant
from tests.factories import make_conversation, make_enrolment
from tests.surveys.visitors import (
    PANEL_STUDY,
    SESSION,
    START,
    address,
    arrive,
    make_small_study,
    newcomer,
    resume_link,
    same_browser,
    save_draft,
    submit,
    tables_with,
    text_of,
    where,
)

pytestmark = pytest.mark.django_db
PID = "5f0123456789abcdef012345"
OTHER_SESSION = "60d1f5a0c0ffee0000000002"


@pytest.fixture
def study():
    return make_small_study(slug="values")


def test_a_second_device_goes_on_but_reads_nothing_that_was_written_before(study):
    first, enrolment = newcomer(study, PID)
    submit(first, study, "start", START)
    save_draft(first, study, "use", {"purposes": ["travel", "other"], "purposes.other_text": "A secret plan"})
    second = Client()
    assert arrive(second, study, PID).status_code == 303
    assert where(second, study) == "survey/use/"
    page = text_of(second.get(address(study, "survey/use/")))
    assert "A secret plan" not in page
    assert "checked" not in page
    earlier = second.get(address(study, "survey/start/"), follow=True)
    assert earlier.request["PATH_INFO"] == address(study, "survey/use/")
    assert "Out of curiosity" not in text_of(earlier)
    assert second.get(address(study, "my-data.json")).status_code == 403
    assert resume_link(second, study) == ""
    assert list(enrolment.devices.order_by("pk").values_list("is_trusted", flat=True)) == [True, False]
    assert enrolment.events.get(kind="second device").detail == {"trusted": False}


def test_a_second_device_cannot_write_over_a_page_it_may_not_read(study):
    first, enrolment = newcomer(study, PID)
    submit(first, study, "start", START)
    second = Client()
    arrive(second, study, PID)
    second.post(address(study, "survey/start/"), START | {"why": "Not mine", "form_key": "k"})
    assert enrolment.page_submissions.count() == 1
    assert tables_with("Not mine") == set()


def test_a_second_device_does_not_read_a_chat_of_the_first_one(study):
    enrolment = make_enrolment(study, finished_survey=True)
    conversation = make_conversation(enrolment, complete=False)
    second, own = Client(), Client()
    for client, trusted in ((second, False), (own, True)):
        device = Device.objects.create(enrolment=enrolment, is_trusted=trusted)
        client.cookies[f"prism-device-{study.pk}"] = device.key
    path = address(study, f"conversations/{conversation.code}/")
    assert "question number 0" in text_of(own.get(path))
    assert second.get(path).status_code == 404
    assert second.post(f"{path}say/", {"text": "Hello"}).status_code == 404
    assert "question number" not in text_of(second.get(address(study, "conversations/"), follow=True))


@pytest.mark.django_db(transaction=True)
def test_a_second_device_does_not_hear_the_answers_of_a_chat_of_the_first_one():
    study = make_small_study()
    first, enrolment = newcomer(study, PID)
    conversation = make_conversation(enrolment, complete=False)
    second = Client()
    arrive(second, study, PID)
    events = address(study, f"conversations/{conversation.code}/turns/0/events/")
    assert first.get(events).status_code == 200
    assert second.get(events).status_code == 404
    assert Client().get(events).status_code == 404


def test_another_participant_reads_nothing_of_the_first_one(study):
    owner, enrolment = newcomer(study)
    colleague, _ = newcomer(study)
    submit(owner, study, "start", START)
    conversation = make_conversation(enrolment, complete=False)
    assert where(colleague, study) == "survey/start/"
    assert "Out of curiosity" not in text_of(colleague.get(address(study, "survey/start/")))
    assert "Out of curiosity" in text_of(owner.get(address(study, "my-data.json")))
    assert "Out of curiosity" not in text_of(colleague.get(address(study, "my-data.json")))
    Enrolment.objects.update(survey_finished_at=enrolment.arrived_at)
    path = address(study, f"conversations/{conversation.code}/")
    assert owner.get(path).status_code == 200
    assert colleague.get(path).status_code == 404
    assert Client().get(path).status_code == 403


def test_the_devices_cookie_resumes_everything(study):
    client, _ = newcomer(study)
    submit(client, study, "start", START)
    save_draft(client, study, "use", {"purposes": ["other"], "purposes.other_text": "Half a thought"})
    later = same_browser(client)
    assert where(later, study) == "survey/use/"
    assert "Half a thought" in text_of(later.get(address(study, "survey/use/")))
    assert "Out of curiosity" in text_of(later.get(address(study, "survey/start/")))
    assert Device.objects.count() == 1


def test_a_key_that_was_planted_is_not_the_devices_key(client, study):
    planted = client.cookies[f"prism-device-{study.pk}"] = "k" * 32
    arrive(client, study, PID)
    cookie = client.cookies[f"prism-device-{study.pk}"]
    assert cookie.value == Device.objects.get().key != planted
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not Session.objects.exists()


def test_a_browser_in_two_studies_is_a_device_in_each(client, study):
    other = make_small_study(slug="other")
    arrive(client, study, PID)
    arrive(client, other, PID)
    assert where(client, study) == where(client, other) == "consent/"
    assert Device.objects.count() == 2


def test_the_panels_link_opened_again_keeps_the_device(study):
    client, enrolment = newcomer(study, PID)
    arrive(client, study, PID)
    assert enrolment.devices.count() == 1
    assert not enrolment.events.filter(kind="second device").exists()
    assert resume_link(client, study)


def test_a_new_submission_of_the_same_person_keeps_both(study):
    client, enrolment = newcomer(study, PID)
    arrive(client, study, PID, session=OTHER_SESSION)
    arrive(client, study, PID, session=OTHER_SESSION)
    kept = enrolment.panel_submissions.order_by("pk")
    assert [decrypt(row.encrypted_session) for row in kept] == [SESSION, OTHER_SESSION]
    assert {row.panel_study for row in kept} == {PANEL_STUDY}
    assert Participant.objects.count() == 1


def test_a_person_in_two_studies_is_one_participant_with_two_enrolments(client, study):
    other = make_small_study()
    arrive(client, study, PID)
    arrive(client, other, PID)
    assert Participant.objects.get().enrolments.count() == 2
    assert where(client, study) == where(client, other) == "consent/"


def test_the_personal_link_gives_everything_on_a_new_device(study):
    client, enrolment = newcomer(study)
    submit(client, study, "start", START)
    save_draft(client, study, "use", {"purposes": ["other"], "purposes.other_text": "Half a thought"})
    elsewhere = Client()
    answer = elsewhere.get(resume_link(client, study))
    assert (answer.status_code, answer["Location"]) == (303, address(study))
    assert "Half a thought" in text_of(elsewhere.get(address(study), follow=True))
    assert "Out of curiosity" in text_of(elsewhere.get(address(study, "survey/start/")))
    assert "Out of curiosity" in text_of(elsewhere.get(address(study, "my-data.json")))
    assert enrolment.events.get(kind="second device").detail == {"trusted": True}


def test_the_personal_link_makes_an_untrusted_device_trusted(study):
    first, _ = newcomer(study, PID)
    link = resume_link(first, study)
    second = Client()
    arrive(second, study, PID)
    assert second.get(address(study, "my-data.json")).status_code == 403
    second.get(link)
    assert second.get(address(study, "my-data.json")).status_code == 200
    assert Device.objects.count() == 2


def test_a_damaged_link_or_one_of_another_study_does_not_work(study):
    client, enrolment = newcomer(study)
    link = resume_link(client, study)
    elsewhere = Client()
    damaged = [link[:-1], link + "A", address(study, "resume/"), address(study, "resume/?link=%00é")]
    forged = f"{address(study, 'resume/')}?link={entry.test_token(study)}"
    other = link.replace(study.slug, make_small_study().slug, 1)
    for wrong in [*damaged, forged, other, link.replace(study.slug, "nowhere", 1)]:
        answer = elsewhere.get(wrong)
        assert answer.status_code == 404
        assert "personal link does not work" in text_of(answer)
    Enrolment.objects.update(resume_key="renewed")
    assert elsewhere.get(link).status_code == 404
    assert enrolment.devices.count() == 1
