"""Entry that the panel signed: expired, misaddressed, forged, mixed up and replayed tokens are refused."""

import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.utils import timezone

from surveys.models import (
    Device,
    Enrolment,
    EnrolmentEvent,
    Identity,
    PanelSubmission,
    Participant,
    UsedEntryToken,
)
from surveys.panels import admission, keys
from tests.conversations.talking import at_once
from tests.surveys.panelled import AUDIENCE, panelled
from tests.surveys.visitors import (
    SESSION,
    START,
    address,
    arrive,
    make_small_study,
    new_panel_id,
    newcomer,
    parameters,
    submit,
    tables_with,
    text_of,
)

pytestmark = pytest.mark.django_db
PID = "5f0123456789abcdef012345"
OTHER_SESSION = "60d1f5a0c0ffee0000000002"


def assert_nothing_was_made():
    assert not Participant.objects.exists()
    assert not Enrolment.objects.exists()
    assert not Identity.objects.exists()
    assert not PanelSubmission.objects.exists()
    assert not Device.objects.exists()


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


def test_a_token_that_does_not_hold_is_refused_and_nothing_is_made(client, signed_study):
    for name, forge in FORGED.items():
        answer = arrive(client, signed_study, PID, prolific_token=forge())
        assert answer.status_code == 400, name
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


# A token opens one enrolment once


def test_a_token_that_was_used_opens_nothing_in_another_browser(client, signed_study):
    once = token()
    assert arrive(client, signed_study, PID, prolific_token=once).status_code == 303
    answer = arrive(Client(), signed_study, PID, prolific_token=once)
    assert answer.status_code == 400
    assert "was used already" in text_of(answer)
    assert Device.objects.count() == 1


def test_the_browser_that_used_a_token_may_reload_its_link(client, signed_study):
    once = token()
    for _ in range(3):
        assert arrive(client, signed_study, PID, prolific_token=once).status_code == 303
    assert Device.objects.count() == 1
    assert UsedEntryToken.objects.count() == 1


def test_no_token_is_stored_only_its_digest(client, signed_study):
    once = token()
    arrive(client, signed_study, PID, prolific_token=once)
    assert tables_with(once[-40:]) == set()


def test_digests_are_forgotten_when_their_tokens_have_ended(client, signed_study):
    once = token()
    arrive(client, signed_study, PID, prolific_token=once)
    assert admission.forget_ended() == 0
    UsedEntryToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert admission.forget_ended() == 1


@pytest.mark.django_db(transaction=True)
def test_ten_who_replay_a_token_at_once_are_one_who_is_let_in():
    keys = {"audience": "https://prism.example", "jwks": {"keys": [public_key("panel", "k1")]}}
    study, once = make_small_study(panel={"signed_entry": keys}), token()
    acts = [lambda: arrive(Client(), study, PID, prolific_token=once).status_code] * 10
    assert sorted(at_once(*acts)) == [303] + [400] * 9
    assert Enrolment.objects.count() == Device.objects.count() == 1
    assert EnrolmentEvent.objects.filter(kind="arrived").count() == 1


# The panel's published keys


@pytest.fixture
def house(settings):
    with panelled(settings) as found:
        yield found


def fetches(house):
    return [path for _method, path in house.server.calls if path.endswith("jwks.json")]


def test_the_published_keys_are_fetched_once_for_many(house):
    for _ in range(3):
        house.send()
    assert len(fetches(house)) == 1
    assert PanelSubmission.objects.filter(is_signed=True).count() == 3


def test_an_unknown_key_is_looked_up_once_a_minute_and_refused(house):
    house.send()
    one = house.panel.reserve(house.connection.panel_study)
    said = {"PROLIFIC_PID": one.participant, "STUDY_ID": one.study, "SESSION_ID": one.id}
    forged = jwt.encode(
        {"aud": AUDIENCE, "exp": int(time.time()) + 60, "prolific": said},
        KEYS["forger"],
        algorithm="RS256",
        headers={"kid": "nobody"},
    )
    for _ in range(3):
        answer = Client().get(address(house.study), {**said, "prolific_token": forged})
        assert answer.status_code == 400
        assert "signature is not valid" in text_of(answer)
    assert len(fetches(house)) == 2
    assert Participant.objects.count() == 1


def test_a_new_key_of_the_panel_is_found(house, monkeypatch):
    house.send()
    monkeypatch.setattr("surveys.panels.fake.panel.KID", "next-key")
    house.send()
    assert len(fetches(house)) == 2


def test_keys_are_fetched_anew_after_a_day(house, monkeypatch):
    house.send()
    monkeypatch.setattr(keys, "FRESH_SECONDS", -1)
    house.send()
    assert len(fetches(house)) == 2


def test_while_the_panel_does_not_answer_kept_keys_serve_and_without_any_one_is_asked_to_wait(
    house, monkeypatch
):
    house.server.fail("jwks", "500")
    one = house.panel.reserve(house.connection.panel_study)
    answer = house.open(Client(), one)
    assert answer.status_code == 400
    assert "Try again in a minute" in text_of(answer)
    house.send()
    monkeypatch.setattr(keys, "FRESH_SECONDS", -1)
    house.server.fail("jwks", "500", times=9)
    house.send()
    assert Enrolment.objects.count() == 2


def test_a_token_of_the_panel_for_another_site_is_refused(house):
    one = house.panel.reserve(house.connection.panel_study)
    assert house.open(Client(), one, aud="https://elsewhere.example").status_code == 400
    assert house.open(Client(), one, aud="prism.example").status_code == 303
