"""One study's live picture: right figures, few queries, no test data, no strangers."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from analysis.live import exposures, journey, problems, wilson
from conversations.models import Attempt, Response
from surveys.models.people import Role
from surveys.quality import deciding
from tests.factories import (
    make_conversation,
    make_enrolment,
    make_member,
    make_models,
    make_response,
    make_study,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study(slug="values", title="Values and answers")


@pytest.fixture
def coordinator(study, client):
    user = make_member(study, Role.COORDINATOR)
    client.force_login(user)
    return user


def live(client, study, query: str = "", **headers):
    return client.get(f"/coordinate/studies/{study.slug}/{query}", headers=headers)


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.COORDINATOR, 200), (Role.ANALYST, 200), (Role.ANNOTATOR, 403), (None, 404)],
)
def test_who_may_see_it(client, study, role, status):
    client.force_login(make_member(study, role) if role else make_member(make_study()))
    assert live(client, study).status_code == status
    assert live(client, study, hx_request="true").status_code == status


def test_who_is_not_signed_in_is_sent_to_the_sign_in(client, study):
    assert live(client, study)["Location"].startswith("/accounts/login/")


def test_an_empty_study_says_so(client, study, coordinator):
    page = live(client, study).content.decode()
    assert "Nobody has arrived yet" in page
    assert "No model in this study yet" in page
    assert "no call of a model failed lately" in page


def test_people_are_counted_where_they_are(study):
    make_enrolment(study)
    make_enrolment(study, stage="survey")
    make_enrolment(study, stage="conversations", finished_survey=True)
    make_enrolment(study, stage="done", finished_survey=True, outcome="complete", outcome_at=timezone.now())
    make_enrolment(study, stage="done", outcome="no_consent", outcome_at=timezone.now())
    make_enrolment(study, is_test=True)
    make_enrolment(make_study())
    counted = journey(study)
    assert (counted.arrived, counted.consented, counted.test) == (5, 2, 1)
    assert (counted.in_survey, counted.in_conversation, counted.complete) == (1, 1, 1)
    assert {value: number for value, _label, number in counted.outcomes if number} == {
        "complete": 1,
        "no_consent": 1,
    }


def test_only_who_was_seen_lately_is_active(study):
    make_enrolment(study, seen_at=timezone.now() - timedelta(minutes=6))
    make_enrolment(study, seen_at=timezone.now() - timedelta(minutes=4))
    assert journey(study).active == 1


def test_exposure_failures_and_scores_are_counted_for_each_model(study):
    models = make_models(4, study)
    conversation = make_conversation(make_enrolment(study), turns=2, models=models)
    first = conversation.turns.get(number=0)
    broken = make_response(
        first, "E", models[3], state=Response.State.FAILED, is_replaced=True, first_text_ms=None, text=""
    )
    make_response(first, "E", models[1], first_text_ms=900, replaces=broken)
    by_name = {exposure.name: exposure for exposure in exposures(study)}
    winner, second, last = (by_name[models[i].name] for i in (0, 1, 3))
    assert (winner.drawn, winner.shown, winner.failed, winner.ratings) == (1, 3, 0, 3)
    assert winner.score == pytest.approx((90 + 90 + 80) / 3)
    assert (second.drawn, second.first_text_ms) == (2, 600)
    assert (last.drawn, last.shown, last.replaced, last.failed, last.finished) == (2, 1, 1, 1, 2)
    assert last.failure_rate.percent == 50


def test_a_model_that_was_never_drawn_is_listed_without_figures(study):
    model = make_models(1, study)[0]
    (exposure,) = exposures(study)
    assert (exposure.name, exposure.drawn, exposure.failure_rate, exposure.score) == (
        model.name,
        0,
        None,
        None,
    )


def test_a_model_taken_out_of_the_pool_keeps_its_figures(client, study, coordinator):
    models = make_models(4, study)
    make_conversation(make_enrolment(study), models=models)
    study.pool.filter(model=models[0]).update(is_on=False)
    assert {exposure.is_drawable for exposure in exposures(study) if exposure.drawn} == {True, False}
    assert "no longer drawn" in live(client, study).content.decode()


def test_test_data_are_left_out_unless_asked_for(client, study, coordinator):
    models = make_models(4, study)
    make_conversation(make_enrolment(study, is_test=True), models=models)
    assert journey(study).arrived == 0
    assert sum(exposure.drawn for exposure in exposures(study)) == 0
    assert sum(exposure.drawn for exposure in exposures(study, with_test=True)) == 4
    page = live(client, study).content.decode()
    assert "1 test participant is left out" in page
    assert "Test data are counted" in live(client, study, "?test=1").content.decode()


def test_recent_problems_are_named_newest_first_and_only_of_this_study(client, study, coordinator):
    models = make_models(4, study)
    response = make_conversation(make_enrolment(study), models=models).turns.get(number=0).responses.first()
    Attempt.objects.create(
        response=response, number=1, state="failed", failure="rate_limited", detail="status 429"
    )
    Attempt.objects.create(response=response, number=2, state="lost")
    Attempt.objects.create(response=response, number=3, state="finished")
    other = make_conversation(make_enrolment(make_study())).turns.get(number=0).responses.first()
    Attempt.objects.create(response=other, number=1, state="failed", failure="cut")
    assert [problem.kind for problem in problems(study)] == ["lost", "rate_limited"]
    assert "status 429" in live(client, study).content.decode()


def test_htmx_gets_the_moving_part_alone_and_it_asks_again(client, study, coordinator):
    fragment = live(client, study, hx_request="true").content.decode()
    assert "<html" not in fragment
    assert 'hx-trigger="every 5s"' in fragment
    assert 'hx-get="/coordinate/studies/values/"' in fragment


def test_a_paused_page_does_not_ask_again(client, study, coordinator):
    page = live(client, study, "?pause=1").content.decode()
    assert "hx-trigger" not in page
    assert "Follow again" in page


def test_the_number_of_queries_does_not_grow_with_the_study(
    client, study, coordinator, django_assert_max_num_queries
):
    for _ in range(5):
        make_conversation(make_enrolment(study, finished_survey=True), models=make_models(4, study))
    with django_assert_max_num_queries(12):
        live(client, study)
    with django_assert_max_num_queries(12):
        live(client, study, hx_request="true")


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Brown, Cai and DasGupta 2001, and by hand from the formula.
    [(0, 10, 0.0, 27.75), (1, 10, 1.79, 40.42), (5, 10, 23.66, 76.34), (10, 10, 72.25, 100.0)],
)
def test_wilsons_interval_has_its_known_values(successes, n, low, high):
    interval = wilson(successes, n)
    assert interval.low == pytest.approx(low, abs=0.01)
    assert interval.high == pytest.approx(high, abs=0.01)


def test_without_observations_there_is_no_interval():
    assert wilson(0, 0) is None


def test_mean_scores_are_without_people_excluded_from_the_data(client, study, coordinator):
    models = make_models(2, study)
    kept, copied = make_enrolment(study), make_enrolment(study)
    make_conversation(kept, models=models, turns=1)
    make_conversation(copied, models=models[::-1], turns=1)

    def figures():
        rows = live(client, study).context["models"].rows
        return [(row.score, row.ratings, row.shown) for row in rows if row.name == models[0].name]

    assert figures() == [(85, 2, 2)]
    deciding.decide([copied], "exclude", "Copied every answer", coordinator)
    assert figures() == [(90, 1, 2)]
    assert "Mean scores are without those of 1 person" in live(client, study).text
    deciding.decide([copied], "keep", "It was another person", coordinator)
    assert figures() == [(85, 2, 2)]


def test_the_scores_of_people_excluded_from_the_data_are_counted_where_asked_for(client, study, coordinator):
    models = make_models(2, study)
    kept, copied = make_enrolment(study), make_enrolment(study)
    make_conversation(kept, models=models, turns=1)
    make_conversation(copied, models=models[::-1], turns=1)
    deciding.decide([copied], "exclude", "Copied every answer", coordinator)

    def shown(query: str = "") -> tuple[Any, str]:
        page = live(client, study, query)
        row = next(row for row in page.context["models"].rows if row.name == models[0].name)
        return (row.score, row.ratings), page.text

    assert shown()[0] == shown("?excluded=without")[0] == (90, 1)
    assert 'href="?excluded=with"' in shown()[1]
    figures, page = shown("?test=1&excluded=with")
    assert figures == (85, 2)
    assert "Mean scores are also of 1 person" in page
    assert 'href="?test=1"' in page
    assert 'hx-get="/coordinate/studies/values/?test=1&amp;excluded=with"' in page
