"""The pages on quality: who may see and decide, rules as versions, three decisions kept apart."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from surveys import tasks
from surveys.models import Decision, Signal
from surveys.models.people import Role
from surveys.quality import deciding, rules
from tests.factories import make_enrolment, make_member, make_study
from tests.surveys.test_quality_signals import answered, make_checked_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_checked_study(slug="values")


@pytest.fixture
def asked(monkeypatch):
    """The studies that a worker was asked to look through."""
    found: list[int] = []
    monkeypatch.setattr(tasks.assess, "delay", found.append)
    return found


@pytest.fixture
def coordinator(study, client):
    user = make_member(study, Role.COORDINATOR, email="cora@example.org")
    client.force_login(user)
    return user


def path(study, rest=""):
    return f"/coordinate/studies/{study.slug}/{rest}"


def fields(**changes):
    usual = rules.Rules().document()
    given = {name: value for part in usual.values() for name, value in part.items()} | changes
    return {name: value for name, value in given.items() if value not in (False, [])}


def decide(client, study, enrolment, value, reason="Two checks and nine seconds"):
    return client.post(
        path(study, f"participants/{enrolment.code}/decide/"), {"value": value, "reason": reason}
    )


SEEN = [(Role.OWNER, 200), (Role.COORDINATOR, 200), (Role.ANALYST, 200), (Role.ANNOTATOR, 403), (None, 404)]
DONE = [(Role.ANALYST, 403), (Role.ANNOTATOR, 403), (None, 404)]


def test_who_may_see_signals(client, study):
    enrolment = make_enrolment(study)
    for role, status in SEEN:
        client.force_login(make_member(study, role) if role else make_member(make_study()))
        assert client.get(path(study, "quality/")).status_code == status, role
        assert client.get(path(study, f"participants/{enrolment.code}/quality/")).status_code == status, role


def test_who_may_neither_decide_nor_write_nor_set_rules(client, study, asked):
    enrolment = make_enrolment(study)
    message = path(study, f"participants/{enrolment.code}/message/")
    for role, status in DONE:
        client.force_login(make_member(study, role) if role else make_member(make_study()))
        assert decide(client, study, enrolment, "pay").status_code == status, role
        assert client.post(message, {"text": "Hello there"}).status_code == status, role
        assert client.post(path(study, "quality/"), fields()).status_code == status, role
        assert client.post(path(study, "quality/assess/")).status_code == status, role
    assert not study.quality_rules.exists()
    assert not Decision.objects.exists()
    assert asked == []


def test_deciding_needs_the_token_of_the_form(study):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_member(study))
    assert decide(client, study, make_enrolment(study), "pay").status_code == 403


def test_another_studys_participant_is_not_found(client, study, coordinator):
    elsewhere = make_enrolment(make_study())
    assert client.get(path(study, f"participants/{elsewhere.code}/quality/")).status_code == 404
    assert decide(client, study, elsewhere, "pay").status_code == 404


def test_the_page_shows_each_signal_with_its_reason_and_no_answer(client, study, coordinator):
    enrolment = answered(study, why="A secret that nobody should read on this page at all, please")
    Signal.objects.create(
        enrolment=enrolment, kind="straight_line", key="block", detail={"value": "50", "items": 5}
    )
    page = client.get(path(study, f"participants/{enrolment.code}/quality/")).content.decode()
    assert "All 5 items of “block” have the same value: 50." in page
    assert "secret" not in page


def test_payment_data_and_sample_are_decided_apart(client, study, coordinator):
    enrolment = make_enrolment(study)
    for value in ("pay", "exclude", "hold"):
        assert decide(client, study, enrolment, value).status_code == 302
    page = client.get(path(study, f"participants/{enrolment.code}/quality/"))
    values = [decision.value if decision else None for _label, decision in page.context["matters"]]
    assert values == ["hold", "exclude", None, None]
    assert enrolment.decisions.count() == 3
    assert deciding.excluded(study) == {enrolment.pk}
    decide(client, study, enrolment, "keep")
    assert deciding.excluded(study) == set()
    enrolment.refresh_from_db()
    assert enrolment.outcome == ""


def test_a_decision_is_audited_without_its_words(client, study, coordinator):
    enrolment = make_enrolment(study)
    decide(client, study, enrolment, "ask_return", "She wrote that her name is Ada")
    event = study.audit_events.get(action="participant.decided")
    assert (event.actor, event.subject) == (coordinator, enrolment.code)
    assert event.detail == {"matter": "payment", "value": "ask_return"}


def test_without_a_reason_or_a_known_value_nothing_is_decided(client, study, coordinator):
    enrolment = make_enrolment(study)
    for value, reason in (("pay", ""), ("pay", "  x  "), ("reject", "long enough"), ("", "y" * 9)):
        assert decide(client, study, enrolment, value, reason).status_code == 422, (value, reason)
        assert not Decision.objects.exists()


def test_decisions_are_append_only_and_fit_their_matter(study):
    by, enrolment = make_member(study), make_enrolment(study)
    deciding.decide([enrolment], "pay", "All is well", by)
    for change in (lambda: Decision.objects.update(value="hold"), lambda: Decision.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(enrolment=enrolment, matter="payment", value="exclude", reason="x", by=by)


def test_rules_are_stored_as_a_version_and_the_study_looked_through(client, study, coordinator, asked):
    assert (
        client.post(path(study, "quality/"), fields(deviations=2.5, allowed=["desktop"])).status_code == 302
    )
    ruled = rules.in_force(study)
    assert (ruled.version, ruled.timing.deviations, ruled.devices.allowed) == (1, 2.5, ("desktop",))
    assert asked == [study.pk]
    assert study.audit_events.get().action == "quality.rules_stored"


def test_unfair_or_senseless_rules_are_refused_with_a_reason(client, study, coordinator, asked):
    for changes in (
        {"consequence": "end"},
        {"consequence": "end", "announced": "on", "fail_after": 1},
        {"deviations": 0.5},
        {"share": "much"},
        {"allowed": ["toaster"]},
    ):
        answer = client.post(path(study, "quality/"), fields(**changes))
        assert answer.status_code == 422, changes
        assert answer.context["form"].errors
        assert not study.quality_rules.exists()
        assert asked == []


def test_looking_through_can_be_asked_for(client, study, coordinator, asked):
    assert client.post(path(study, "quality/assess/")).status_code == 302
    assert asked == [study.pk]


def test_the_page_counts_people_by_signal(client, study, coordinator):
    for number in range(3):
        enrolment = make_enrolment(study)
        for key in ("a", "b")[: number or 1]:
            Signal.objects.create(enrolment=enrolment, kind="pasted", key=key)
    kinds = {
        str(kind): people for kind, _label, people in client.get(path(study, "quality/")).context["kinds"]
    }
    assert kinds["pasted"] == 3
    assert kinds["no_keys"] == 0


def test_a_message_to_one_stands_on_the_page(client, study, coordinator):
    enrolment = make_enrolment(study)
    client.post(path(study, f"participants/{enrolment.code}/message/"), {"text": "Please go on tonight"})
    page = client.get(path(study, f"participants/{enrolment.code}/quality/")).content.decode()
    assert "Please go on tonight" in page
    assert study.audit_events.get().action == "participant.messaged"


def test_the_pages_take_few_queries(client, study, coordinator):
    people = [answered(study) for _ in range(30)]
    for enrolment in people:
        for key in "abc":
            Signal.objects.create(enrolment=enrolment, kind="pasted", key=key)
        deciding.decide([enrolment], "pay", "All is well", coordinator)
    for rest in ("quality/", f"participants/{people[0].code}/quality/"):
        with CaptureQueriesContext(connection) as found:
            assert client.get(path(study, rest)).status_code == 200
        assert len(found) <= 10, rest
