"""The table of participants, and re-identifying one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from prism.lib.crypto import encrypt
from surveys.models import Identity
from surveys.models.people import Role
from tests.factories import make_enrolment, make_member, make_study

pytestmark = pytest.mark.django_db
PANEL_ID = "5f0123456789abcdef012345"


@pytest.fixture
def study():
    return make_study(slug="values")


@pytest.fixture
def coordinator(study, client):
    user = make_member(study, Role.COORDINATOR, email="cora@example.org")
    client.force_login(user)
    return user


def identified(study, **fields):
    enrolment = make_enrolment(study, **fields)
    Identity.objects.create(
        participant=enrolment.participant,
        panel="Prolific",
        digest=enrolment.order_seed,
        encrypted_id=encrypt(PANEL_ID),
    )
    return enrolment


def table(client, study, query: str = ""):
    return client.get(f"/coordinate/studies/{study.slug}/participants/{query}")


def codes(answer) -> list[str]:
    return [row.code for row in answer.context["page"]]


def reidentify(client, study, enrolment, reason="Payment was disputed by the panel"):
    path = f"/coordinate/studies/{study.slug}/participants/{enrolment.code}/reidentify/"
    return client.post(path, {"reason": reason})


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.COORDINATOR, 200), (Role.ANALYST, 200), (Role.ANNOTATOR, 403), (None, 404)],
)
def test_who_may_see_the_participants(client, study, role, status):
    enrolment = make_enrolment(study)
    client.force_login(make_member(study, role) if role else make_member(make_study()))
    assert table(client, study).status_code == status
    assert table(client, study, f"{enrolment.code}/").status_code == status


def test_who_is_not_signed_in_is_sent_to_the_sign_in(client, study):
    assert table(client, study)["Location"].startswith("/accounts/login/")


def test_the_table_shows_codes_and_never_panel_ids(client, study, coordinator):
    enrolment = identified(study, outcome="complete", outcome_at=timezone.now())
    page = table(client, study).content.decode()
    assert enrolment.code in page
    assert "complete" in page
    assert PANEL_ID not in page


def test_test_data_are_left_out_unless_asked_for(client, study, coordinator):
    real, test = make_enrolment(study), make_enrolment(study, is_test=True)
    assert codes(table(client, study)) == [real.code]
    assert set(codes(table(client, study, "?test=with"))) == {real.code, test.code}
    assert codes(table(client, study, "?test=only")) == [test.code]


def test_filters_and_search_narrow_the_table(client, study, coordinator):
    done = make_enrolment(
        study, outcome="complete", outcome_at=timezone.now(), stage="done", number=123456789
    )
    going = make_enrolment(study, stage="survey", number=987654321)
    assert codes(table(client, study, "?outcome=complete")) == [done.code]
    assert codes(table(client, study, "?outcome=none")) == [going.code]
    assert codes(table(client, study, "?stage=survey")) == [going.code]
    assert codes(table(client, study, "?q=user1234")) == [done.code]
    assert codes(table(client, study, "?q=987654321")) == [going.code]
    assert codes(table(client, study, "?q=nobody")) == []


def test_the_table_sorts_by_each_column(client, study, coordinator):
    now = timezone.now()
    long = make_enrolment(study, number=200000000, outcome="complete", outcome_at=now + timedelta(hours=5))
    short = make_enrolment(study, number=300000000, outcome="complete", outcome_at=now)
    assert codes(table(client, study, "?sort=code")) == [long.code, short.code]
    assert codes(table(client, study, "?sort=-code")) == [short.code, long.code]
    assert codes(table(client, study, "?sort=duration")) == [short.code, long.code]
    assert codes(table(client, study, "?sort=arrived")) == [long.code, short.code]
    assert codes(table(client, study)) == [short.code, long.code]


def test_a_filter_that_makes_no_sense_shows_everybody(client, study, coordinator):
    enrolment = make_enrolment(study)
    assert codes(table(client, study, "?outcome=nonsense&sort=drop&page=x")) == [enrolment.code]


def test_another_studys_participants_are_not_shown(client, study, coordinator):
    elsewhere = make_enrolment(make_study())
    assert codes(table(client, study)) == []
    assert table(client, study, f"{elsewhere.code}/").status_code == 404


def test_a_hundred_participants_come_in_pages_with_few_queries(
    client, study, coordinator, django_assert_max_num_queries
):
    for _ in range(60):
        make_enrolment(study)
    with django_assert_max_num_queries(12):
        first = table(client, study)
    second = table(client, study, "?page=2")
    assert len(codes(first)) == 50
    assert len(codes(second)) == 10
    assert not set(codes(first)) & set(codes(second))


def test_the_pager_keeps_the_filters(client, study, coordinator):
    for _ in range(51):
        make_enrolment(study, stage="survey")
    assert "?stage=survey&amp;page=2" in table(client, study, "?stage=survey").content.decode()


def test_reidentifying_needs_its_own_right(client, study):
    enrolment = identified(study)
    client.force_login(make_member(study, Role.OWNER))
    answer = reidentify(client, study, enrolment)
    assert answer.status_code == 403
    assert not study.audit_events.exists()
    client.force_login(make_member(make_study(), Role.OWNER, may_reidentify=True))
    assert reidentify(client, study, enrolment).status_code == 404
    assert not study.audit_events.exists()


def test_with_the_right_and_a_reason_the_id_is_shown_and_the_reason_kept(client, study):
    enrolment = identified(study)
    user = make_member(study, Role.COORDINATOR, may_reidentify=True)
    client.force_login(user)
    answer = reidentify(client, study, enrolment)
    assert PANEL_ID in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    event = study.audit_events.get(action="participant.reidentified")
    assert event.actor == user
    assert event.subject == enrolment.code
    assert event.detail == {"reason": "Payment was disputed by the panel"}
    assert PANEL_ID not in table(client, study, f"{enrolment.code}/").content.decode()


@pytest.mark.parametrize("reason", ["", "why not", "         "])
def test_without_a_proper_reason_nothing_is_shown(client, study, reason):
    enrolment = identified(study)
    client.force_login(make_member(study, Role.COORDINATOR, may_reidentify=True))
    answer = reidentify(client, study, enrolment, reason)
    assert answer.status_code == 422
    assert PANEL_ID not in answer.content.decode()
    assert not study.audit_events.exists()


def test_the_id_is_never_shown_by_looking_alone(client, study):
    enrolment = identified(study)
    client.force_login(make_member(study, Role.COORDINATOR, may_reidentify=True))
    path = f"/coordinate/studies/{study.slug}/participants/{enrolment.code}/reidentify/"
    assert client.get(path).status_code == 405


def test_a_participant_without_a_panel_id_is_told_apart(client, study):
    enrolment = make_enrolment(study)
    client.force_login(make_member(study, Role.COORDINATOR, may_reidentify=True))
    assert "No panel id is known" in reidentify(client, study, enrolment).content.decode()


def test_an_id_under_a_lost_key_is_a_clear_page(client, study, settings):
    enrolment = identified(study)
    settings.ENCRYPTION_KEYS = ["QW5vdGhlci1rZXktb2YtMzItYnl0ZXMtZm9yLXRlc3Q="]
    client.force_login(make_member(study, Role.COORDINATOR, may_reidentify=True))
    answer = reidentify(client, study, enrolment)
    assert answer.status_code == 200
    assert "cannot be read" in answer.content.decode()


def test_a_participants_page_shows_the_way_and_no_answer(client, study, coordinator):
    enrolment = make_enrolment(study, finished_survey=True)
    page = table(client, study, f"{enrolment.code}/").content.decode()
    assert "I like to hear both sides" not in page
    assert "None begun yet" in page
