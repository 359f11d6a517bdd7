import pytest
from django.test import Client

from surveys.models import Enrolment
from surveys.models.people import Role
from tests.factories import make_enrolment, make_member, make_study, make_user

pytestmark = pytest.mark.django_db


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_an_owner_reads_counts_without_test_data():
    study = make_study()
    make_enrolment(study)
    test_row = make_enrolment(study)
    Enrolment.objects.filter(pk=test_row.pk).update(is_test=True)
    answer = signed_in(make_member(study, Role.OWNER)).get(f"/api/v1/studies/{study.slug}/")
    assert answer.status_code == 200
    assert answer.json()["outcomes"] == {"in_progress": 1}


def test_a_stranger_finds_no_study():
    study = make_study()
    client = signed_in(make_user("stranger@example.org"))
    assert client.get(f"/api/v1/studies/{study.slug}/").status_code == 404
    assert client.get("/api/v1/studies/").json() == {"results": []}


def test_an_annotator_is_refused_the_picture():
    study = make_study()
    client = signed_in(make_member(study, Role.ANNOTATOR))
    assert client.get(f"/api/v1/studies/{study.slug}/").status_code == 403
    assert client.get("/api/v1/studies/").json() == {"results": []}


def test_an_analyst_lists_own_studies_only():
    study = make_study()
    make_study(slug="another")
    listed = signed_in(make_member(study, Role.ANALYST)).get("/api/v1/studies/").json()["results"]
    assert [entry["slug"] for entry in listed] == [study.slug]


def test_nobody_reads_without_signing_in():
    assert Client().get("/api/v1/studies/").status_code == 403
