"""The annotators' door while there is nothing to annotate."""

import pytest

from surveys.models.people import Role
from tests.factories import make_member, make_study, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", [Role.OWNER, Role.COORDINATOR, Role.ANNOTATOR])
def test_who_annotates_is_told_that_nothing_waits(client, role):
    client.force_login(make_member(make_study(), role))
    assert "Nothing to annotate yet" in client.get("/annotate/").content.decode()


@pytest.mark.parametrize("role", [Role.ANALYST, None])
def test_others_are_not_let_in(client, role):
    client.force_login(make_member(make_study(), role) if role else make_user())
    assert client.get("/annotate/").status_code == 403


def test_who_is_not_signed_in_is_sent_to_the_sign_in(client):
    assert client.get("/annotate/")["Location"].startswith("/accounts/login/")


def test_an_annotator_sees_no_way_to_the_studies(client):
    client.force_login(make_member(make_study(title="Hidden study"), Role.ANNOTATOR))
    page = client.get("/annotate/").content.decode()
    assert "Hidden study" not in page
    assert 'href="/coordinate/"' not in page
    assert "/coordinate/studies/" not in page
