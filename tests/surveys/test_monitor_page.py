"""Funnel, times and outcomes over time: right numbers, few queries, the same ones everywhere."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analysis.live import journey
from surveys.models import Consent, Enrolment, PageView
from surveys.models.people import Role
from surveys.monitor.funnel import funnel
from surveys.monitor.over_time import timeline
from surveys.monitor.times import page_times
from surveys.quality.assessing import assess
from tests.factories import make_enrolment, make_member, make_study
from tests.surveys.test_quality_signals import answered, make_checked_study
from tests.surveys.visitors import START, make_small_study, newcomer, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_checked_study(slug="values")


def monitor(client, study, query=""):
    return client.get(f"/coordinate/studies/{study.slug}/monitor/{query}")


def figures(client, study, query=""):
    return client.get(f"/coordinate/studies/{study.slug}/monitor/over-time.json{query}")


def step(study, key, **options):
    return next(found for found in funnel(study, **options).steps if found.key == key)


def test_who_may_see_the_monitor(client, study):
    make_enrolment(study)
    for role, status in (
        (Role.OWNER, 200),
        (Role.COORDINATOR, 200),
        (Role.ANALYST, 200),
        (Role.ANNOTATOR, 403),
        (None, 404),
    ):
        client.force_login(make_member(study, role) if role else make_member(make_study()))
        assert monitor(client, study).status_code == status, role
        assert figures(client, study).status_code == status, role


def test_who_is_not_signed_in_is_sent_to_the_sign_in(client, study):
    assert monitor(client, study)["Location"].startswith("/accounts/login/")
    assert figures(client, study)["Location"].startswith("/accounts/login/")


def test_a_real_way_through_the_pages_is_counted(client):
    study = make_small_study()
    browser, _person = newcomer(study)
    newcomer(study)
    submit(browser, study, "start", START)
    first, second = step(study, "page-start"), step(study, "page-use")
    assert (first.reached, first.went_on, first.stayed) == (1, 1, 0)
    assert (second.reached, second.lost) == (0, None)
    browser.get(f"/studies/{study.slug}/survey/use/")
    second = step(study, "page-use")
    assert (second.reached, second.went_on, second.stayed) == (1, 0, 1)
    assert step(study, "consented").reached == step(study, "arrived").reached == 2


def test_medians_quartiles_and_n_are_those_of_the_first_sending(study):
    for seconds in (10, 20, 30, 40, 50):
        answered(study, seconds=seconds)
    times = step(study, "page-one").times
    assert (times.low, times.median, times.high) == pytest.approx((20, 30, 40), abs=0.5)
    assert times.n == 5
    again = Enrolment.objects.order_by("pk").first()
    answered(study, enrolment=again, seconds=1)
    assert step(study, "page-one").times.median == pytest.approx(30, abs=0.5)
    assert step(study, "page-one").reached == 5


def test_of_a_large_study_the_pages_are_those_of_the_last_assessment(study, monkeypatch):
    monkeypatch.setattr("surveys.monitor.pages.LARGE", 3)
    for seconds in (20, 30, 40):
        answered(study, seconds=seconds)
    fresh = funnel(study)
    at = assess(study).at
    assert funnel(study).at == at
    assert [(found.key, found.reached, found.went_on) for found in funnel(study).steps] == [
        (found.key, found.reached, found.went_on) for found in fresh.steps
    ]
    assert step(study, "page-one").times.median == pytest.approx(30, abs=0.5)
    answered(study, seconds=50)
    assert (step(study, "page-one").reached, step(study, "arrived").reached) == (3, 4)
    assess(study)
    assert step(study, "page-one").reached == step(study, "page-one", with_test=True).reached == 4


def test_the_funnel_agrees_with_the_live_picture(study):
    for number in range(6):
        make_enrolment(study, finished_survey=False, is_test=number == 5)
    for enrolment in study.enrolments.all()[:3]:
        Consent.objects.create(
            enrolment=enrolment, document=study.consent_document, document_sha256="x", agreed=True
        )
    done = study.enrolments.filter(is_test=False).order_by("pk")[:2]
    Enrolment.objects.filter(pk__in=[row.pk for row in done]).update(
        outcome="complete", outcome_at=timezone.now()
    )
    for with_test in (False, True):
        live = journey(study, with_test=with_test)
        assert step(study, "arrived", with_test=with_test).reached == live.arrived
        assert step(study, "consented", with_test=with_test).reached == live.consented
        assert step(study, "complete", with_test=with_test).reached == live.complete
        totals = {series.key: series.total for series in timeline(study, with_test=with_test).series}
        ends = {value: number for value, _label, number in live.outcomes if number}
        assert totals == {"arrived": live.arrived, **ends}


def test_later_stages_appear_once_somebody_came_there(study):
    person = make_enrolment(study)
    assert "conversations" not in [found.key for found in funnel(study).steps]
    PageView.objects.create(enrolment=person, page="stage:conversations")
    assert step(study, "conversations").reached == 1


def test_a_page_that_only_an_earlier_version_had_is_still_counted(study):
    PageView.objects.create(enrolment=make_enrolment(study), page="bygone")
    assert step(study, "page-bygone").reached == 1


def test_another_studys_people_are_not_counted(study):
    answered(make_checked_study(), seconds=30)
    assert funnel(study).arrived == 0
    assert timeline(study).series == []


def test_every_hour_and_every_day_between_has_a_number(client, study):
    now = timezone.now().replace(minute=30)
    for hours in (0, 5):
        Enrolment.objects.filter(pk=make_enrolment(study).pk).update(arrived_at=now - timedelta(hours=hours))
    line = timeline(study)
    assert (line.unit, len(line.times), line.series[0].values) == ("hour", 6, [1, 0, 0, 0, 0, 1])
    Enrolment.objects.filter(pk=make_enrolment(study).pk).update(arrived_at=now - timedelta(days=30))
    line = timeline(study)
    assert (line.unit, len(line.times), line.series[0].total) == ("day", 31, 3)
    Enrolment.objects.filter(pk=make_enrolment(study).pk).update(arrived_at=now - timedelta(days=900))
    line = timeline(study)
    assert line.unit == "week"
    assert line.series[0].total == 4
    assert len(line.times) < 200


def test_the_chart_has_the_figures_of_the_table(client, study):
    client.force_login(make_member(study))
    make_enrolment(study, outcome="screened_out", outcome_at=timezone.now())
    page, sent = monitor(client, study), figures(client, study).json()
    line = page.context["timeline"]
    assert [one["values"] for one in sent["series"]] == [series.values for series in line.series]
    assert {one["key"] for one in sent["series"]} == {"arrived", "screened_out"}
    assert page.context["rows"][-1][1] == [one["values"][-1] for one in sent["series"]]
    assert 'id="over-time"' in page.content.decode()


def test_an_empty_study_says_so(client, study):
    client.force_login(make_member(study))
    assert "Nobody has arrived yet" in monitor(client, study).content.decode()
    assert figures(client, study).json()["times"] == []


def test_test_data_are_left_out_unless_asked_for(client, study):
    client.force_login(make_member(study))
    make_enrolment(study, is_test=True)
    assert monitor(client, study).context["way"].arrived == 0
    assert monitor(client, study, "?test=1").context["way"].arrived == 1


def test_the_number_of_queries_does_not_grow_with_the_people(client, study):
    client.force_login(make_member(study))
    counts = []
    for number in (3, 60):
        for _ in range(number):
            answered(study, enrolment=make_enrolment(study, outcome="complete", outcome_at=timezone.now()))
        with CaptureQueriesContext(connection) as found:
            monitor(client, study)
        counts.append(len(found))
    assert counts[0] == counts[1] <= 10


def test_a_persons_times_stand_beside_the_median_of_those_who_count(study):
    for seconds in (20, 30, 40):
        answered(study, seconds=seconds)
    answered(study, seconds=500, enrolment=make_enrolment(study, is_test=True))
    first = study.enrolments.order_by("pk").first()
    assert [(time.median, time.n) for time in page_times(first)] == [(None, 0)]
    assess(study)
    (time,) = page_times(first)
    assert (time.page, time.n) == ("one", 3)
    assert (time.seconds, time.median) == pytest.approx((20, 30), abs=0.5)
