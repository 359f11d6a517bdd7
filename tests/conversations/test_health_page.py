"""The page that shows how providers and models do."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conversations.models import Attempt, Check, LanguageModel, Provider
from surveys.models import AuditEvent, Study
from surveys.models.people import Role
from tests.factories import (
    make_conversation,
    make_enrolment,
    make_member,
    make_models,
    make_response,
    make_study,
    make_user,
)

pytestmark = pytest.mark.django_db
PAGE = reverse("registry:health")


@pytest.fixture
def study() -> Study:
    return make_study()


@pytest.fixture
def coordinator(study: Study, client: Client) -> Client:
    client.force_login(make_member(study, Role.COORDINATOR))
    return client


def call(turn, model: LanguageModel, slot: str, finish_reason: str = "stop", **fields) -> Attempt:
    """One call that is over, just now by default."""
    times = {"first_text_ms": 400, "total_ms": 2000}
    response = make_response(turn, slot, model, state="done", finish_reason=finish_reason, **times)
    given = {"number": 1, "state": "finished", "prompt_sha256": "x" * 64, "reserved_cost": "1.5"}
    return Attempt.objects.create(response=response, **given | fields)


def calls(study: Study, *fields: dict) -> LanguageModel:
    """The study's first model was called once for each of these."""
    model = make_models(1, study)[0]
    talk = make_conversation(make_enrolment(study), turns=1, complete=False, models=[model])
    turn = talk.turns.get()
    turn.responses.update(slot="Z")
    for slot, given in zip("ABCDEFGH", fields, strict=False):
        call(turn, model, slot, **given)
    return model


def test_calls_failures_and_times_of_a_day_are_shown(coordinator, study):
    failed = {"state": "failed", "failure": "server_error"}
    old = {"started_at": timezone.now() - timedelta(hours=25)}
    cut = {"finish_reason": "length"}
    model = calls(study, {}, cut, failed, failed, {"state": "lost"}, cut | old, {"prompt_sha256": ""})
    html = coordinator.get(PAGE).content.decode()
    assert model.name in html
    assert "server_error: 2" in html
    assert "lost: 1" in html
    assert "0.4 / 0.4" in html
    assert "2.0 / 2.0" in html
    row = html.split(f">{model.name}<")[1].split("</tr>")[0]
    assert row.split('<td class="number">')[1].split()[0] == "5"
    assert "1 truncated" in row


def test_a_provider_that_rests_says_why_and_is_brought_back_by_a_button(coordinator, study):
    make_models(1, study)
    provider = Provider.objects.get()
    Provider.objects.update(open_until=timezone.now() + timedelta(minutes=5), open_reason="silent")
    assert "silent, until" in coordinator.get(PAGE).content.decode()
    answer = coordinator.post(reverse("registry:bring_back", args=[provider.pk]), follow=True)
    assert "is drawn again" in answer.content.decode()
    provider.refresh_from_db()
    assert provider.open_until is None
    event = AuditEvent.objects.get(action="provider.brought_back")
    assert (event.subject, event.detail["reason"]) == (provider.name, "silent")
    coordinator.post(reverse("registry:bring_back", args=[provider.pk]))
    assert AuditEvent.objects.filter(action="provider.brought_back").count() == 1


def test_limits_stand_beside_what_was_used_and_checks_are_shown(coordinator, study):
    model = calls(study, {})
    Provider.objects.update(requests_a_minute=60, daily_budget=10)
    Check.objects.create(provider=model.provider, model=model, total_ms=321)
    Check.objects.create(provider=model.provider, model=model, failure="unreachable")
    html = coordinator.get(PAGE).content.decode()
    assert "3 / 60" in html  # checks are calls too
    assert "1.50 / 10.00 USD" in html
    assert html.count('class="is-good"') == html.count('class="is-bad"') == 1
    assert "unreachable" in html


def test_the_number_of_queries_does_not_grow(coordinator, study, django_assert_max_num_queries):
    calls(study, {}, {}, {})
    for number in range(5):
        provider = Provider.objects.create(name=f"P{number}", base_url="https://p.example/v1")
        LanguageModel.objects.create(
            provider=provider, identifier="x", name=f"m{number}", short_name="m", code=f"M{number}"
        )
    with django_assert_max_num_queries(12):
        assert coordinator.get(PAGE).status_code == 200


def test_only_who_runs_studies_sees_it_and_brings_back(client, study):
    make_models(1, study)
    back = reverse("registry:bring_back", args=[Provider.objects.get().pk])
    assert client.get(PAGE).status_code == 302
    for user in (make_user(), make_member(study, Role.ANALYST), make_member(study, Role.ANNOTATOR)):
        client.force_login(user)
        assert client.get(PAGE).status_code in {403, 404}
        assert client.post(back).status_code in {403, 404}
    assert client.get(back).status_code in {403, 404, 405}


def test_the_limits_are_stored_by_the_form_and_may_be_left_empty(coordinator, study):
    given = {"name": "House", "base_url": "https://8.8.8.8/v1", "is_on": "on", "max_concurrent": "4"}
    given |= {"silence_seconds": "5", "daily_budget": "12.50", "requests_a_minute": "", "check_minutes": ""}
    coordinator.post(reverse("registry:add_provider"), given)
    provider = Provider.objects.get(name="House")
    assert (float(provider.daily_budget), provider.requests_a_minute, provider.check_minutes) == (12.5, 0, 0)
    answer = coordinator.post(reverse("registry:add_provider"), given | {"name": "B", "daily_budget": "-1"})
    assert "0 or more" in answer.content.decode()
    assert not Provider.objects.filter(name="B").exists()
