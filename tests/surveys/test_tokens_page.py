"""The page on which people make and withdraw their tokens."""

import re

import pytest
from django.test import Client

from surveys import tokens
from surveys.models import ApiToken
from surveys.models.people import Role
from surveys.models.token import Scope
from tests.factories import make_member, make_study, make_user

pytestmark = pytest.mark.django_db
PAGE = "/coordinate/account/tokens/"
FORM = {"name": "Nightly export", "scopes": [Scope.STUDIES, Scope.ENROLMENTS], "days": "30"}


def signed_in(user, **options) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


def test_the_secret_is_shown_once_works_and_is_not_stored():
    client = signed_in(make_member(make_study()))
    answer = client.post(PAGE, FORM)
    assert answer.status_code == 201
    assert "no-store" in answer["Cache-Control"]
    secret = re.search(r'value="(prism_[^"]+)"', answer.content.decode())[1]
    assert secret not in client.get(PAGE).content.decode()
    assert secret not in str(list(ApiToken.objects.values()))
    headers = {"authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/studies/", headers=headers).status_code == 200


def test_what_was_typed_stays_when_something_is_wrong():
    client = signed_in(make_member(make_study()))
    answer = client.post(PAGE, FORM | {"days": "5000"})
    assert answer.status_code == 422
    assert "Nightly export" in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_only_its_owner_withdraws_a_token():
    study = make_study()
    owner, colleague = make_member(study), make_member(study)
    token, secret = tokens.make(owner, "A program", [Scope.STUDIES], 30)
    assert signed_in(colleague).post(f"{PAGE}{token.pk}/revoke/").status_code == 404
    assert token.name not in signed_in(colleague).get(PAGE).content.decode()
    assert signed_in(owner).post(f"{PAGE}{token.pk}/revoke/").status_code == 302
    headers = {"authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/studies/", headers=headers).status_code == 401


def test_who_may_see_no_study_makes_no_token():
    for user in (make_user(), make_member(make_study(), Role.ANNOTATOR)):
        assert signed_in(user).post(PAGE, FORM).status_code == 403
    assert Client().get(PAGE).status_code == 302
    assert not ApiToken.objects.exists()


def test_another_site_cannot_make_or_withdraw_a_token():
    owner = make_member(make_study())
    token, _secret = tokens.make(owner, "A program", [Scope.STUDIES], 30)
    client = signed_in(owner, enforce_csrf_checks=True)
    assert client.post(PAGE, FORM).status_code == 403
    assert client.post(f"{PAGE}{token.pk}/revoke/").status_code == 403
    assert ApiToken.objects.get().is_usable
