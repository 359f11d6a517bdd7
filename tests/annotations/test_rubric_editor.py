"""Rubrics of a study's own: a copy to begin with, faults with lines, versions, preview, who may do what."""

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import Rubric, RubricDraft
from annotations.rubric_versions import shipped_version
from annotations.rubrics import shipped
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.annotations.making import make_batch
from tests.annotations.test_rubrics import SMALL
from tests.factories import make_member, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study()


@pytest.fixture
def client(study):
    client = Client()
    client.force_login(make_member(study, Role.COORDINATOR))
    return client


def at(study, name: str, *args: object) -> str:
    return reverse(f"annotating:{name}", args=[study.slug, *args])


def begun(client: Client, study, slug: str = "tone") -> Rubric:
    version = shipped_version("helpful_harmless")
    answer = client.post(at(study, "begin_rubric"), {"version": version.pk, "slug": slug})
    assert answer["Location"] == at(study, "edit_rubric", slug)
    return Rubric.objects.get(study=study, slug=slug)


def test_a_rubric_begins_as_a_copy_and_its_change_is_the_next_version(client, study):
    page = client.get(at(study, "rubrics"))
    assert "Response properties (29)" in page.content.decode()
    rubric = begun(client, study)
    first = rubric.newest()
    assert first.text == shipped("helpful_harmless")
    make_batch(study, rubric_version=first)
    stored = {"text": SMALL, "base": str(first.pk), "store": "1"}
    answer = client.post(at(study, "edit_rubric", "tone"), stored)
    assert answer["Location"] == at(study, "rubrics")
    assert (rubric.newest().number, rubric.newest().text) == (2, SMALL)
    assert study.batches.get().rubric_version == first
    events = AuditEvent.objects.filter(action="rubric.stored", study=study)
    assert {event.detail["sha256"] for event in events} == {v.sha256 for v in rubric.versions.all()}
    shown = client.get(at(study, "rubrics")).context["rows"][0]
    assert (shown["version"].rubric.title, shown["batches"]) == ("Small", 1)
    refused = client.post(at(study, "begin_rubric"), {"version": first.pk, "slug": "tone"})
    assert refused.status_code == 422
    for name in ("begin", "Versions", "no name"):
        given = {"version": rubric.newest().pk, "slug": name}
        assert client.post(at(study, "begin_rubric"), given).status_code == 422
    assert study.rubrics.count() == 1


def test_a_fault_is_told_with_its_line_the_text_is_kept_and_a_stale_edit_is_noticed(client, study):
    rubric = begun(client, study)
    base, text = str(rubric.newest().pk), SMALL.replace("id: 1", "id: 5")
    checked = client.post(at(study, "check_rubric", "tone"), {"text": text, "base": base}).json()
    assert not checked["is_valid"]
    assert 'data-line="14"' in checked["html"]
    refused = client.post(at(study, "edit_rubric", "tone"), {"text": text, "base": base, "store": "1"})
    assert refused.status_code == 422
    assert "should be 1: ids count from 0" in refused.content.decode()
    assert client.get(at(study, "preview_rubric", "tone")).status_code == 422
    assert client.get(at(study, "edit_rubric", "tone")).context["text"] == text
    other = Client()
    other.force_login(make_member(study, Role.OWNER))
    other.post(at(study, "edit_rubric", "tone"), {"text": SMALL, "base": base, "store": "1"})
    stale = client.post(at(study, "edit_rubric", "tone"), {"text": SMALL, "base": base, "store": "1"})
    assert stale.status_code == 409
    assert "key: small" in stale.content.decode()
    client.post(at(study, "edit_rubric", "tone"), {"discard": "1"})
    assert not RubricDraft.objects.exists()
    assert rubric.versions.count() == 2


def test_the_preview_is_the_form_that_the_rubric_describes(client, study):
    version = shipped_version("preference_dissection")
    page = client.get(at(study, "rubric_version", version.pk))
    assert page["X-Frame-Options"] == "SAMEORIGIN"
    assert "form-action 'none'" in page["Content-Security-Policy"]
    shown = page.content.decode()
    for slug in ("harmless", "non_repetitive", "clarifies_intent", "corrects_mistakes"):
        assert f'name="{slug}.1"' in shown
        assert f'name="{slug}.2"' in shown
    for missing in ("lengthy", "no_severe_errors"):
        assert f'name="{missing}.1"' not in shown
    assert 'name="intent_clear"' in shown
    assert "everything off topic" in shown
    assert "checked" not in shown  # nothing is prefilled
    pair = client.get(at(study, "rubric_version", shipped_version("pairwise_preference").pk))
    assert 'name="preference.0"' in pair.content.decode()
    begun(client, study)
    client.post(at(study, "check_rubric", "tone"), {"text": SMALL, "base": ""})
    assert 'name="meets.1"' in client.get(at(study, "preview_rubric", "tone")).content.decode()


@pytest.mark.parametrize(
    ("role", "sees", "writes"),
    [(Role.OWNER, 200, 200), (Role.ANALYST, 200, 403), (Role.ANNOTATOR, 403, 403), (None, 404, 404)],
)
def test_who_may_see_and_write_them(client, study, role, sees, writes):
    rubric = begun(client, study)
    stranger = Client(enforce_csrf_checks=False)
    stranger.force_login(make_member(study if role else make_study(), role or Role.OWNER))
    version = rubric.newest()
    assert stranger.get(at(study, "rubrics")).status_code == sees
    assert stranger.get(at(study, "rubric_version", version.pk)).status_code == sees
    assert stranger.get(at(study, "edit_rubric", "tone")).status_code == writes
    assert stranger.get(at(study, "preview_rubric", "tone")).status_code == writes
    for name in ("edit_rubric", "check_rubric"):
        answer = stranger.post(at(study, name, "tone"), {"text": SMALL, "base": version.pk})
        assert answer.status_code == (writes if name == "check_rubric" or writes != 200 else 302)
    assert rubric.versions.count() == 1


def test_a_rubric_of_another_study_is_not_found_and_nobody_writes_a_shipped_one(client, study):
    foreign = begun(client, study).newest()
    elsewhere = make_study()
    owner = Client(enforce_csrf_checks=True)
    owner.force_login(make_member(elsewhere, Role.OWNER))
    assert owner.get(at(elsewhere, "rubric_version", foreign.pk)).status_code == 404
    assert owner.get(at(elsewhere, "edit_rubric", "tone")).status_code == 404
    assert owner.get(at(elsewhere, "edit_rubric", "helpful_harmless")).status_code == 404
    listed = owner.get(at(elsewhere, "rubrics")).context["rows"]
    assert foreign not in [row["version"] for row in listed]
    given = {"version": foreign.pk, "slug": "theirs"}
    assert owner.post(at(elsewhere, "begin_rubric"), given).status_code == 403  # without the token
    owner = Client()
    owner.force_login(make_member(elsewhere, Role.OWNER))
    assert owner.post(at(elsewhere, "begin_rubric"), given).status_code == 422
    assert not elsewhere.rubrics.exists()
