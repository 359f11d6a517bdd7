"""Coming in by the panel's link: once, at the same moment, as a bot, and not at all."""

import logging
from threading import Barrier, Thread, local
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from prism.lib.crypto import decrypt
from surveys import entry, erasure
from surveys.models import Device, Enrolment, Identity, PanelSubmission, Participant
from tests.factories import make_enrolment, make_study
from tests.surveys.visitors import (
    PANEL_STUDY,
    SESSION,
    START,
    address,
    agree,
    arrive,
    make_small_study,
    new_panel_id,
    newcomer,
    parameters,
    resume_link,
    save_draft,
    submit,
    tables_with,
    text_of,
    where,
)

pytestmark = pytest.mark.django_db
PID = "5f0123456789abcdef012345"
OTHER_SESSION = "60d1f5a0c0ffee0000000002"
BOT = {"User-Agent": "prism-bots/1"}


@pytest.fixture
def study():
    return make_small_study(slug="values")


def assert_nothing_was_made():
    assert not Participant.objects.exists()
    assert not Enrolment.objects.exists()
    assert not Identity.objects.exists()
    assert not PanelSubmission.objects.exists()
    assert not Device.objects.exists()


def test_the_link_leads_to_a_clean_address_and_then_to_the_consent(client, study):
    answer = arrive(client, study, PID)
    assert answer.status_code == 303
    assert answer["Location"] == "/studies/values/"
    assert "no-store" in answer["Cache-Control"]
    assert where(client, study) == "consent/"
    enrolment = Enrolment.objects.get()
    assert (enrolment.study, enrolment.is_test, enrolment.stage) == (study, False, "consent")
    assert list(enrolment.events.values_list("kind", flat=True)) == ["arrived"]


def test_the_panels_ids_stand_in_no_later_address_page_cookie_or_log(client, study, caplog):
    caplog.set_level(logging.DEBUG)
    answers = [arrive(client, study, PID, session=OTHER_SESSION)]
    answers += [client.get(address(study)), client.get(address(study, "consent/")), agree(client, study)]
    answers += [client.get(address(study, "survey/"), follow=True), submit(client, study, "start", START)]
    answers += [client.get(address(study, "my-data.json")), client.get(address(study, "survey/nowhere/"))]
    seen = "".join(f"{answer.headers} {answer.cookies} {text_of(answer)}" for answer in answers)
    written = caplog.text + str(dict(client.session)) + str([s.get_decoded() for s in Session.objects.all()])
    assert "/studies/values/" in seen
    for secret in (PID, OTHER_SESSION, PANEL_STUDY):
        assert secret not in seen
        assert secret not in written


def test_the_identity_is_stored_encrypted_in_one_table_and_found_by_its_hash(client, study):
    arrive(client, study, PID)
    assert tables_with(PID) == set()
    assert tables_with(SESSION) == set()
    identity = Identity.objects.get()
    assert PID not in identity.encrypted_id
    assert decrypt(identity.encrypted_id) == PID
    assert len(identity.digest) == 64
    assert tables_with(identity.digest) == {"surveys_identity"}
    assert tables_with(identity.encrypted_id) == {"surveys_identity"}


def test_a_missing_parameter_is_named_and_nothing_is_made(client, study):
    for value in (None, "", "   "):
        for missing in ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID"):
            query = {k: v for k, v in (parameters(PID) | {missing: value}).items() if v is not None}
            answer = client.get(address(study), query)
            assert answer.status_code == 400, (missing, value)
            assert missing in text_of(answer)
            assert "Nothing was stored" in text_of(answer)
            assert_nothing_was_made()


def test_a_malformed_parameter_is_named_never_repeated_and_nothing_is_made(client, study):
    for name in ("PROLIFIC_PID", "SESSION_ID"):
        for value in (
            "5f01",
            PID.upper(),
            f"{PID}0",
            f"{PID[:-1]}g",
            "{{%PROLIFIC_PID%}}",
            f"{PID}\n",
            f"{PID[:-1]}\x00",
        ):
            answer = client.get(address(study), parameters(new_panel_id()) | {name: value + "x"})
            assert answer.status_code == 400, (name, value)
            assert f"{name} does not look as it should" in text_of(answer)
            assert value not in text_of(answer)
            assert_nothing_was_made()


def test_a_parameter_given_twice_is_refused(client, study):
    answer = client.get(address(study), parameters(PID) | {"PROLIFIC_PID": [PID, new_panel_id()]})
    assert answer.status_code == 400
    assert "stands in it twice" in text_of(answer)
    assert_nothing_was_made()


def test_spaces_around_an_id_do_no_harm(client, study):
    assert arrive(client, study, f" {PID} ").status_code == 303
    assert decrypt(Identity.objects.get().encrypted_id) == PID


def test_an_unknown_study_is_a_clear_404(client):
    answer = client.get("/studies/nowhere/", parameters(PID))
    assert answer.status_code == 404
    assert "There is no such study" in text_of(answer)
    assert_nothing_was_made()


def test_without_parameters_a_stranger_is_told_how_to_come_in(client, study):
    for page in ("", "consent/", "survey/", "survey/start/", "done/", "conversations/", "my-data.json"):
        answer = client.get(address(study, page))
        assert answer.status_code == 403
        assert "Please come in by your link" in text_of(answer)
    assert save_draft(client, study, "start", {"why": "x"}).status_code == 403
    assert_nothing_was_made()


@pytest.mark.parametrize("state", ["closed", "draft"])
def test_a_study_that_is_not_open_lets_nobody_in(client, state):
    study = make_small_study(state=state)
    answer = arrive(client, study, PID)
    assert answer.status_code == 410
    assert "not open" in text_of(answer)
    assert_nothing_was_made()


def test_who_is_in_progress_goes_on_after_the_study_closed(study):
    client, enrolment = newcomer(study, PID)
    link = resume_link(client, study)
    study.state = "closed"
    study.save()
    assert where(client, study) == "survey/start/"
    submit(client, study, "start", START)
    assert where(client, study) == "survey/use/"
    elsewhere = Client()
    elsewhere.get(link)
    assert where(elsewhere, study) == "survey/use/"
    assert arrive(client, study, PID).status_code == 303
    assert arrive(Client(), study, PID).status_code == 303
    assert arrive(Client(), study, new_panel_id()).status_code == 410
    assert Enrolment.objects.get() == enrolment


# At the same moment


@pytest.mark.django_db(transaction=True)
def test_two_first_arrivals_at_once_make_one_participant_and_one_enrolment(monkeypatch):
    study = make_small_study()
    meet, here = Barrier(2, timeout=20), local()

    def encrypt_together(text: str) -> str:
        if not hasattr(here, "met"):  # both have looked for the identity and found none
            here.met = True
            meet.wait()
        return encrypt(text)

    encrypt = entry.encrypt
    monkeypatch.setattr(entry, "encrypt", encrypt_together)
    answers: list[Any] = []
    threads = [Thread(target=open_link, args=(study, answers)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [303, 303]
    enrolment = Enrolment.objects.get()
    assert Participant.objects.get() == enrolment.participant
    assert enrolment.panel_submissions.count() == 1
    assert enrolment.events.filter(kind="arrived").count() == 1
    assert enrolment.devices.filter(is_trusted=True).count() == 1


def open_link(study: Any, answers: list[Any]) -> None:
    try:
        answers.append(arrive(Client(), study, PID))
    finally:
        connection.close()


def test_a_code_that_is_taken_already_is_drawn_again(client, study, monkeypatch):
    taken = make_enrolment(study, number=100_000_007)
    numbers = iter([7, 8])
    monkeypatch.setattr("prism.lib.codes.secrets.randbelow", lambda limit: next(numbers))
    assert arrive(client, study, PID).status_code == 303
    assert set(study.enrolments.values_list("number", flat=True)) == {taken.number, 100_000_008}


# Erased people, bots and tests


def test_an_erased_person_cannot_come_back(study):
    client, enrolment = newcomer(study, PID)
    link = resume_link(client, study)
    erasure.erase(enrolment.participant, reason="asked for it")
    answer = arrive(Client(), study, PID, session=OTHER_SESSION)
    assert answer.status_code == 400
    assert "was erased" in text_of(answer)
    assert Participant.objects.count() == 1
    assert not PanelSubmission.objects.exists()
    assert Client().get(link).status_code == 404
    assert client.get(address(study), follow=True).status_code == 403
    assert client.get(address(study, "my-data.json")).status_code == 403


def test_a_bot_is_refused_on_a_live_study(study):
    answer = arrive(Client(headers=BOT), study, PID)
    assert answer.status_code == 403
    assert "Automatic visitors" in text_of(answer)
    assert_nothing_was_made()


def test_a_test_link_lets_a_bot_in_and_marks_its_data(study):
    assert arrive(Client(headers=BOT), study, PID, test=entry.test_token(study)).status_code == 303
    assert Enrolment.objects.get().is_test


def test_a_test_link_works_before_the_study_opens(client):
    study = make_small_study(state="draft")
    assert arrive(client, study, PID, test=entry.test_token(study)).status_code == 303
    assert Enrolment.objects.get().is_test
    assert where(client, study) == "consent/"


def test_a_test_link_of_another_study_or_of_yesterday_is_none(study, monkeypatch):
    other = entry.test_token(make_small_study())
    assert arrive(Client(headers=BOT), study, PID, test=other).status_code == 403
    mine = entry.test_token(study)
    assert arrive(Client(headers=BOT), study, PID, test=mine[:-1]).status_code == 403
    monkeypatch.setattr(entry, "TEST_LINK_SECONDS", -1)
    assert arrive(Client(headers=BOT), study, PID, test=mine).status_code == 403
    assert_nothing_was_made()


def test_bots_of_a_demonstration_are_let_in_and_count():
    study = make_study(kind="demo")
    assert arrive(Client(headers=BOT), study, PID).status_code == 303
    assert not Enrolment.objects.get().is_test


def test_too_many_arrivals_from_one_network_are_asked_to_wait(client, study, monkeypatch):
    monkeypatch.setattr("surveys.views.entry.allow", lambda *args, **kwargs: False)
    answer = arrive(client, study, PID)
    assert answer.status_code == 429
    assert_nothing_was_made()
