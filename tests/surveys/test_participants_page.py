"""The table of participants, and re-identifying one."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from prism.lib.crypto import encrypt
from surveys.models import Decision, Identity, PageView, Signal
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
    return [row.code for row in answer.context["page"].rows]


def reidentify(client, study, enrolment, reason="Payment was disputed by the panel"):
    path = f"/coordinate/studies/{study.slug}/participants/{enrolment.code}/reidentify/"
    return client.post(path, {"reason": reason})


def test_who_may_see_the_participants(client, study):
    enrolment = make_enrolment(study)
    seen = {Role.OWNER: 200, Role.COORDINATOR: 200, Role.ANALYST: 200, Role.ANNOTATOR: 403, None: 404}
    for role, status in seen.items():
        client.force_login(make_member(study, role) if role else make_member(make_study()))
        assert table(client, study).status_code == status, role
        assert table(client, study, f"{enrolment.code}/").status_code == status, role


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


@pytest.fixture
def short_pages(monkeypatch):
    """Pages of three people instead of fifty, so that seven make three."""
    monkeypatch.setattr("surveys.coordinate.views.participants.ROWS", 3)


def test_the_pages_of_the_list_show_everybody_once_and_lead_back(client, study, coordinator, short_pages):
    people = {make_enrolment(study).code for _ in range(7)}
    for sort in ("", "code", "-code", "arrived", "seen", "-seen", "duration", "-duration", "-signals"):
        first = table(client, study, f"?sort={sort}")
        second = after(client, study, first, sort)
        third = after(client, study, second, sort)
        assert [len(codes(page)) for page in (first, second, third)] == [3, 3, 1], sort
        assert {*codes(first), *codes(second), *codes(third)} == people, sort
        assert third.context["page"].after == ""
        assert first.context["page"].before == ""
        back = part(client, study, f"?sort={sort}&before={quote(third.context['page'].before)}")
        assert codes(back) == codes(second), sort


def after(client, study, page, sort):
    return part(client, study, f"?sort={sort}&after={quote(page.context['page'].after)}")


def test_a_page_begins_where_the_last_one_ended_though_somebody_new_came(
    client, study, coordinator, short_pages
):
    for _ in range(5):
        make_enrolment(study)
    first = table(client, study)
    assert len(codes(first)) == 3
    make_enrolment(study)
    rest = codes(after(client, study, first, ""))
    assert len(rest) == 2
    assert not set(codes(first)) & set(rest)


@pytest.mark.parametrize("sort", ["code", "-arrived", "duration", "-signals"])
def test_a_place_that_nobody_wrote_shows_some_page_and_never_breaks(client, study, coordinator, sort):
    make_enrolment(study)
    for place in ("x", "~", "1~", "99999999999999999999999~1", "2026-01-01~5", "nan~1", "1~1~1", "%00~1"):
        for side in ("after", "before"):
            assert part(client, study, f"?sort={sort}&{side}={place}").status_code == 200, (side, place)


def part(client, study, query: str):
    """The moving part of the page alone, as htmx asks for it."""
    path = f"/coordinate/studies/{study.slug}/participants/{query}"
    return client.get(path, headers={"HX-Request": "true"})


def test_the_pager_keeps_the_filters(client, study, coordinator, short_pages):
    for _ in range(6):
        make_enrolment(study, stage="survey")
    assert "?stage=survey&amp;after=" in table(client, study, "?stage=survey").content.decode()


def test_the_number_of_queries_does_not_grow_with_the_people(client, study, coordinator, settings):
    settings.MFA_REQUIRED = False
    busy(study, 5)
    few = queries_of(client, study)
    busy(study, 55)
    assert len(codes(table(client, study))) == 50
    assert queries_of(client, study) == few
    assert few <= 10


def busy(study, number):
    """People with pages, signals, decisions and messages."""
    by = make_member(study)
    for _ in range(number):
        enrolment = make_enrolment(study)
        PageView.objects.create(enrolment=enrolment, page="one")
        Signal.objects.create(enrolment=enrolment, kind="failed_check", key="sure")
        Signal.objects.create(enrolment=enrolment, kind="pasted", key="why")
        Decision.objects.create(enrolment=enrolment, matter="payment", value="pay", reason="fine", by=by)


def queries_of(client, study) -> int:
    with CaptureQueriesContext(connection) as found:
        assert len(codes(table(client, study))) > 4
    return len(found)


def test_the_list_shows_page_signals_and_what_stands_decided(client, study, coordinator):
    enrolment = make_enrolment(study, stage="survey")
    for page, minutes in (("stage:survey", 9), ("one", 8), ("two", 3)):
        PageView.objects.create(
            enrolment=enrolment, page=page, shown_at=timezone.now() - timedelta(minutes=minutes)
        )
    Signal.objects.create(enrolment=enrolment, kind="straight_line", key="block")
    for value in ("hold", "pay"):
        Decision.objects.create(
            enrolment=enrolment, matter="payment", value=value, reason="x", by=coordinator
        )
    (line,) = table(client, study).context["lines"]
    assert line.enrolment.page == "two"
    assert [str(label) for label in line.signals] == ["same value throughout"]
    assert [str(label) for label in line.decisions] == ["pay"]
    assert str(line.stage) == "About you"


def test_idle_signal_and_decision_narrow_the_list(client, study, coordinator):
    now = timezone.now()
    here = make_enrolment(study, seen_at=now)
    away = make_enrolment(study, seen_at=now - timedelta(hours=1))
    over = make_enrolment(study, seen_at=now - timedelta(hours=1), outcome="complete", outcome_at=now)
    Signal.objects.create(enrolment=away, kind="pasted", key="why")
    for value in ("marked", "reviewed"):
        Decision.objects.create(enrolment=over, matter="review", value=value, reason="x", by=coordinator)
    assert codes(table(client, study, "?idle=-5")) == [here.code]
    assert codes(table(client, study, "?idle=30")) == [away.code]
    assert codes(table(client, study, "?signal=any")) == [away.code]
    assert codes(table(client, study, "?signal=pasted")) == [away.code]
    assert codes(table(client, study, "?signal=no_keys")) == []
    assert set(codes(table(client, study, "?signal=none"))) == {here.code, over.code}
    assert codes(table(client, study, "?decision=reviewed")) == [over.code]
    assert codes(table(client, study, "?decision=marked")) == []


def test_htmx_gets_the_moving_part_alone(client, study, coordinator):
    enrolment = make_enrolment(study)
    html = part(client, study, "?stage=consent").content.decode()
    assert enrolment.code in html
    assert "<html" not in html
    assert 'hx-get="/coordinate/studies/values/participants/?stage=consent"' in html
    assert "hx-get" not in part(client, study, "?stage=consent&pause=1").content.decode()


# Acts on several people


def do(client, study, act, people, text="Please go on by tonight", **more):
    path = f"/coordinate/studies/{study.slug}/participants/act/"
    return client.post(path, {"act": act, "text": text, "code": [row.code for row in people], **more})


def test_who_may_not_act(client, study):
    enrolment = make_enrolment(study)
    for role, status in {Role.ANALYST: 403, Role.ANNOTATOR: 403, None: 404}.items():
        client.force_login(make_member(study, role) if role else make_member(make_study()))
        assert do(client, study, "message", [enrolment]).status_code == status, role
        assert not enrolment.notices.exists()


def test_acting_needs_the_token_of_the_form(study):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_member(study))
    assert do(client, study, "message", [make_enrolment(study)]).status_code == 403


def test_a_message_goes_to_the_ticked_ones_alone_and_is_audited(client, study, coordinator):
    one, two, three = (make_enrolment(study) for _ in range(3))
    elsewhere = make_enrolment(make_study())
    answer = do(client, study, "message", [one, two, elsewhere], back="stage=consent&pause=1")
    assert answer["Location"] == "/coordinate/studies/values/participants/?stage=consent&pause=1"
    assert [row.notices.count() for row in (one, two, three, elsewhere)] == [1, 1, 0, 0]
    assert set(study.audit_events.values_list("action", "subject")) == {
        ("participant.messaged", one.code),
        ("participant.messaged", two.code),
    }
    assert "tonight" not in str(list(study.audit_events.values_list("detail", flat=True)))


def test_marking_writes_a_decision_with_its_reason(client, study, coordinator):
    people = [make_enrolment(study) for _ in range(2)]
    do(client, study, "marked", people, "Both came at the same second")
    assert set(Decision.objects.values_list("value", "reason")) == {
        ("marked", "Both came at the same second")
    }
    assert codes(table(client, study, "?decision=marked")) != []


def test_an_act_that_makes_no_sense_does_nothing(client, study, coordinator):
    enrolment = make_enrolment(study)
    for act, text in (("message", ""), ("marked", "ab"), ("drop", "long enough")):
        page = do(client, study, act, [enrolment], text)
        assert "Nothing was done" in client.get(page["Location"]).content.decode(), act
        assert not enrolment.notices.exists()
        assert not enrolment.decisions.exists()
        assert not study.audit_events.exists()


def test_nobody_ticked_is_told(client, study, coordinator):
    page = do(client, study, "message", [])
    assert "tick at least one" in client.get(page["Location"]).content.decode()


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


def test_without_a_proper_reason_or_by_looking_alone_nothing_is_shown(client, study):
    enrolment = identified(study)
    client.force_login(make_member(study, Role.COORDINATOR, may_reidentify=True))
    for reason in ("", "why not", "         "):
        answer = reidentify(client, study, enrolment, reason)
        assert answer.status_code == 422, reason
        assert PANEL_ID not in answer.content.decode()
        assert not study.audit_events.exists()
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
