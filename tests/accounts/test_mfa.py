"""The second step at sign-in: mandatory for the powerful in production, off in the demonstration."""

import base64
import hmac
import re
import time

import pytest
from asgiref.sync import async_to_sync
from django.core import mail
from django.core.cache import cache

from surveys.models.people import Role
from tests.factories import make_member, make_study, make_user

pytestmark = pytest.mark.django_db
SET_UP = "/accounts/2fa/totp/activate/"


@pytest.fixture
def required(settings):
    settings.MFA_REQUIRED = True


@pytest.fixture
def study():
    return make_study()


def code_for(secret: str) -> str:
    """What an authenticator app shows now (RFC 6238)."""
    counter = int(time.time()) // 30
    digest = hmac.digest(base64.b32decode(secret), counter.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 0xF
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def set_up(client) -> list[str]:
    """Do what the set-up page asks; returns the recovery codes that it shows at the end."""
    page = client.get(SET_UP)
    secret = page.context["form"].secret
    done = client.post(SET_UP, {"code": code_for(secret)}, follow=True)
    assert done.status_code == 200
    return done.context["unused_codes"]


def sign_in_by_mail(client, email: str):
    """Up to and with the code sent by e-mail; returns what comes after it."""
    client.post("/accounts/login/code/", {"email": email})
    code = re.search(r"^[A-Z0-9-]{6,12}$", mail.outbox[-1].body, re.MULTILINE)[0]
    return client.post("/accounts/login/code/confirm/", {"code": code})


@pytest.mark.parametrize("role", [Role.OWNER, Role.COORDINATOR])
def test_owners_and_coordinators_must_set_it_up_before_any_page_of_the_workbench(
    client, required, study, role
):
    client.force_login(make_member(study, role))
    for path in ("/coordinate/", f"/coordinate/studies/{study.slug}/", "/coordinate/models/", "/annotate/"):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"] == SET_UP
    set_up(client)
    assert client.get("/coordinate/").status_code == 200


def test_the_set_up_shows_recovery_codes(client, required, study):
    client.force_login(make_member(study))
    codes = set_up(client)
    assert len(codes) == 10
    assert len(set(codes)) == 10


def test_who_set_it_up_signs_in_with_the_code_of_the_app(client, required, study):
    owner = make_member(study, email="owner@example.org")
    client.force_login(owner)
    secret = client.get(SET_UP).context["form"].secret
    client.post(SET_UP, {"code": code_for(secret)})
    client.logout()
    answer = sign_in_by_mail(client, owner.email)
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert "_auth_user_id" not in client.session
    cache.clear()  # the code that set it up must not work twice; here it must, as no half minute has passed
    client.post("/accounts/2fa/authenticate/", {"code": code_for(secret)})
    assert client.get("/coordinate/").status_code == 200


def test_a_recovery_code_lets_in_once(client, required, study):
    owner = make_member(study, email="owner@example.org")
    client.force_login(owner)
    code = set_up(client)[0]
    for is_let_in in (True, False):
        client.logout()
        sign_in_by_mail(client, owner.email)
        client.post("/accounts/2fa/authenticate/", {"code": code})
        assert ("_auth_user_id" in client.session) is is_let_in


def test_a_wrong_code_lets_nobody_in(client, required, study):
    owner = make_member(study, email="owner@example.org")
    client.force_login(owner)
    set_up(client)
    client.logout()
    sign_in_by_mail(client, owner.email)
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert "_auth_user_id" not in client.session


def test_a_superuser_and_who_holds_an_extra_right_must_too(client, required, study):
    for person in (make_user(is_superuser=True), make_member(study, Role.ANALYST, may_reidentify=True)):
        client.force_login(person)
        assert client.get("/coordinate/")["Location"] == SET_UP


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ANNOTATOR])
def test_analysts_and_annotators_need_not(client, required, study, role):
    client.force_login(make_member(study, role))
    path = "/annotate/" if role == Role.ANNOTATOR else "/coordinate/"
    assert client.get(path).status_code == 200


def test_it_is_off_in_the_demonstration(client, settings, study):
    assert settings.MFA_REQUIRED is False
    client.force_login(make_member(study))
    assert client.get("/coordinate/").status_code == 200


def test_participants_are_never_asked(client, required):
    assert client.get("/").status_code == 200


def test_the_same_holds_on_the_asynchronous_way(async_client, required, study):
    async_client.force_login(make_member(study))
    answer = async_to_sync(async_client.get)("/coordinate/")
    assert answer["Location"] == SET_UP
    assert async_to_sync(async_client.get)("/").status_code == 200


def test_the_account_page_says_whether_it_is_on(client, required, study):
    client.force_login(make_member(study, Role.ANALYST))
    assert "is all it takes to sign in as you" in client.get("/coordinate/account/").content.decode()
    client.force_login(make_member(study))
    set_up(client)
    page = client.get("/coordinate/account/").content.decode()
    assert "Your role needs it here" in page
    assert study.title in page
