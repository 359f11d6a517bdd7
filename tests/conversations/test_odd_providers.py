"""What a provider should not send costs one answer at most, and never another one."""

import time
from decimal import Decimal

import pytest

from conversations.fakellm.server import running
from conversations.live import answering
from conversations.models import LanguageModel
from tests.conversations.scripted import Reply, scripted
from tests.conversations.talking import a_response, a_turn, let_models_answer, make_speakers, states

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def fake():
    with running() as url:
        yield url


@pytest.mark.parametrize(
    ("content", "stored"),
    [("a\x00b", "ab"), ("half \ud83d of it", "half ? of it"), ("😀 é \u2028", "😀 é \u2028")],
)
def test_characters_that_cannot_be_stored_are_left_out(content, stored):
    def reply(one: Reply) -> None:
        one.start()
        one.chunk(content)
        one.end()

    with scripted(reply) as url:
        response = a_response(url, "any")
        answering.answer(response.pk)
    response.refresh_from_db()
    assert (response.state, response.text) == ("done", stored)


@pytest.mark.parametrize(
    ("content", "more"),
    [(5, {}), ({"a": 1}, {}), ([], {"usage": [1]}), ("x", {"choices": {}}), ("x", {"choices": ["y"]})],
)
def test_content_that_is_no_text_is_garbage(content, more):
    def reply(one: Reply) -> None:
        one.start()
        one.chunk(content, **more)

    with scripted(reply) as url:
        response = a_response(url, "any")
        answering.answer(response.pk)
    response.refresh_from_db()
    assert response.state == "failed"
    assert response.failure in {"garbage", "cut"}


@pytest.mark.parametrize(
    "line",
    ["data: " + "[" * 100_000, "data: nothing", 'data: {"error": {"message": "secret"}}', "data: null"],
)
def test_lines_that_are_no_events_are_a_failure_and_nothing_more(line):
    def reply(one: Reply) -> None:
        one.start()
        one.line(line)

    with scripted(reply) as url:
        response = a_response(url, "any")
        answering.answer(response.pk)
    response.refresh_from_db()
    assert response.state == "failed"
    assert response.failure in {"garbage", "server_error"}
    assert "secret" not in response.attempts.get().detail


def test_odd_figures_at_the_end_do_not_lose_the_answer():
    def reply(one: Reply) -> None:
        one.start()
        one.chunk("All of it.")
        one.end(
            finish_reason="because " * 20, usage={"prompt_tokens": "many", "completion_tokens": -(10**20)}
        )

    with scripted(reply) as url:
        response = a_response(url, "any")
        answering.answer(response.pk)
    response.refresh_from_db()
    assert (response.state, response.text) == ("done", "All of it.")
    assert (response.tokens_in, response.tokens_out, len(response.finish_reason)) == (None, None, 30)


@pytest.mark.parametrize("base_url", ["http://[broken/v1", "no address", "http://127.0.0.1:99999/v1"])
def test_an_impossible_address_is_a_failure_like_any_other(fake, base_url):
    _, talk, turn = a_turn(base_url, "any")
    make_speakers(talk.study, fake, "cirrus-mini")
    let_models_answer(turn)
    assert states(turn) == [("A", "failed", True), ("A", "done", False)]


def test_parameters_without_a_usable_limit_still_make_a_call(fake):
    response = a_response(fake, "aurora-7b")
    LanguageModel.objects.update(parameters={"max_tokens": None})
    answering.answer(response.pk)
    response.refresh_from_db()
    assert response.state == "done"
    assert response.attempts.get().reserved_cost > Decimal("0.04")


def test_an_answer_beside_a_broken_one_streams_on():
    """Both run in the same process and turn; the half character goes out first."""

    def reply(one: Reply) -> None:
        one.start()
        if one.body["model"] == "broken":
            one.chunk("\udc00 half")
            one.line("data: {")
        else:
            time.sleep(0.3)
            for word in ["This", "one", "is", "whole"]:
                one.chunk(f"{word} ")
                time.sleep(0.05)
            one.end()

    with scripted(reply) as url:
        _, _, turn = a_turn(url, "broken", "whole")
        let_models_answer(turn)
    found = {r.model.identifier: (r.state, r.text) for r in turn.responses.all()}
    assert found == {"broken": ("failed", "? half"), "whole": ("done", "This one is whole ")}
