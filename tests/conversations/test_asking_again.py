"""Where no model answered, a person asks again: another round, with replacements of its own."""

import httpx2
import pytest

from conversations.fakellm.server import running
from conversations.models import LanguageModel, Provider
from tests.conversations.talking import (
    a_turn,
    address,
    let_models_answer,
    make_speakers,
    page,
    post,
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
    """The models that fail so many times begin to count again."""
    httpx2.delete(f"{fake.removesuffix('/v1')}/calls")


def test_when_no_answer_arrives_the_page_says_so_and_asking_again_works(fake):
    client, talk, turn = a_turn(fake, "aurora-7b;fail=500;times=1", "cirrus-mini;fail=empty;times=1")
    let_models_answer(turn)
    html = page(client, talk)
    assert "No answer arrived." in html
    assert address(talk, "again") in html
    assert post(client, talk, "say", text="Something else").status_code == 409
    assert post(client, talk, "again").status_code == 302
    assert post(client, talk, "again").status_code == 302
    assert turn.responses.count() == 4
    let_models_answer(turn)
    assert {r.state for r in turn.responses.shown()} == {"done"}
    assert rate(client, talk, turn).status_code == 302
    assert post(client, talk, "again").status_code == 409


def test_asking_again_when_every_model_is_off_says_so(fake):
    client, talk, turn = a_turn(fake, "aurora-7b;fail=500;times=1")
    let_models_answer(turn)
    Provider.objects.update(is_on=False)
    refused = post(client, talk, "again")
    assert refused.status_code == 409
    assert "No model can answer at the moment." in refused.content.decode()
    Provider.objects.update(is_on=True)
    assert post(client, talk, "again").status_code == 302
    let_models_answer(turn)
    assert turn.responses.shown().get().state == "done"


def test_asking_again_in_a_later_turn_asks_the_winner(fake):
    client, talk, turn = a_turn(fake, "aurora-7b", opening__replacements=0)
    let_models_answer(turn)
    rate(client, talk, turn)
    LanguageModel.objects.update(identifier="aurora-7b;fail=500;times=2")
    second = say(client, talk, "And now?")
    let_models_answer(second)
    assert "No answer arrived." in page(client, talk)
    post(client, talk, "again")
    let_models_answer(second)
    assert states(second)[1::2] == [("A", "done", False), ("B", "done", False)]
    assert {r.model_id for r in second.responses.all()} == {turn.choice.response.model_id}


def test_asking_again_counts_replacements_anew(fake):
    """All three models fail in the first round; then one works, and is drawn as a replacement."""
    client, talk, turn = a_turn(fake, "aurora-7b;fail=500", opening__replacements=2)
    make_speakers(talk.study, fake, "ember-pro;fail=500", "fjord-lite;fail=500")
    let_models_answer(turn)
    assert [r.round for r in turn.responses.all()] == [0, 0, 0]
    post(client, talk, "again")
    first = turn.responses.shown().get().model_id
    working = LanguageModel.objects.exclude(pk=first).order_by("pk")[0]
    LanguageModel.objects.filter(pk=working.pk).update(identifier="cirrus-mini")
    let_models_answer(turn)
    second = list(turn.responses.filter(round=1).order_by("depth"))
    assert (second[-1].state, second[-1].model_id) == ("done", working.pk)
    assert second[0].model_id == first
    assert [r.depth for r in turn.responses.order_by("depth")] == list(range(3 + len(second)))
    assert rate(client, talk, turn).status_code == 302


def test_every_round_ends_where_the_protocol_says(fake):
    client, talk, turn = a_turn(fake, "aurora-7b;fail=500", opening__replacements=1)
    make_speakers(talk.study, fake, *[f"{name};fail=500" for name in ("ember-pro", "fjord-lite")])
    for round_ in range(3):
        let_models_answer(turn)
        found = turn.responses.filter(round=round_).order_by("depth")
        assert [r.depth for r in found] == [2 * round_, 2 * round_ + 1]
        assert len({r.model_id for r in found}) == 2
        assert post(client, talk, "again").status_code == 302


def test_asking_again_in_a_later_turn_counts_replacements_anew(fake):
    client, talk, turn = a_turn(fake, "aurora-7b", opening__replacements=1, continuation__samples=1)
    let_models_answer(turn)
    rate(client, talk, turn)
    LanguageModel.objects.update(identifier="aurora-7b;fail=500;times=3")
    second = say(client, talk, "And now?")
    let_models_answer(second)
    assert states(second) == [("A", "failed", True), ("A", "failed", False)]
    post(client, talk, "again")
    let_models_answer(second)
    assert states(second)[2:] == [("A", "failed", True), ("A", "done", False)]
    assert [r.run for r in second.responses.order_by("depth")] == [1, 101, 201, 301]
