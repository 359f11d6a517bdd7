"""Coming in: by the panel's link, on a second device, by the personal link, with a signed token."""

import logging
import time
from threading import Barrier, Thread, local
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from prism.lib.crypto import decrypt
from surveys import entry, erasure
from surveys.models import Device, Enrolment, EnrolmentEvent, Identity, PanelSubmission, Participant
from tests.factories import make_conversation, make_enrolment, make_study
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


@pytest.mark.parametrize("missing", ["PROLIFIC_PID", "STUDY_ID", "SESSION_ID"])
@pytest.mark.parametrize("value", [None, "", "   "])
def test_a_missing_parameter_is_named_and_nothing_is_made(client, study, missing, value):
    query = {k: v for k, v in (parameters(PID) | {missing: value}).items() if v is not None}
    answer = client.get(address(study), query)
    assert answer.status_code == 400
    assert missing in text_of(answer)
    assert "Nothing was stored" in text_of(answer)
    assert_nothing_was_made()


@pytest.mark.parametrize(
    "value",
    ["5f01", PID.upper(), f"{PID}0", f"{PID[:-1]}g", "{{%PROLIFIC_PID%}}", f"{PID}\n", f"{PID[:-1]}\x00"],
)
@pytest.mark.parametrize("name", ["PROLIFIC_PID", "SESSION_ID"])
def test_a_malformed_parameter_is_named_never_repeated_and_nothing_is_made(client, study, name, value):
    answer = client.get(address(study), parameters(new_panel_id()) | {name: value + "x"})
    assert answer.status_code == 400
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


# A second device


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
        session = client.session
        session["devices"] = {str(study.pk): device.key}
        session.save()
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


def test_the_session_cookie_resumes_everything(study):
    client, _ = newcomer(study)
    submit(client, study, "start", START)
    save_draft(client, study, "use", {"purposes": ["other"], "purposes.other_text": "Half a thought"})
    later = Client()
    later.cookies["sessionid"] = client.cookies["sessionid"].value
    assert where(later, study) == "survey/use/"
    assert "Half a thought" in text_of(later.get(address(study, "survey/use/")))
    assert "Out of curiosity" in text_of(later.get(address(study, "survey/start/")))
    assert Device.objects.count() == 1


def test_the_session_id_changes_when_somebody_comes_in(client, study):
    client.get(address(study))
    session = client.session
    session["planted"] = True
    session.save()
    planted = client.cookies["sessionid"] = session.session_key
    arrive(client, study, PID)
    assert client.cookies["sessionid"].value != planted


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


# The personal link


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


# A panel's signed entry

KEYS = {name: rsa.generate_private_key(public_exponent=65537, key_size=2048) for name in ("panel", "forger")}
CLAIMS = parameters(PID)


def public_key(name: str, kid: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(KEYS[name].public_key(), as_dict=True)
    return found | {"kid": kid, "alg": "RS256", "use": "sig"}


def token(
    key: Any = KEYS["panel"],
    *,
    algorithm: str = "RS256",
    kid: str = "k1",
    prolific: Any = CLAIMS,
    **claims: Any,
) -> str:
    body = {"aud": "https://prism.example", "exp": int(time.time()) + 600, "prolific": prolific} | claims
    kept = {name: value for name, value in body.items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm, headers={"kid": kid})


@pytest.fixture
def signed_study():
    keys = {"audience": "https://prism.example", "jwks": {"keys": [public_key("panel", "k1")]}}
    return make_small_study(panel={"signed_entry": keys})


def test_a_signed_entry_is_trusted_on_every_device(signed_study):
    first, enrolment = newcomer(signed_study, PID)
    submit(first, signed_study, "start", START)
    second = Client()
    assert arrive(second, signed_study, PID, prolific_token=token(jti="2")).status_code == 303
    assert "Out of curiosity" in text_of(second.get(address(signed_study, "survey/start/")))
    assert second.get(address(signed_study, "my-data.json")).status_code == 200
    assert enrolment.devices.filter(is_trusted=True).count() == 2


def test_a_first_signed_arrival_is_kept_as_signed(client, signed_study):
    arrive(client, signed_study, PID, prolific_token=token())
    assert PanelSubmission.objects.get().is_signed
    assert EnrolmentEvent.objects.get(kind="arrived").detail == {"signed": True}


FORGED = {
    "another key": lambda: token(KEYS["forger"]),
    "an unknown key id": lambda: token(kid="k2"),
    "another audience": lambda: token(aud="https://elsewhere.example"),
    "no audience": lambda: token(aud=None),
    "no end": lambda: token(exp=None),
    "no algorithm": lambda: token(None, algorithm="none"),
    "the public key as a shared secret": lambda: token(shared_secret(), algorithm="HS256"),
    "another person": lambda: token(prolific=CLAIMS | {"PROLIFIC_PID": new_panel_id()}),
    "another study": lambda: token(prolific=CLAIMS | {"STUDY_ID": SESSION}),
    "another session": lambda: token(prolific=CLAIMS | {"SESSION_ID": OTHER_SESSION}),
    "no claims": lambda: token(prolific=None),
    "claims of another shape": lambda: token(prolific="everybody"),
    "a token cut short": lambda: token()[:-8],
    "no token at all": lambda: "hello",
}


def shared_secret() -> bytes:
    """The modulus: public, so that a check that mixes up algorithms would accept it as a key."""
    return public_key("panel", "k1")["n"].encode()


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_a_token_that_does_not_hold_is_refused_and_nothing_is_made(client, signed_study, forge):
    answer = arrive(client, signed_study, PID, prolific_token=forge())
    assert answer.status_code == 400
    assert_nothing_was_made()


def test_an_expired_token_says_so(client, signed_study):
    answer = arrive(client, signed_study, PID, prolific_token=token(exp=int(time.time()) - 5))
    assert answer.status_code == 400
    assert "has expired" in text_of(answer)
    assert_nothing_was_made()


def test_where_the_study_requires_proof_an_unsigned_link_is_refused(client, signed_study):
    signed_study.panel["signed_entry"]["required"] = True
    signed_study.save()
    answer = arrive(client, signed_study, PID)
    assert answer.status_code == 400
    assert "no proof" in text_of(answer)
    assert_nothing_was_made()
    assert arrive(client, signed_study, PID, prolific_token=token()).status_code == 303


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
