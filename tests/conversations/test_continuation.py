"""Which models answer a later message, and what each of them is told of the conversation so far."""

from collections import defaultdict

import pytest

from conversations.lots import repeated
from conversations.models import Choice, LanguageModel, PoolEntry, Response
from tests.conversations.scripted import Reply, scripted
from tests.conversations.talking import (
    SERVED,
    answer,
    begin,
    come_in,
    let_models_answer,
    make_speakers,
    make_talk_study,
    page,
    post,
    rate,
    say,
)

pytestmark = pytest.mark.django_db
NAMES = ("anna-1", "bert-2", "carl-3", "dora-4", "emil-5")


def who(turn) -> dict[str, str]:
    """The model of each slot, as its provider calls it."""
    return dict(turn.responses.shown().order_by("slot").values_list("slot", "model__identifier"))


@SERVED
@pytest.mark.parametrize("kind", ["winner", "participant", "all", "beside"])
def test_each_model_gets_the_history_that_is_its_own_or_the_chosen_ones(kind: str):
    """Over real calls: what the provider received is compared with what the person saw."""
    continuation = {
        "winner": {"who": "winner", "samples": 2},
        "participant": {"who": "participant", "samples": 1},
        "all": {"who": "all"},
        "beside": {"who": "winner", "models": 3},
    }[kind]
    heard: dict[str, list] = defaultdict(list)

    def reply(call: Reply) -> None:
        name, messages = call.body["model"], call.body["messages"]
        heard[name].append(messages)
        call.start()
        call.chunk(f"{name} says {len(messages)}")
        call.end()

    with scripted(reply) as url:
        study = make_talk_study(models=0, opening__models=3, continuation=continuation)
        make_speakers(study, url, *NAMES)
        client = come_in(study)
        talk = begin(client, study)
        first = say(client, talk, "First?")
        let_models_answer(first)
        rate(client, talk, first, 20, 90, 50)
        opened = who(first)
        chosen = "C" if kind == "participant" else "B"
        if kind == "participant":
            assert post(client, talk, "choose", slot="C").status_code == 302
        heard.clear()
        second = say(client, talk, "Second?")
        let_models_answer(second)
    later = who(second)
    if kind == "all":
        assert later == opened
    else:
        assert len(later) == {"winner": 2, "participant": 1, "beside": 3}[kind]
        assert opened[chosen] in later.values()
    for name, histories in heard.items():
        said_before = name if kind == "all" else opened[chosen]
        for history in histories:
            assert history == [
                {"role": "user", "content": "First?"},
                {"role": "assistant", "content": f"{said_before} says 1"},
                {"role": "user", "content": "Second?"},
            ]
    assert sorted(heard) == sorted(set(later.values()))


def test_all_models_go_on_in_their_slots_whoever_was_rated_best_and_a_silent_one_stays_out():
    study = make_talk_study(models=4, opening__models=3, continuation={"who": "all"})
    client = come_in(study)
    talk = begin(client, study)
    first = say(client, talk)
    answer(first)
    rate(client, talk, first, 50, 80, 80)
    assert not Choice.objects.exists()  # two are best, and neither needs to win
    html = page(client, talk)
    assert 'id="text"' in html
    assert html.count("The answer in slot") == 3
    second = say(client, talk, "Go on")
    assert who(second) == who(first)
    assert not second.draws.exists()
    answer(second)
    Response.objects.filter(turn=second, slot="A").update(state="failed", text="", failure="silent")
    post(client, talk, "rate", turn=1, **{"score-B": 7, "score-C": 9})
    assert second.choice.response.slot == "C"
    third = say(client, talk, "And on")
    assert list(who(third)) == ["B", "C"]
    assert "rated highest" in page(client, talk)
    Response.objects.filter(turn=third).update(state="failed", failure="silent")
    assert post(client, talk, "again", form_key="k").status_code == 302
    assert who(third) == {slot: model for slot, model in who(first).items() if slot != "A"}


def test_the_participant_goes_on_with_any_answer_whatever_its_score():
    study = make_talk_study(models=3, opening__models=3, continuation={"who": "participant", "samples": 1})
    client = come_in(study)
    talk = begin(client, study)
    first = say(client, talk)
    answer(first)
    rate(client, talk, first, 90, 10, 90)
    html = page(client, talk)
    assert "It need not be the one you liked best." in html
    assert html.count('name="slot"') == 3
    assert post(client, talk, "choose", slot="Z").status_code == 409
    assert post(client, talk, "choose", slot="B").status_code == 302
    assert (first.choice.response.slot, first.choice.rule, first.choice.tied) == (
        "B",
        "continuation",
        ["A", "C"],
    )
    second = say(client, talk, "Go on")
    assert list(who(second).values()) == [who(first)["B"]]
    answer(second)
    rate(client, talk, second, 30)
    assert second.choice.rule == "only"  # with one answer there is nothing to choose
    assert "with which you went on" in page(client, talk)


def spoken_to(client, talk, number: int):
    """A message whose last answer is liked best."""
    turn = say(client, talk, f"Message {number}")
    count = len(answer(turn))
    rate(client, talk, turn, *[50] * (count - 1), 60)
    return turn


def test_others_drawn_beside_the_winner_are_recorded_in_shuffled_slots_and_kept_apart():
    study = make_talk_study(
        models=5,
        opening__models=2,
        opening__sampling={"rule": "uniform", "apart": []},
        continuation={"who": "winner", "models": 3},
    )
    client = come_in(study)
    talk = begin(client, study)
    before, places = spoken_to(client, talk, 0), set()
    for number in range(1, 8):
        turn = spoken_to(client, talk, number)
        draw, winner = turn.draws.get(), before.choice.response.model_id
        assert draw.rule["mode"] == "beside"
        assert len(set(draw.drawn)) == 3
        assert [r.model_id for r in turn.responses.order_by("slot")] == draw.drawn
        lot = repeated(draw.rule, draw.pool, draw.seed)
        assert (lot.drawn, lot.pool) == (draw.drawn, draw.pool)
        odds = {entry["model"]: entry["inclusion"] for entry in draw.pool}
        assert odds.pop(winner) == 1
        assert set(odds.values()) == {0.5}
        places.add(draw.drawn.index(winner))
        before = turn
    assert len(places) > 1  # or the slot would tell who answered before
    PoolEntry.objects.filter(study=study).exclude(model=before.choice.response.model).update(is_on=False)
    last = say(client, talk, "Alone?")
    assert [r.model for r in last.responses.all()] == [before.choice.response.model]


def test_a_model_that_must_not_meet_the_winner_is_not_drawn_beside_it():
    study = make_talk_study(models=3, opening__models=1, continuation={"who": "winner", "models": 3})
    names = list(LanguageModel.objects.filter(pools__study=study).values_list("name", flat=True))
    protocol = study.protocols.get()
    pairs = [[names[0], names[1]], [names[0], names[2]]]
    protocol.document = protocol.document.replace("rule: exposure", f"rule: exposure\n    apart: {pairs}")
    protocol.save()
    client = come_in(study)
    talk = begin(client, study)
    PoolEntry.objects.filter(study=study).exclude(model__name=names[0]).update(is_on=False)
    first = say(client, talk)
    PoolEntry.objects.filter(study=study).update(is_on=True)
    answer(first)
    rate(client, talk, first, 50)
    second = say(client, talk, "Go on")
    assert list(second.responses.values_list("model__name", flat=True)) == [names[0]]
