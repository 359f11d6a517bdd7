"""The coordinator's pages about the panel: who may, what is stored and audited, and what is never shown."""

from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from prism.lib.crypto import decrypt
from surveys.models import (
    AuditEvent,
    Bonus,
    BonusPayment,
    Enrolment,
    EntryLink,
    InvitedPerson,
    PanelConnection,
    PanelSubmission,
)
from surveys.panels import bonuses, exit_for, invitations
from tests.factories import make_enrolment, make_member, make_study
from tests.surveys.panelled import Panelled, panelled
from tests.surveys.visitors import text_of

pytestmark = pytest.mark.django_db
PAGES = ["", "account/", "submissions/", "bonuses/", "links/"]
ACTS = [
    *("account/test/", "account/listen/", "account/places/", "account/forget/"),
    *(
        "submissions/approve/",
        "submissions/refresh/",
        "submissions/{row}/reject/",
        "submissions/{row}/return/",
        "submissions/{row}/complete/",
        "submissions/{row}/release/",
    ),
    *(
        "bonuses/gather/",
        "bonuses/{payment}/announce/",
        "bonuses/{payment}/pay/",
        "bonuses/{payment}/settle/",
    ),
    *("links/make/", "links/{link}/revoke/", "links/invite/", "links/send/"),
]
MESSAGE = "You failed the two announced attention checks on pages two and four, as the consent said. " * 2


@pytest.fixture
def house(settings: Any) -> Any:
    with panelled(settings) as found:
        yield found


@pytest.fixture
def owner(house: Panelled) -> Client:
    return signed_in(make_member(house.study))


def signed_in(user: Any, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


def at(house: Panelled, rest: str = "") -> str:
    return f"/coordinate/studies/{house.study.slug}/panel/{rest}"


def choice(**changes: str) -> dict[str, str]:
    rows = {
        "complete-code": "DONE1",
        "complete-code_type": "COMPLETED",
        "complete-actor": "participant",
        "complete-action": "MANUALLY_REVIEW",
        "screened_out-code": "OUT22",
    }
    outcomes = (
        "complete",
        "screened_out",
        "quota_full",
        "no_consent",
        "failed_checks",
        "timed_out",
        "withdrawn",
    )
    for outcome in outcomes:
        for part, value in (("code_type", "OTHER"), ("actor", "participant"), ("action", "MANUALLY_REVIEW")):
            rows.setdefault(f"{outcome}-{part}", value)
    return {"kind": "prolific", "is_signed": "on", **rows, **changes}


# Who may


def test_only_who_runs_the_study_sees_and_does_anything(house: Panelled) -> None:
    _client, enrolment, one = house.send()
    row, owner = house.row(one), make_member(house.study)
    bonuses.draft(enrolment, "x", Decimal(1), owner)
    payment = bonuses.gather(house.study, owner)
    link = EntryLink.objects.create(study=house.study, number=1, digest="d")
    names = {"row": row.pk, "payment": payment.pk, "link": link.number}
    acts = [at(house, act.format(**names)) for act in ACTS]
    runs, forged = signed_in(owner), signed_in(owner, enforce_csrf_checks=True)
    analyst, nobody = signed_in(make_member(house.study, "analyst")), Client()
    stranger = signed_in(make_member(make_study()))
    before = AuditEvent.objects.count(), len(house.server.calls)
    for path in [*[at(house, page) for page in PAGES], at(house, f"submissions/{row.pk}/")]:
        assert runs.get(path).status_code == 200, path
        assert analyst.get(path).status_code == 403, path
        assert stranger.get(path).status_code == 404, path
        assert nobody.get(path).status_code == 302, path
    for path in acts:
        assert analyst.post(path).status_code == 403, path
        assert stranger.post(path).status_code == 404, path
        assert nobody.post(path).status_code == 302, path
        assert runs.get(path).status_code == 405, path
        assert forged.post(path).status_code == 403, path
    assert (AuditEvent.objects.count(), len(house.server.calls)) == before


def test_another_studys_rows_are_not_found(house: Panelled, settings: Any) -> None:
    _client, enrolment, one = house.send()
    payment = BonusPayment.objects.create(study=house.study, made_by=make_member(house.study))
    EntryLink.objects.create(study=house.study, number=7, digest="d")
    elsewhere = make_study()
    client = signed_in(make_member(elsewhere))
    base = f"/coordinate/studies/{elsewhere.slug}/panel/"
    for act in (
        f"submissions/{house.row(one).pk}/reject/",
        f"submissions/{house.row(one).pk}/return/",
        f"submissions/{house.row(one).pk}/release/",
        f"bonuses/{payment.pk}/pay/",
        f"bonuses/{payment.pk}/settle/",
        "links/7/revoke/",
    ):
        assert client.post(base + act).status_code == 404, act
    client.post(base + "submissions/approve/", {"submission": house.row(one).pk})
    assert one.status == "ACTIVE"
    assert enrolment.code not in text_of(client.get(base + "submissions/"))


# Choosing


def test_the_choice_is_stored_audited_and_shown_with_the_link(house: Panelled, owner: Client) -> None:
    assert owner.post(at(house), choice()).status_code == 302
    house.study.refresh_from_db()
    assert exit_for(house.study, "complete").url.endswith("cc=DONE1")
    assert house.study.panel["codes"]["screened_out"]["code"] == "OUT22"
    assert AuditEvent.objects.get(action="panel.chosen").detail["kind"] == "prolific"
    page = text_of(owner.get(at(house)))
    assert "PROLIFIC_PID={{%PROLIFIC_PID%}}" in page
    assert "COMPLETED" in page


def test_a_choice_that_cannot_be_is_refused_with_a_reason(house: Panelled, owner: Client) -> None:
    for changes, said in (
        ({"screened_out-code": "DONE1"}, "a code of its own"),
        ({"complete-code": "two words"}, "letters, digits"),
        ({"complete-link": "javascript:alert(1)"}, "begins with https"),
        ({"kind": "nothing"}, "valid choice"),
    ):
        answer = owner.post(at(house), choice(**changes))
        assert answer.status_code == 422, changes
        assert said in text_of(answer)
        assert not AuditEvent.objects.exists()


def test_a_code_that_people_received_and_a_panel_they_came_from_stay(house: Panelled, owner: Client) -> None:
    owner.post(at(house), choice())
    house.study.refresh_from_db()
    make_enrolment(house.study, outcome="complete", outcome_at=timezone.now())
    assert "received the code" in text_of(owner.post(at(house), choice(**{"complete-code": "NEW"})))
    assert "its kind stays" in text_of(owner.post(at(house), choice(kind="cint")))
    assert owner.post(at(house), choice(**{"screened_out-code": "NEW"})).status_code == 302


# The account


def test_the_token_is_stored_encrypted_and_never_shown_again(house: Panelled, owner: Client) -> None:
    fields = {"token": "tok-123", "panel_study": "s1", "workspace": "w1"}
    assert owner.post(at(house, "account/"), fields).status_code == 302
    connection = PanelConnection.objects.get()
    assert "tok-123" not in connection.encrypted_token
    assert decrypt(connection.encrypted_token) == "tok-123"
    assert "tok-123" not in text_of(owner.get(at(house, "account/")))
    assert "tok-123" not in str(list(AuditEvent.objects.values()))
    owner.post(at(house, "account/"), fields | {"token": "", "panel_study": "s2"})
    assert decrypt(PanelConnection.objects.get().encrypted_token) == "tok-123"
    owner.post(at(house, "account/forget/"))
    assert PanelConnection.objects.get().encrypted_token == ""


def test_the_connection_is_tested(house: Panelled, owner: Client) -> None:
    page = text_of(owner.post(at(house, "account/test/")))
    assert "The connection works" in page
    assert "researcher@example.org" in page
    house.server.fail("users", "500", times=3)
    assert "error of its own" in text_of(owner.post(at(house, "account/test/"), follow=True))


def test_webhooks_are_switched_on_and_confirmed(house: Panelled, owner: Client) -> None:
    owner.post(at(house, "account/listen/"))
    connection = PanelConnection.objects.get()
    assert connection.subscribed_at
    assert decrypt(connection.encrypted_secret) == house.panel.secret
    assert len(house.panel.subscriptions) == 4
    assert all(one["is_enabled"] for one in house.panel.subscriptions.values())
    assert {one["target_url"] for one in house.panel.subscriptions.values()} == {
        f"https://prism.example/panels/prolific/{connection.hook_key}/hook/"
    }


def test_places_only_grow(house: Panelled, owner: Client) -> None:
    study = house.panel.studies[house.connection.panel_study]
    assert "can only grow" in text_of(owner.post(at(house, "account/places/"), {"total": 99}, follow=True))
    assert study.places == 100
    owner.post(at(house, "account/places/"), {"total": 120})
    assert study.places == 120
    assert AuditEvent.objects.get(action="panel.places").detail == {"total": 120}


# Submissions


def test_those_that_are_ticked_are_approved_and_audited(house: Panelled, owner: Client) -> None:
    (_, first, one), (_, _second, other) = house.send(), house.send()
    owner.post(at(house, "submissions/approve/"), {"submission": [house.row(one).pk]})
    assert (one.status, other.status) == ("APPROVED", "ACTIVE")
    assert house.row(one).state == "APPROVED"
    assert AuditEvent.objects.get(action="submissions.approved").detail["codes"] == [first.code]
    page = text_of(owner.get(at(house, "submissions/?state=APPROVED")))
    assert first.code in page
    assert one.id not in page
    assert one.participant not in page


def test_a_rejection_needs_its_message_and_category(house: Panelled, owner: Client) -> None:
    _client, enrolment, one = house.send()
    path = at(house, f"submissions/{house.row(one).pk}/reject/")
    assert owner.post(path, {"message": "Too short.", "category": "LOW_EFFORT"}).status_code == 422
    assert owner.post(path, {"message": MESSAGE, "category": ""}).status_code == 422
    assert owner.post(path, {"message": MESSAGE, "category": "DISLIKE"}).status_code == 422
    assert one.status == "ACTIVE"
    owner.post(path, {"message": MESSAGE, "category": "FAILED_CHECK"})
    assert one.status == "REJECTED"
    event = AuditEvent.objects.get(action="submission.reject")
    assert (event.subject, event.detail) == (enrolment.code, {"rejection_category": "FAILED_CHECK"})


def test_a_person_is_asked_to_return(house: Panelled, owner: Client) -> None:
    _client, _enrolment, one = house.send()
    owner.post(at(house, f"submissions/{house.row(one).pk}/return/"), {"reason": "Did not finish"})
    assert one.return_requested
    assert AuditEvent.objects.filter(action="submission.return_asked").exists()


def test_test_data_is_not_among_the_submissions(house: Panelled, owner: Client) -> None:
    _client, enrolment, _one = house.send()
    Enrolment.objects.update(is_test=True)
    assert enrolment.code not in text_of(owner.get(at(house, "submissions/")))


# Bonuses


def test_bonuses_are_entered_announced_and_paid_once_however_often_one_presses(
    house: Panelled, owner: Client
) -> None:
    _client, enrolment, _one = house.send()
    owner.post(at(house, "bonuses/"), {"reason": "outage", "lines": f"{enrolment.code}, 2.50"})
    again = owner.post(at(house, "bonuses/"), {"reason": "outage", "lines": f"{enrolment.code}, 2.50"})
    assert "for this reason already" in text_of(again)
    owner.post(at(house, "bonuses/gather/"))
    payment = BonusPayment.objects.get()
    assert payment.state == "submitted"
    assert "Pay 2.50 now" in text_of(owner.get(at(house, "bonuses/")))
    for _ in range(3):
        owner.post(at(house, f"bonuses/{payment.pk}/pay/"))
    assert Bonus.objects.get().amount == Decimal("2.50")
    assert house.panel.paid == {payment.panel_payment: 1}


def test_an_unknown_payment_is_shown_and_settled_by_a_coordinator(house: Panelled, owner: Client) -> None:
    payment = BonusPayment.objects.create(
        study=house.study,
        made_by=make_member(house.study),
        state="unknown",
        panel_payment="p1",
        pay_requested_at=timezone.now(),
    )
    assert "Nobody knows whether the panel paid" in text_of(owner.get(at(house, "bonuses/")))
    owner.post(at(house, f"bonuses/{payment.pk}/settle/"), {"was_paid": "perhaps"})
    payment.refresh_from_db()
    assert payment.state == "unknown"
    owner.post(at(house, f"bonuses/{payment.pk}/settle/"), {"was_paid": "yes"})
    payment.refresh_from_db()
    assert payment.state == "confirmed"


# Links and invitations


def test_links_are_handed_over_once_and_withdrawn(house: Panelled, owner: Client) -> None:
    answer = owner.post(at(house, "links/make/"), {"number": "2"})
    lines = text_of(answer).splitlines()
    assert answer["Content-Type"].startswith("text/csv")
    assert [line.split(",")[0] for line in lines] == ["number", "1", "2"]
    token = lines[1].rpartition("link=")[2]
    page = text_of(owner.get(at(house, "links/")))
    assert token not in page
    owner.post(at(house, "links/1/revoke/"))
    gone = Client().get(f"/studies/{house.study.slug}/", {"link": token})
    assert "was withdrawn" in text_of(gone)


def test_a_formula_among_the_labels_is_none_in_the_file(house: Panelled, owner: Client) -> None:
    text = text_of(owner.post(at(house, "links/make/"), {"labels": "=1+1\nb"}))
    assert text.splitlines()[1].startswith("1,'=1+1,")


def test_links_need_a_number_or_labels(house: Panelled, owner: Client) -> None:
    for fields in ({}, {"number": "2", "labels": "a"}, {"number": "0"}):
        assert owner.post(at(house, "links/make/"), fields).status_code == 422, fields
        assert not EntryLink.objects.exists()


def test_invitations_are_listed_then_sent(house: Panelled, owner: Client) -> None:
    owner.post(at(house, "links/invite/"), {"addresses": "Ann@example.org\nben@example.org\nann@example.org"})
    assert InvitedPerson.objects.count() == 2
    assert invitations.send_some(house.study.pk) == 0
    owner.post(at(house, "links/send/"))
    assert invitations.send_some(house.study.pk) == 2
    assert [message.to for message in mail.outbox] == [["ann@example.org"], ["ben@example.org"]]
    wrong = owner.post(at(house, "links/invite/"), {"addresses": "fine@example.org\nnot one"})
    assert "Line 2 is no e-mail address" in text_of(wrong)
    assert "ann@example.org" not in text_of(owner.get(at(house, "links/")))


def test_the_pages_ask_as_much_for_many_as_for_few(
    house: Panelled, owner: Client, django_assert_max_num_queries: Any
) -> None:
    by = make_member(house.study)
    enrolments = [make_enrolment(house.study) for _ in range(20)]
    PanelSubmission.objects.bulk_create(
        PanelSubmission(enrolment=one, digest=f"d{one.pk}", encrypted_session="x") for one in enrolments
    )
    Bonus.objects.bulk_create(Bonus(enrolment=one, reason="x", amount=1, made_by=by) for one in enrolments)
    EntryLink.objects.bulk_create(
        EntryLink(study=house.study, number=one.number, digest=str(one.pk), enrolment=one)
        for one in enrolments
    )
    for page in PAGES:
        with django_assert_max_num_queries(12):
            assert owner.get(at(house, page)).status_code == 200


def test_submissions_take_as_many_queries_for_one_as_for_many(house, owner):
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as found:
            assert owner.get(at(house, address)).status_code == 200
        return len(found)

    house.send()
    few = queries("submissions/")
    for number in range(60):
        person = make_enrolment(house.study)
        state = ["", "ACTIVE", "APPROVED"][number % 3]
        PanelSubmission.objects.create(enrolment=person, digest=f"d{number}", state=state)
    assert queries("submissions/") == queries("submissions/?page=2") == few <= 12
    assert queries("submissions/?state=APPROVED") <= 12
