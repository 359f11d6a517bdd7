import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "page", ["signup/", "email/", "password/reset/", "password/set/", "password/change/"]
)
def test_pages_for_passwords_and_signing_up_are_shut(page: str):
    assert Client().get(f"/accounts/{page}").status_code == 404


def test_signing_in_by_code_is_open():
    assert Client().get("/accounts/login/").status_code == 200
