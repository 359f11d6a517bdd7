"""Reading what was done."""

import pytest
from django.utils import timezone

from surveys import audit
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.factories import make_member, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study(slug="values")


def page(client, study, query: str = ""):
    return client.get(f"/coordinate/studies/{study.slug}/audit/{query}")


def shown(answer) -> list[str]:
    return [event.action for event in answer.context["page"]]


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.COORDINATOR, 200), (Role.ANALYST, 403), (Role.ANNOTATOR, 403), (None, 404)],
)
def test_who_may_read_it(client, study, role, status):
    client.force_login(make_member(study, role) if role else make_member(make_study()))
    assert page(client, study).status_code == status


def test_who_is_not_signed_in_is_sent_to_the_sign_in(client, study):
    assert page(client, study)["Location"].startswith("/accounts/login/")


def test_events_come_newest_first_and_only_of_this_study(client, study):
    owner = make_member(study)
    client.force_login(owner)
    audit.record(owner, "study.opened", study=study)
    audit.record(None, "export.finished", study=study, subject="prism", rows=7)
    audit.record(owner, "study.closed", study=make_study())
    answer = page(client, study)
    assert shown(answer) == ["export.finished", "study.opened"]
    assert "command line" in answer.content.decode()
    assert "rows:" in answer.content.decode()


def test_events_are_filtered_by_action_and_person(client, study):
    owner, other = make_member(study, email="own@example.org"), make_member(study, email="oth@example.org")
    client.force_login(owner)
    audit.record(owner, "study.opened", study=study)
    audit.record(other, "study.closed", study=study)
    assert shown(page(client, study, "?action=study.opened")) == ["study.opened"]
    assert shown(page(client, study, f"?person={other.pk}")) == ["study.closed"]
    assert shown(page(client, study, f"?person={other.pk}&action=study.opened")) == []
    assert shown(page(client, study, "?action=nonsense")) == ["study.closed", "study.opened"]


def test_many_events_come_in_pages(client, study):
    client.force_login(make_member(study))
    AuditEvent.objects.bulk_create(
        AuditEvent(study=study, action="study.edited", at=timezone.now()) for _ in range(51)
    )
    assert len(shown(page(client, study))) == 50
    assert len(shown(page(client, study, "?page=2"))) == 1


def test_changes_to_shared_models_have_a_page_of_their_own(client, study):
    audit.record(None, "model.added", subject="aurora")
    client.force_login(make_member(study, Role.COORDINATOR))
    assert shown(client.get("/coordinate/audit/")) == ["model.added"]
    client.force_login(make_member(study, Role.ANALYST))
    assert client.get("/coordinate/audit/").status_code == 403
