"""A provider that keeps failing is drawn no more, and comes back once a short call of the clock succeeded."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations import drawing
from conversations.endpoints import breaker, checking
from conversations.fakellm.server import running
from conversations.models import Attempt, Check, LanguageModel, PoolEntry, Provider
from prism.lib.addresses import Reach
from tests.conversations.talking import a_turn, at_once, let_models_answer, make_speakers
from tests.factories import make_models, make_study

pytestmark = pytest.mark.django_db(transaction=True)
NOBODY = "http://127.0.0.1:9/v1"


@pytest.fixture(scope="module")
def fake():
    with running(speed=1000.0) as url:
        yield url


def rest(provider: Provider, seconds: float, reason: str = "server_error", times: int = 1) -> Provider:
    """It was taken out, until so many seconds from now."""
    until = timezone.now() + timedelta(seconds=seconds)
    Provider.objects.filter(pk=provider.pk).update(open_until=until, open_reason=reason, open_times=times)
    provider.refresh_from_db()
    return provider


def two_providers(url: str, other: str = NOBODY) -> tuple[Provider, Provider]:
    study = make_study()
    models = [make_speakers(study, address, "aurora-7b")[0] for address in (url, other)]
    return models[0].provider, models[1].provider


def test_five_failures_in_a_row_take_a_provider_out(fake):
    turn = a_turn(fake, *["aurora-7b;fail=500"] * 5, opening__replacements=0)[2]
    let_models_answer(turn)
    provider = Provider.objects.get()
    assert Attempt.objects.filter(failure="server_error").count() == breaker.IN_A_ROW
    assert (provider.open_reason, provider.open_times) == ("server_error", 1)
    assert timezone.now() < provider.open_until <= timezone.now() + breaker.FIRST


def test_four_failures_and_one_answer_do_not(fake):
    turn = a_turn(fake, *["aurora-7b;fail=500"] * 4, "basalt-70b", opening__replacements=0)[2]
    let_models_answer(turn)
    assert Attempt.objects.filter(failure="server_error").count() == 4
    assert Provider.objects.get().open_until is None


def test_what_our_own_limits_refuse_is_no_failure_of_the_provider(fake):
    turn = a_turn(fake, *["aurora-7b"] * 6, opening__replacements=0)[2]
    Provider.objects.update(requests_a_minute=1)
    let_models_answer(turn)
    assert turn.responses.filter(failure="rate_limited").count() == 5
    assert Provider.objects.get().open_until is None


def test_requests_to_come_back_later_are_no_failures_and_one_that_nobody_can_wait_for_is_kept_to(fake):
    turn = a_turn(fake, *["aurora-7b;fail=500"] * 4, "basalt-70b;fail=429;retry=9", opening__replacements=0)[
        2
    ]
    let_models_answer(turn)
    provider = Provider.objects.get()
    assert Attempt.objects.filter(failure="server_error").count() == 4
    assert provider.open_reason == "rate_limited"
    assert timezone.now() < provider.open_until <= timezone.now() + breaker.FIRST
    Provider.objects.update(open_until=None)
    assert not breaker.note_failure(provider.pk, "rate_limited")
    assert breaker.note_busy(provider.pk, 300.0)
    provider.refresh_from_db()
    assert provider.open_until > timezone.now() + timedelta(seconds=250)


def test_a_pair_is_drawn_from_who_rests_rather_than_from_too_few(fake):
    good, bad = two_providers(fake)
    study = PoolEntry.objects.first().study
    rest(bad, 60)
    assert set(drawing.sizes(study.pk)) == {good.models.get().pk, bad.models.get().pk}


def test_who_rests_is_not_drawn_while_there_are_others(fake):
    good, bad = two_providers(fake)
    study = PoolEntry.objects.first().study
    rest(bad, 60)
    assert drawing.eligible(study.pk) == [good.models.get().pk]
    rest(good, 60)
    assert len(drawing.eligible(study.pk)) == 2


def test_each_time_in_a_row_the_rest_is_twice_as_long_up_to_a_bound():
    make_models(1)
    provider = Provider.objects.get()
    pauses = []
    for times in range(8):
        Provider.objects.update(open_until=None, open_times=times)
        assert breaker.take_out(provider.pk, "silent")
        provider.refresh_from_db()
        pauses.append(round((provider.open_until - timezone.now()).total_seconds()))
    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900]


def test_many_who_notice_at_once_take_it_out_once():
    make_models(1)
    provider = Provider.objects.get()
    assert sorted(at_once(*[lambda: breaker.take_out(provider.pk, "silent")] * 8)) == [False] * 7 + [True]
    provider.refresh_from_db()
    assert provider.open_times == 1


def test_after_its_rest_a_call_that_succeeds_brings_it_back(fake):
    good, _ = two_providers(fake)
    rest(good, -1, times=3)
    assert checking.check_due() == 1
    good.refresh_from_db()
    assert (good.open_until, good.open_reason, good.open_times) == (None, "", 0)
    check = Check.objects.get(provider=good)
    assert check.failure == ""
    assert check.total_ms > 0


def test_during_its_rest_it_is_left_alone_and_a_call_that_fails_prolongs_it():
    _, bad = two_providers(NOBODY)
    rest(bad, 20)
    assert checking.check_due() == 0
    rest(bad, -1, times=2)
    assert checking.check_due() == 1
    bad.refresh_from_db()
    assert bad.open_reason == "unreachable"
    assert bad.open_times == 3
    assert bad.open_until > timezone.now() + timedelta(seconds=100)


def test_only_one_process_tries_it(fake):
    good, _ = two_providers(fake)
    rest(good, -1)
    assert sorted(at_once(*[checking.check_due] * 4)) == [0, 0, 0, 1]
    assert Check.objects.count() == 1


def test_providers_that_nobody_calls_are_tried_as_often_as_they_say(fake, monkeypatch):
    good, _ = two_providers(fake)
    # The fake provider alone is allowed on this machine; the clock leaves it alone in a demonstration.
    monkeypatch.setattr(Provider, "reach", property(lambda provider: Reach(loopback=True)))
    monkeypatch.setattr("conversations.trial.addresses.check", lambda url: None)
    Provider.objects.filter(pk=good.pk).update(is_fake=False, check_minutes=10)
    assert checking.check_due() == 1
    assert checking.check_due() == 0
    later = timezone.now() + timedelta(minutes=11)
    assert checking.check_due(later) == 1
    Provider.objects.filter(pk=good.pk).update(check_minutes=0)
    assert checking.check_due(later + timedelta(hours=1)) == 0


def test_an_empty_budget_is_no_illness(fake):
    good, _ = two_providers(fake)
    rest(good, -1, reason="over_budget")
    checking.check_due()
    good.refresh_from_db()
    assert good.open_until is None
    assert not Check.objects.exists()


def test_old_checks_go(fake):
    good, _ = two_providers(fake)
    model = LanguageModel.objects.get(provider=good)
    old = timezone.now() - checking.KEPT - timedelta(minutes=1)
    Check.objects.create(provider=good, model=model, made_at=old)
    Check.objects.create(provider=good, model=model)
    checking.check_due()
    assert Check.objects.count() == 1
