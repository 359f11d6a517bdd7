"""Reading what was done."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from surveys import audit
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.factories import make_member, make_study

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def study():
    return make_study(slug="values")


def page(client, study, query: str = ""):
    return client.get(f"/coordinate/studies/{study.slug}/audit/{query}")


def shown(answer) -> list[str]:
    return [event.action for event in answer.context["page"].rows]


def test_who_may_read_it(client, study):
    for role, status in (
        (Role.OWNER, 200),
        (Role.COORDINATOR, 200),
        (Role.ANALYST, 403),
        (Role.ANNOTATOR, 403),
        (None, 404),
    ):
        client.force_login(make_member(study, role) if role else make_member(make_study()))
        assert page(client, study).status_code == status, role


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


def test_many_events_come_in_pages_that_lead_on_and_back(client, study):
    client.force_login(make_member(study))
    # All at one moment, so that only the key tells which comes first.
    AuditEvent.objects.bulk_create(AuditEvent(study=study, action=f"act.{at}", at=NOON) for at in range(120))
    acts, following = [], page(client, study)
    for lines in (50, 50, 20):
        assert len(shown(following)) == lines
        acts += shown(following)
        before, after = following.context["page"].before, following.context["page"].after
        following = page(client, study, f"?after={quote(after)}")
    assert acts == [f"act.{at}" for at in reversed(range(120))]
    assert after == ""
    assert shown(page(client, study, f"?before={quote(before)}")) == acts[50:100]
    assert shown(page(client, study, "?after=nonsense")) == acts[:50]


def test_a_page_of_one_act_leads_on_to_the_same_act(client, study):
    client.force_login(make_member(study))
    acts = ("study.opened", "study.closed") * 51
    AuditEvent.objects.bulk_create(AuditEvent(study=study, action=act, at=NOON) for act in acts)
    first = page(client, study, "?action=study.closed")
    link = f"?action=study.closed&amp;after={quote(first.context['page'].after)}"
    assert link in first.content.decode()
    assert shown(page(client, study, link.replace("&amp;", "&"))) == ["study.closed"]


def test_the_filters_offer_what_occurs_in_this_study(client, study):
    owner, other = make_member(study, email="own@example.org"), make_member(study, email="oth@example.org")
    client.force_login(owner)
    for actor, act in ((owner, "b.b"), (other, "a.a"), (owner, "a.a"), (None, "c.c")):
        audit.record(actor, act, study=study)
    audit.record(make_member(make_study()), "elsewhere", study=make_study())
    audit.record(None, "shared", study=None)
    fields = page(client, study).context["filter"].fields
    assert [value for value, _ in fields["action"].choices][1:] == ["a.a", "b.b", "c.c"]
    assert [label for _, label in fields["person"].choices][1:] == [other.email, owner.email]
    assert audit.different("action", None) == ["shared"]


def test_a_page_counts_no_events_and_skips_none(client, study):
    client.force_login(make_member(study))
    AuditEvent.objects.bulk_create(AuditEvent(study=study, action="a.a", at=NOON) for _ in range(200))
    with CaptureQueriesContext(connection) as found:
        after = page(client, study, "?action=a.a").context["page"].after
        page(client, study, f"?action=a.a&after={quote(after)}")
    asked = [query["sql"] for query in found if "surveys_auditevent" in query["sql"]]
    assert asked
    assert not [sql for sql in asked if "COUNT(" in sql or "OFFSET" in sql]


def test_changes_to_shared_models_have_a_page_of_their_own(client, study):
    audit.record(None, "model.added", subject="aurora")
    client.force_login(make_member(study, Role.COORDINATOR))
    assert shown(client.get("/coordinate/audit/")) == ["model.added"]
    client.force_login(make_member(study, Role.ANALYST))
    assert client.get("/coordinate/audit/").status_code == 403
