"""The list of studies, settings, opening and closing, preview."""

import html

import pytest

from surveys.models import Enrolment, Study
from surveys.models.people import Role
from tests.factories import make_enrolment, make_member, make_models, make_study, make_user

pytestmark = pytest.mark.django_db
FIELDS = {
    "title": "A new title",
    "summary": "What it is about",
    "minutes": "25",
    "contact_name": "Ada",
    "contact_email": "ada@example.org",
    "withdrawal_days": "14",
}


@pytest.fixture
def study():
    return make_study(slug="values", title="Values and answers")


def at(study, rest: str) -> str:
    return f"/coordinate/studies/{study.slug}/{rest}"


def test_the_list_shows_ones_own_studies_with_their_figures(client, study):
    make_study(title="Somebody else's study")
    make_enrolment(study)
    make_enrolment(study, is_test=True)
    client.force_login(make_member(study, Role.ANALYST))
    answer = client.get("/coordinate/")
    assert [(each.title, each.arrived) for each in answer.context["studies"]] == [("Values and answers", 1)]


def test_a_superuser_sees_every_study(client, study):
    make_study()
    client.force_login(make_user(is_superuser=True))
    assert len(client.get("/coordinate/").context["studies"]) == 2


def test_who_has_no_study_is_told_how_one_is_made(client):
    client.force_login(make_user())
    page = client.get("/coordinate/").content.decode()
    assert "add_owner" in page


def test_who_only_annotates_lands_at_the_annotators_door(client, study):
    client.force_login(make_member(study, Role.ANNOTATOR))
    assert client.get("/coordinate/")["Location"] == "/annotate/"


def test_who_annotates_in_one_study_and_reads_another_sees_the_list_of_what_they_may_read(client, study):
    user = make_member(study, Role.ANNOTATOR)
    other = make_study(title="The one to read")
    other.memberships.create(user=user, role=Role.ANALYST)
    client.force_login(user)
    assert [each.title for each in client.get("/coordinate/").context["studies"]] == ["The one to read"]


def test_an_anonymous_visitor_is_sent_to_the_sign_in(client, study):
    for path in ("/coordinate/", at(study, "settings/"), at(study, "state/")):
        assert client.get(path)["Location"].startswith("/accounts/login/")


def test_who_may_run_a_study(client, study):
    for role, status in (
        (Role.OWNER, 200),
        (Role.COORDINATOR, 200),
        (Role.ANALYST, 403),
        (Role.ANNOTATOR, 403),
        (None, 404),
    ):
        client.force_login(make_member(study, role) if role else make_member(make_study()))
        assert client.get(at(study, "settings/")).status_code == status, role
        assert client.get(at(study, "state/")).status_code == status, role
        if status != 200:
            assert client.post(at(study, "settings/"), FIELDS).status_code == status, role
            assert client.post(at(study, "state/"), {"state": "closed"}).status_code == status, role
            assert client.post(at(study, "preview/")).status_code == status, role
            study.refresh_from_db()
            assert (study.title, study.state) == ("Values and answers", "open")
            assert not Enrolment.objects.exists()


def test_settings_are_stored_and_audited(client, study):
    client.force_login(make_member(study))
    client.post(at(study, "settings/"), FIELDS)
    study.refresh_from_db()
    assert (study.title, study.minutes) == ("A new title", 25)
    assert "title" in study.audit_events.get(action="study.edited").detail["fields"]


def test_settings_that_change_nothing_leave_no_trace(client, study):
    client.force_login(make_member(study))
    client.post(at(study, "settings/"), FIELDS)
    client.post(at(study, "settings/"), FIELDS)
    assert study.audit_events.count() == 1


def test_wrong_settings_are_refused_and_kept_in_the_form(client, study):
    client.force_login(make_member(study))
    answer = client.post(at(study, "settings/"), FIELDS | {"contact_email": "nowhere", "title": "Typed"})
    page = answer.content.decode()
    assert 'value="nowhere"' in page
    assert 'value="Typed"' in page
    study.refresh_from_db()
    assert study.title == "Values and answers"


def test_the_settings_show_the_panels_link_and_exits(client, study):
    Study.objects.filter(pk=study.pk).update(panel={"codes": {"complete": "C0DE77"}})
    client.force_login(make_member(study))
    page = client.get(at(study, "settings/")).content.decode()
    assert "/studies/values/?PROLIFIC_PID={{%PROLIFIC_PID%}}&amp;STUDY_ID={{%STUDY_ID%}}" in page
    assert "C0DE77" in page


def test_closing_and_opening_ask_first_and_are_audited(client, study):
    client.force_login(make_member(study))
    assert "Close the study?" in client.get(at(study, "state/")).content.decode()
    study.refresh_from_db()
    assert study.is_open
    client.post(at(study, "state/"), {"state": "closed"})
    study.refresh_from_db()
    assert study.state == "closed"
    client.post(at(study, "state/"), {"state": "open"})
    study.refresh_from_db()
    assert study.is_open
    assert list(study.audit_events.order_by("pk").values_list("action", flat=True)) == [
        "study.closed",
        "study.opened",
    ]


def test_a_stale_page_does_not_turn_the_study_round(client, study):
    client.force_login(make_member(study))
    answer = client.post(at(study, "state/"), {"state": "open"}, follow=True)
    assert "Somebody else changed the study" in answer.content.decode()
    assert not study.audit_events.exists()


@pytest.mark.parametrize("state", ["", "draft", "nonsense"])
def test_no_other_state_can_be_asked_for(client, study, state):
    client.force_login(make_member(study))
    client.post(at(study, "state/"), {"state": state})
    study.refresh_from_db()
    assert study.is_open


def test_a_study_without_documents_cannot_open(client):
    study = make_study(state="draft", consent_document=None)
    client.force_login(make_member(study))
    answer = client.post(at(study, "state/"), {"state": "open"}, follow=True)
    assert "cannot open" in answer.content.decode()
    study.refresh_from_db()
    assert study.state == "draft"


def test_a_preview_makes_marked_test_data_and_leads_into_the_study(client, study):
    user = make_member(study, Role.COORDINATOR)
    client.force_login(user)
    answer = client.post(at(study, "preview/"))
    assert answer["Location"] == "/studies/values/"
    enrolment = study.enrolments.get()
    assert enrolment.is_test
    assert enrolment.is_preview
    assert enrolment.devices.get().is_trusted
    event = study.audit_events.get(action="study.previewed")
    assert (event.actor, event.subject) == (user, enrolment.code)
    inside = client.get("/studies/values/", follow=True)
    assert "Preview" in inside.content.decode()


def test_a_preview_can_be_repeated(client, study):
    client.force_login(make_member(study))
    client.post(at(study, "preview/"))
    client.post(at(study, "preview/"))
    assert study.enrolments.filter(is_preview=True).count() == 2


def test_before_it_opens_the_team_reads_what_people_would_miss(client):
    study = make_study(slug="unready", state="draft", contact_email="")
    client.force_login(make_member(study))
    for page in ("state/", "settings/"):
        text = html.unescape(client.get(at(study, page)).content.decode())
        assert "4 models side by side, and 0 can be drawn" in text
        assert "no way back to the panel" in text
        assert "no address for their questions" in text


def test_nothing_is_missing_from_a_study_that_is_ready_or_open(client):
    ready = {"contact_email": "ask@example.org", "panel": {"codes": {"complete": "C0DE77"}}}
    draft = make_study(state="draft", **ready)
    make_models(4, study=draft)
    opened = make_study(contact_email="")
    for study in (draft, opened):
        client.force_login(make_member(study))
        assert "Before you open it" not in client.get(at(study, "state/")).content.decode()


def test_a_survey_alone_needs_no_models(client):
    study = make_study(state="draft")
    study.protocols.all().delete()
    client.force_login(make_member(study))
    assert "side by side" not in client.get(at(study, "state/")).content.decode()


def test_a_page_below_a_place_links_back_to_it(client, study):
    client.force_login(make_member(study))
    back = f'<li><a href="{at(study, "settings/")}">Settings</a></li>'
    assert back in client.get(at(study, "state/")).content.decode()
    assert back not in client.get(at(study, "settings/")).content.decode()


def test_a_member_reads_the_workbench_in_french(client, study):
    client.force_login(make_member(study))
    client.post("/i18n/setlang/", {"language": "fr", "next": at(study, "settings/")})
    page = client.get(at(study, "settings/")).content.decode()
    assert "Enregistrer les réglages" in page
    assert 'lang="en">English</button>' in page
