"""Providers that do not stop, or ask for more money than there is: nobody waits for ever."""

import time

import pytest

from conversations import trial
from conversations.live import answering, claiming
from conversations.models import LanguageModel
from tests.conversations.scripted import Reply, scripted
from tests.conversations.talking import a_response
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_answer_without_end_is_cut_and_what_fits_is_kept(monkeypatch):
    monkeypatch.setattr(answering, "MOST_CHARACTERS", 1000)

    def reply(one: Reply) -> None:
        one.start()
        for _ in range(500):
            one.chunk("and so on ")
        one.end()

    with scripted(reply) as url:
        response = a_response(url, "any")
        answering.answer(response.pk)
    response.refresh_from_db()
    assert (response.state, response.failure) == ("failed", "endless")
    assert response.text == "and so on " * 100


def test_figures_beyond_all_measure_are_stored_as_the_most_that_fits():
    def reply(one: Reply) -> None:
        one.start()
        one.chunk("Dear.")
        one.end(usage={"prompt_tokens": 2**31 - 1, "completion_tokens": 2**31 - 1})

    with scripted(reply) as url:
        response = a_response(url, "any")
        LanguageModel.objects.update(price_in="999999", price_out="999999", parameters={"max_tokens": 10**15})
        answering.answer(response.pk)
    response.refresh_from_db()
    assert (response.state, response.text) == ("done", "Dear.")
    assert response.cost == response.attempts.get().reserved_cost == claiming.MOST_COST


def test_a_limit_below_nothing_reserves_no_negative_cost():
    def reply(one: Reply) -> None:
        one.start()
        one.chunk("Fine.")
        one.end()

    with scripted(reply) as url:
        response = a_response(url, "any")
        LanguageModel.objects.update(parameters={"max_tokens": -(10**9)})
        answering.answer(response.pk)
    attempt = response.attempts.get()
    assert (attempt.reserved_cost, attempt.reserved_tokens) == (0, 0)


def test_signs_of_life_without_a_word_do_not_keep_a_trial_waiting(monkeypatch):
    monkeypatch.setattr(trial, "SECONDS", 0.3)

    def reply(one: Reply) -> None:
        one.start()
        for _ in range(100):
            one.line(": still here")
            time.sleep(0.02)
        one.chunk("At last.")
        one.end()

    with scripted(reply) as url:
        model = a_response(url, "any").model
        found = trial.try_model(model, make_user())
    assert (found.failure, found.text) == ("silent", "")
