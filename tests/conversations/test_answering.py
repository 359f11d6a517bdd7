"""One response's life: called, stored, retried, replaced or given up, and never twice."""

import threading
import time
from decimal import Decimal
from functools import partial

import httpx2
import pytest
from django.db import connection
from django.utils import timezone

from conversations.fakellm.server import running
from conversations.live import answering, claiming, publishing, recovery
from conversations.models import Attempt, LanguageModel, Provider, Response
from tests.conversations.scripted import Reply, scripted
from tests.conversations.talking import (
    a_response,
    a_turn,
    at_once,
    begin,
    come_in,
    let_models_answer,
    make_speakers,
    make_talk_study,
    page,
    rate,
    say,
    states,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def fake():
    with running() as url:
        yield url


@pytest.fixture(autouse=True)
def no_calls_before(fake):
    httpx2.delete(f"{fake.removesuffix('/v1')}/calls")


def calls(fake: str) -> list[str]:
    """The models that the provider was asked for, in order."""
    return [call["model"] for call in httpx2.get(f"{fake.removesuffix('/v1')}/calls").json()]


def wait_until(holds, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


# A call that ends well


def test_an_answer_is_stored_with_its_figures_and_one_finished_attempt(fake):
    response = a_response(fake, "aurora-7b")
    answering.answer(response.pk)
    response.refresh_from_db()
    attempt = response.attempts.get()
    assert (response.state, response.finish_reason, response.failure) == ("done", "stop", "")
    assert len(response.text.split()) > 20
    assert response.tokens_in is not None
    assert response.cost == Decimal(2 * response.tokens_in + 10 * response.tokens_out) / 1_000_000
    assert 0 <= response.first_text_ms <= response.total_ms
    assert response.finished_at is not None
    assert (attempt.number, attempt.state, attempt.failure, attempt.text) == (1, "finished", "", "")
    assert attempt.request == {
        "model": "aurora-7b",
        "seed": response.seed,
        "temperature": 1.0,
        "max_tokens": 256,
        "system_sha256": None,  # nothing was told beside the messages
    }
    assert attempt.reserved_cost >= response.cost
    assert attempt.worker == claiming.WORKER


def test_the_model_gets_its_header_the_winners_words_and_the_new_message(fake):
    seen = []

    def reply(one: Reply) -> None:
        seen.append(one.body)
        one.start()
        one.chunk(f"answer {len(seen)}")
        one.end()

    with scripted(reply) as url:
        study = make_talk_study(models=0, opening__models=1, continuation__samples=1)
        make_speakers(
            study, url, "any", header="Be brief.", parameters={"top_p": 0.5, "stream": False, "n": 9}
        )
        client = come_in(study)
        talk = begin(client, study)
        for text in ("First?", "Second?"):
            turn = say(client, talk, text)
            let_models_answer(turn)
            rate(client, talk, turn)
    assert [(m["role"], m["content"]) for m in seen[1]["messages"]] == [
        ("system", "Be brief."),
        ("user", "First?"),
        ("assistant", "answer 1"),
        ("user", "Second?"),
    ]
    assert (seen[1]["top_p"], seen[1]["max_tokens"], seen[1]["stream"]) == (0.5, 256, True)
    assert "n" not in seen[1]


def test_the_attempt_is_committed_before_the_request_is_sent():
    found = []

    def reply(one: Reply) -> None:
        found.extend(Attempt.objects.values_list("state", "response__state", "number"))
        connection.close()
        one.start()
        one.chunk("Yes.")
        one.end()

    with scripted(reply) as url:
        response = a_response(url, "any")
        answering.answer(response.pk)
    assert found == [("started", "streaming", 1)]


def test_the_provider_is_told_which_attempt_it_is():
    seen = []

    def reply(one: Reply) -> None:
        seen.append(one.headers["X-Prism-Attempt"])
        one.start()
        one.chunk("Yes.")
        one.end()

    with scripted(reply) as url:
        response = a_response(url, "any")
        answering.answer(response.pk)
    assert seen == [f"{response.pk}.1"]


def test_no_connection_to_the_database_is_held_while_models_speak():
    """All 24 answers are under way at once; the pool's connections are all at rest."""
    gate = threading.Event()

    def reply(one: Reply) -> None:
        one.start()
        one.chunk("Wait")
        gate.wait(20)
        one.end()

    with scripted(reply) as url:
        turns = [a_turn(url, *["m"] * 8)[2] for _ in range(3)]
        pks = list(Response.objects.values_list("pk", flat=True))
        work = threading.Thread(target=at_once, args=[partial(answering.answer, pk) for pk in pks])
        work.start()
        wait_until(lambda: Response.objects.filter(text="Wait").count() == len(pks) == 24)
        stats = connection.pool.get_stats()
        in_use = stats["pool_size"] - stats["pool_available"]
        gate.set()
        work.join(30)
    assert in_use <= 2  # this test's own, and a checkpoint that may pass by
    assert {state for turn in turns for _, state, _ in states(turn)} == {"done"}


# A model that fails before it showed anything


@pytest.mark.parametrize(
    ("identifier", "kind"),
    [
        ("aurora-7b;fail=500", "server_error"),
        ("no-such-model", "refused"),
        ("aurora-7b;fail=empty", "empty"),
        ("aurora-7b;fail=garbage;after=0", "garbage"),
        ("aurora-7b;fail=cut;after=0", "cut"),
        ("aurora-7b;fail=429;retry=60", "rate_limited"),
    ],
)
def test_a_model_that_fails_before_any_text_is_replaced_by_another_and_both_are_stored(
    fake, identifier, kind
):
    _, talk, turn = a_turn(fake, identifier)
    other = make_speakers(talk.study, fake, "cirrus-mini")[0]
    let_models_answer(turn)
    failed, stands_in = turn.responses.order_by("depth")
    assert (failed.state, failed.failure, failed.is_replaced, failed.text) == ("failed", kind, True, "")
    assert (failed.attempts.get().state, failed.attempts.get().failure) == ("failed", kind)
    assert (stands_in.state, stands_in.model, stands_in.slot) == ("done", other, failed.slot)
    assert (stands_in.replaces, stands_in.depth) == (failed, 1)
    draw = stands_in.draw
    assert draw.is_replacement
    assert (draw.drawn, [entry["model"] for entry in draw.pool]) == ([other.pk], [other.pk])
    assert Response.objects.shown().filter(turn=turn).get() == stands_in


def test_a_provider_that_nobody_answers_at_is_replaced(fake):
    _, talk, turn = a_turn("http://127.0.0.1:9/v1", "gone")
    make_speakers(talk.study, fake, "cirrus-mini")
    let_models_answer(turn)
    assert states(turn) == [("A", "failed", True), ("A", "done", False)]
    assert turn.responses.get(is_replaced=True).failure == "unreachable"


def test_a_model_that_says_nothing_is_given_up_after_the_providers_patience(fake):
    _, talk, turn = a_turn(fake, "aurora-7b;fail=hang")
    Provider.objects.update(silence_seconds=0.3)
    make_speakers(talk.study, fake, "cirrus-mini")
    let_models_answer(turn)
    assert turn.responses.get(is_replaced=True).failure == "silent"
    assert turn.responses.get(is_replaced=False).state == "done"


def test_signs_of_life_without_a_word_do_not_stretch_the_patience(fake):
    def reply(one: Reply) -> None:
        one.start()
        for _ in range(400):
            one.line(": still thinking")
            time.sleep(0.05)

    with scripted(reply) as url:
        response = a_response(url, "any")
        Provider.objects.update(silence_seconds=0.5)
        answering.answer(response.pk)
    response.refresh_from_db()
    assert (response.state, response.failure) == ("failed", "silent")


def test_a_model_that_asks_to_wait_is_tried_again_then_replaced(fake):
    _, talk, turn = a_turn(fake, "aurora-7b;fail=429;retry=0.1", calls={"patience": 0.9})
    make_speakers(talk.study, fake, "cirrus-mini")
    let_models_answer(turn)
    limited = turn.responses.get(is_replaced=True)
    assert [(a.number, a.state, a.failure) for a in limited.attempts.order_by("number")] == [
        (1, "failed", "rate_limited"),
        (2, "failed", "rate_limited"),
    ]
    assert calls(fake) == ["aurora-7b;fail=429;retry=0.1"] * 2 + ["cirrus-mini"]
    assert turn.responses.get(is_replaced=False).state == "done"


def test_a_model_that_asks_to_wait_once_answers_itself(fake):
    response = a_response(fake, "aurora-7b;fail=429;retry=0.1;times=1")
    answering.answer(response.pk)
    response.refresh_from_db()
    assert (response.state, response.attempt) == ("done", 2)
    assert list(response.attempts.order_by("number").values_list("state", flat=True)) == [
        "failed",
        "finished",
    ]


@pytest.mark.parametrize("wait", ["-5", "nan", "soon", ""])
def test_a_request_to_wait_that_makes_no_sense_does_no_harm(wait):
    with scripted(lambda one: one.start(429, retry_after=wait)) as url:
        response = a_response(url, "any", calls={"patience": 0.4})
        answering.answer(response.pk)
    response.refresh_from_db()
    assert (response.state, response.failure) == ("failed", "rate_limited")


def test_replacements_end_where_the_protocol_says(fake):
    _, talk, turn = a_turn(fake, "aurora-7b;fail=500", opening__replacements=2)
    make_speakers(
        talk.study, fake, *[f"{name};fail=500" for name in ("ember-pro", "fjord-lite", "gneiss-duo")]
    )
    let_models_answer(turn)
    assert [r.depth for r in turn.responses.order_by("depth")] == [0, 1, 2]
    assert len({r.model_id for r in turn.responses.all()}) == 3
    assert [r.is_replaced for r in turn.responses.order_by("depth")] == [True, True, False]


def test_in_a_later_turn_the_winner_itself_is_asked_again(fake):
    client, talk, turn = a_turn(fake, "aurora-7b")
    make_speakers(talk.study, fake, "cirrus-mini")
    let_models_answer(turn)
    rate(client, talk, turn)
    LanguageModel.objects.filter(identifier="aurora-7b").update(identifier="aurora-7b;fail=500;times=1")
    second = say(client, talk, "And now?")
    let_models_answer(second)
    assert {r.model_id for r in second.responses.all()} == {turn.choice.response.model_id}
    assert sorted(states(second)) == [("A", "done", False), ("A", "failed", True), ("B", "done", False)] or (
        sorted(states(second)) == [("A", "done", False), ("B", "done", False), ("B", "failed", True)]
    )
    assert not second.draws.exists()


def test_a_model_switched_off_meanwhile_is_replaced_without_a_call(fake):
    _, talk, turn = a_turn(fake, "aurora-7b")
    LanguageModel.objects.update(status="disabled")
    make_speakers(talk.study, fake, "cirrus-mini")
    let_models_answer(turn)
    assert turn.responses.get(is_replaced=True).failure == "switched_off"
    assert calls(fake) == ["cirrus-mini"]


def test_a_model_over_its_daily_limit_is_replaced_without_a_call(fake):
    _, talk, turn = a_turn(fake, "aurora-7b")
    LanguageModel.objects.update(daily_limit=1)
    spent = a_response(fake, "delta-chat-13b")
    Attempt.objects.create(response=spent, number=9, started_at=timezone.now())
    Response.objects.filter(pk=spent.pk).update(model=turn.responses.get().model)
    make_speakers(talk.study, fake, "cirrus-mini")
    let_models_answer(turn)
    assert turn.responses.get(is_replaced=True).failure == "switched_off"
    assert calls(fake) == ["cirrus-mini"]


def test_an_answer_at_its_greatest_length_is_flagged_shown_and_not_asked_again(fake):
    client, talk, turn = a_turn(fake, "aurora-7b;fail=length;after=9", "cirrus-mini")
    let_models_answer(turn)
    cut = turn.responses.get(model__identifier__contains="length")
    assert (cut.state, cut.finish_reason, cut.failure, cut.attempt) == ("done", "length", "", 1)
    assert (cut.is_truncated, cut.is_whole, len(cut.text.split())) == (True, False, 9)
    assert not turn.responses.exclude(pk=cut.pk).get().is_truncated
    assert page(client, talk).count("This answer reached its greatest length.") == 1
    assert rate(client, talk, turn).status_code == 302


# A model that fails after text was shown


def test_an_answer_cut_after_text_is_kept_and_marked_without_another_call(fake):
    client, talk, turn = a_turn(fake, "aurora-7b;fail=cut;after=10", "cirrus-mini")
    make_speakers(talk.study, fake, "ember-pro")
    let_models_answer(turn)
    cut = turn.responses.get(model__identifier__contains="cut")
    assert (cut.state, cut.failure, cut.is_replaced, cut.attempt) == ("failed", "cut", False, 1)
    assert len(cut.text.split()) == 10
    assert (cut.attempts.get().state, cut.attempts.get().text) == ("failed", cut.text)
    assert len(calls(fake)) == 2
    html = page(client, talk)
    assert "This answer stopped before its end." in html
    assert rate(client, talk, turn).status_code == 302
    assert cut.rating.score is not None


def test_an_answer_that_falls_silent_after_text_is_kept(fake):
    response = a_response(fake, "aurora-7b;fail=hang;after=6")
    Provider.objects.update(silence_seconds=0.3)
    answering.answer(response.pk)
    response.refresh_from_db()
    assert (response.state, response.failure, len(response.text.split())) == ("failed", "silent", 6)


def test_one_failing_model_never_harms_the_others(fake):
    faults = ["fail=500", "fail=cut;after=3", "fail=garbage;after=2", "fail=empty", "fail=429;retry=60"]
    _, _, turn = a_turn(fake, "aurora-7b", *[f"cirrus-mini;{fault}" for fault in faults], "ember-pro")
    let_models_answer(turn)
    good = turn.responses.filter(model__identifier__in=["aurora-7b", "ember-pro"])
    assert {(r.state, r.failure) for r in good} == {("done", "")}
    bad = turn.responses.exclude(pk__in=good)
    assert {r.state for r in bad} == {"failed"}
    assert len(set(bad.values_list("failure", flat=True))) == 5


# Never twice


def test_an_answer_that_is_there_is_not_asked_for_again(fake):
    response = a_response(fake, "aurora-7b")
    for _ in range(3):
        answering.answer(response.pk)
    assert calls(fake) == ["aurora-7b"]
    assert response.attempts.count() == 1


def test_two_workers_at_once_make_one_call(fake):
    response = a_response(fake, "aurora-7b")
    assert at_once(*[partial(answering.answer, response.pk)] * 6) == [None] * 6
    assert calls(fake) == ["aurora-7b"]
    assert response.attempts.count() == 1


def test_a_response_that_is_not_there_is_nothing_to_do(fake):
    answering.answer(999_999_999)
    assert calls(fake) == []


def test_the_late_result_of_an_attempt_that_was_taken_over_is_dropped(settings):
    """The first worker falls silent, the sweep takes the response from it, a second attempt answers."""
    gate, asked = threading.Event(), []

    def reply(one: Reply) -> None:
        asked.append(one.headers["X-Prism-Attempt"])
        number = len(asked)
        one.start()
        one.chunk(f"Words of attempt {number}")
        if number == 1:
            gate.wait(20)
            one.chunk(" that come late")
        one.end()

    with scripted(reply) as url:
        response = a_response(url, "any")
        first = threading.Thread(target=at_once, args=[partial(answering.answer, response.pk)])
        first.start()
        wait_until(lambda: Response.objects.filter(pk=response.pk, text__contains="attempt 1").exists())
        Response.objects.filter(pk=response.pk).update(
            lease_at=timezone.now() - timezone.timedelta(seconds=settings.LIVE_LEASE_SECONDS + 1)
        )
        assert recovery.sweep()[0] == 1
        answering.answer(response.pk)
        gate.set()
        first.join(20)
        assert not first.is_alive()
    response.refresh_from_db()
    assert (response.state, response.text, response.attempt) == ("done", "Words of attempt 2", 2)
    lost, finished = response.attempts.order_by("number")
    assert (lost.state, lost.failure, lost.text) == ("lost", "worker_lost", "Words of attempt 1")
    assert (finished.state, len(asked)) == ("finished", 2)


def test_after_every_answer_the_worker_renews_no_lease_of_it(fake):
    _, _, turn = a_turn(fake, "aurora-7b", "cirrus-mini;fail=500", "ember-pro;fail=cut;after=2")
    let_models_answer(turn)
    assert publishing.publisher().live == set()
