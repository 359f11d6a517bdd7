"""One-time sign-in links of the demonstration."""

import time
from unittest.mock import patch

import pytest

from accounts.links import make_link
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def development(settings):
    settings.DEBUG = True


def is_signed_in(client) -> bool:
    return "_auth_user_id" in client.session


def test_a_link_signs_in_by_its_button_and_only_once(client):
    link = make_link(make_user("ada@example.org"))
    shown = client.get(link)
    assert "ada@example.org" in shown.content.decode()
    assert not is_signed_in(client)
    assert client.post(link).status_code == 302
    assert is_signed_in(client)
    client.logout()
    again = client.post(link)
    assert again.status_code == 410
    assert not is_signed_in(client)
    assert client.get(link).status_code == 410


def test_looking_at_a_link_does_not_use_it_up(client):
    link = make_link(make_user())
    for _ in range(3):
        assert client.get(link).status_code == 200
    assert client.post(link).status_code == 302


def test_two_links_of_a_person_are_used_up_apart(client):
    user = make_user()
    one, other = make_link(user), make_link(user)
    client.post(one)
    client.logout()
    client.post(other)
    assert is_signed_in(client)


def test_a_link_expires_after_half_an_hour(client):
    user = make_user()
    with patch("django.core.signing.time.time", return_value=time.time() - 31 * 60):
        link = make_link(user)
    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 410
    assert not is_signed_in(client)


@pytest.mark.parametrize("token", ["", "nonsense", "WzEsICJ4Il0:1abc:def"])
def test_a_damaged_link_opens_nothing(client, token):
    assert client.get(f"/accounts/link/?link={token}").status_code == 410


def test_a_switched_off_account_is_not_let_in(client):
    link = make_link(make_user(is_active=False))
    assert client.post(link).status_code == 410


def test_production_knows_no_such_page(client, settings):
    settings.DEBUG = False
    assert client.post(make_link(make_user())).status_code == 404
    assert not is_signed_in(client)


def test_another_machine_finds_no_such_page(client):
    assert client.post(make_link(make_user()), REMOTE_ADDR="192.0.2.7").status_code == 404
    assert not is_signed_in(client)
