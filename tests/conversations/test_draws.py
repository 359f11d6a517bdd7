"""Every draw of models is stored so that anybody can check it: pool, weights, odds, seed and result."""

import numpy as np
import pytest
from django.urls import reverse

from conversations import drawing, sampling
from conversations.lots import repeated
from conversations.models import Draw, LanguageModel, PoolEntry, Provider
from conversations.models import Turn as TurnRow
from conversations.stage import gap
from conversations.studies import load_protocol
from surveys.models.people import Role
from tests.conversations.talking import (
    answer,
    begin,
    come_in,
    enrolment_of,
    exchange,
    make_talk_study,
    post,
    rate,
    rules,
    say,
)
from tests.factories import make_member, make_models

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_talk_study(models=7)


def drawn_turn(study) -> TurnRow:
    client = come_in(study)
    return say(client, begin(client, study))


def check(draw: Draw) -> None:
    """The stored draw repeats from its own row."""
    weights = [entry["weight"] for entry in draw.pool]
    rule, k = draw.rule, draw.rule["k"]
    a = rule["a"] if rule["rule"] == "exposure" else 0
    exposures = [entry["exposure"] for entry in draw.pool]
    np.testing.assert_allclose(weights, sampling.exposure_weights(exposures, a=a, s=rule["s"]))
    odds = [entry["inclusion"] for entry in draw.pool]
    np.testing.assert_allclose(odds, sampling.inclusion_probabilities(weights, k), atol=1e-8)
    assert all(probability > 0 for probability in odds)
    positions = sampling.draw(weights, k, draw.seed)
    assert draw.drawn == [draw.pool[position]["model"] for position in positions]


def check_again(draw: Draw) -> None:
    """The same for every rule: pool, odds, rule and result come out again."""
    lot = repeated(draw.rule, draw.pool, draw.seed)
    assert (lot.drawn, lot.pool, lot.rule) == (draw.drawn, draw.pool, draw.rule)
    assert sum(entry["inclusion"] for entry in draw.pool) == pytest.approx(draw.rule["k"], abs=1e-6)


def test_a_first_message_is_drawn_for_without_replacement_in_a_recorded_random_order(study):
    turn = drawn_turn(study)
    draw = turn.draws.get()
    responses = list(turn.responses.order_by("slot"))
    assert [response.slot for response in responses] == list("ABCD")
    assert [response.model_id for response in responses] == draw.drawn
    assert len(set(draw.drawn)) == 4
    assert {response.draw for response in responses} == {draw}
    assert (draw.is_replacement, draw.rule) == (False, {"rule": "exposure", "a": 1.0, "s": 4.0, "k": 4})
    assert [entry["model"] for entry in draw.pool] == sorted(
        PoolEntry.objects.filter(study=study).values_list("model_id", flat=True)
    )


def test_every_stored_draw_repeats_from_its_row_and_weights_fall_with_exposure(study):
    seeds = set()
    for person in range(6):
        draw = drawn_turn(study).draws.get()
        check(draw)
        seeds.add(draw.seed)
        assert sum(entry["exposure"] for entry in draw.pool) == 4 * person
    by_exposure = sorted(draw.pool, key=lambda entry: entry["exposure"])
    assert by_exposure[0]["exposure"] < by_exposure[-1]["exposure"]
    assert by_exposure[0]["weight"] > by_exposure[-1]["weight"]
    assert by_exposure[0]["inclusion"] > by_exposure[-1]["inclusion"]
    assert len(seeds) == 6


def test_with_the_uniform_rule_all_weigh_alike():
    study = make_talk_study(models=5, opening__sampling={"rule": "uniform", "a": 3, "s": 1})
    drawn_turn(study)
    draw = drawn_turn(study).draws.get()
    check(draw)
    assert {entry["weight"] for entry in draw.pool} == {1.0}
    assert {entry["inclusion"] for entry in draw.pool} == {0.8}


def test_test_rows_and_counted_rows_do_not_see_each_others_exposure(study):
    for _ in range(3):
        drawn_turn(study)
    client = come_in(study)
    enrolment = enrolment_of(client, study)
    enrolment.is_test = True
    enrolment.save()
    tested = say(client, begin(client, study)).draws.get()
    assert {entry["exposure"] for entry in tested.pool} == {0}
    counted = drawn_turn(study).draws.get()
    assert sum(entry["exposure"] for entry in counted.pool) == 12


def test_exposure_is_that_of_the_study_and_of_first_messages(study):
    other = make_talk_study(models=0)
    for entry in PoolEntry.objects.filter(study=study):
        PoolEntry.objects.create(study=other, model=entry.model)
    client = come_in(study)
    talk = begin(client, study)
    exchange(client, talk)
    say(client, talk, "And more?")
    assert {entry["exposure"] for entry in drawn_turn(other).draws.get().pool} == {0}
    assert sum(entry["exposure"] for entry in drawn_turn(study).draws.get().pool) == 4


def test_a_pool_smaller_than_the_protocol_asks_for_gives_all_it_has():
    turn = drawn_turn(make_talk_study(models=2))
    assert turn.responses.count() == 2
    assert turn.draws.get().rule["k"] == 2
    assert [entry["inclusion"] for entry in turn.draws.get().pool] == [1.0, 1.0]


def test_only_models_that_are_on_in_every_way_are_drawn(study):
    models = list(LanguageModel.objects.order_by("pk"))
    models[0].status = "disabled"
    models[1].status = "archived"
    models[0].save()
    models[1].save()
    PoolEntry.objects.filter(model=models[2]).update(is_on=False)
    off = Provider.objects.create(name="Off", base_url="http://127.0.0.1:1/v1", is_on=False, is_fake=True)
    LanguageModel.objects.filter(pk=models[3].pk).update(provider=off)
    assert drawing.eligible(study.pk) == [model.pk for model in models[4:]]


def test_models_of_the_fake_provider_step_back_for_a_real_one(study):
    real = Provider.objects.create(name="Real", base_url="http://127.0.0.1:1/v1")
    model = make_models(1, study)[0]
    LanguageModel.objects.filter(pk=model.pk).update(provider=real)
    assert drawing.eligible(study.pk) == [model.pk]


def test_a_replacement_is_drawn_among_models_that_were_not_tried(study):
    turn = drawn_turn(study)
    protocol = turn.conversation.protocol.parsed()
    tried = set(turn.responses.values_list("model_id", flat=True))
    for depth in (1, 2, 3):
        response = turn.responses.get(slot="B", is_replaced=False)
        turn.responses.filter(pk=response.pk).update(state="failed", is_replaced=True)
        fresh = drawing.replacement_for(response, turn, protocol)
        assert fresh is not None
        fresh.save()
        assert fresh.model_id not in tried
        tried.add(fresh.model_id)
        draw = fresh.draw
        check(draw)
        assert (draw.is_replacement, draw.rule["k"], fresh.depth, fresh.slot) == (True, 1, depth, "B")
        assert len(draw.pool) == 4 - depth
        assert sum(entry["inclusion"] for entry in draw.pool) == pytest.approx(1)
    assert drawing.replacement_for(fresh, turn, protocol) is None
    assert turn.draws.count() == 4


def test_when_every_model_was_tried_there_is_no_replacement():
    turn = drawn_turn(make_talk_study(models=4))
    response = turn.responses.get(slot="A")
    assert drawing.replacement_for(response, turn, turn.conversation.protocol.parsed()) is None
    assert turn.draws.count() == 1


def test_a_later_turn_draws_nothing_and_its_replacement_is_the_winner_again(study):
    client = come_in(study)
    talk = begin(client, study)
    first = say(client, talk)
    answer(first)
    rate(client, talk, first)
    second = say(client, talk, "More?")
    response = second.responses.get(slot="A")
    fresh = drawing.replacement_for(response, second, talk.protocol.parsed())
    assert fresh is not None
    assert (fresh.model_id, fresh.draw, fresh.depth) == (first.choice.response.model_id, None, 1)
    assert not second.draws.exists()


def test_the_least_rule_shows_every_model_before_it_shows_one_twice():
    study = make_talk_study(models=8, opening__sampling={"rule": "least"})
    first, second = (drawn_turn(study).draws.get() for _ in range(2))
    assert not set(first.drawn) & set(second.drawn)
    assert {entry["inclusion"] for entry in first.pool} == {0.5}
    assert {entry["inclusion"] for entry in second.pool} == {0.0, 1.0}
    for draw in (first, second, drawn_turn(study).draws.get()):
        check_again(draw)


def kept_apart(models: int, pairs: list[tuple[int, int]], **changes):
    """A study whose protocol keeps models apart, by their place in the order of names, and their ids."""
    study = make_talk_study(models=models, **changes)
    pool = list(LanguageModel.objects.filter(pools__study=study).order_by("pk"))
    names = [[pool[one].name, pool[other].name] for one, other in pairs]
    load_protocol(study, rules(**changes, opening__sampling={"rule": "uniform", "apart": names}))
    return study, [model.pk for model in pool]


def test_pairs_that_are_kept_apart_never_open_a_conversation_together():
    study, ids = kept_apart(5, [(0, 1), (2, 3)], opening__models=2)
    turn = drawn_turn(study)
    for _ in range(24):
        drawing.open_turn(turn, turn.conversation.protocol.parsed())
    assert turn.draws.count() == 25
    for draw in turn.draws.all():
        assert set(draw.drawn) not in ({ids[0], ids[1]}, {ids[2], ids[3]})
        assert draw.rule["apart"] == [[ids[0], ids[1]], [ids[2], ids[3]]]
        check_again(draw)


def test_a_replacement_does_not_stand_beside_one_that_it_is_kept_apart_from():
    study, ids = kept_apart(4, [(0, 1), (0, 2)], opening__models=2)
    turn = drawn_turn(study)
    assert set(turn.draws.get().drawn) != {ids[0], ids[1]}
    stays, fails = turn.responses.order_by("slot")
    for stayed, failed, allowed in [(0, 3, set()), (1, 3, {2}), (2, 1, {3})]:
        turn.responses.filter(pk=stays.pk).update(model_id=ids[stayed])
        turn.responses.filter(pk=fails.pk).update(model_id=ids[failed], is_replaced=True)
        fails.refresh_from_db()
        found = drawing.replacement_for(fails, turn, turn.conversation.protocol.parsed())
        assert {found.model_id if found else None} == ({ids[model] for model in allowed} or {None})
        again = drawing.ask_other(turn, fails, turn.conversation.protocol.parsed())[0]
        assert again.model_id in ({ids[model] for model in allowed} or {ids[failed]})


def test_a_pool_that_cannot_be_drawn_apart_says_so_before_opening_and_keeps_the_message():
    study, _ = kept_apart(2, [(0, 1)], opening__models=2)
    assert "kept apart from each other" in gap(study)
    person = come_in(study)
    talk = begin(person, study)
    answer = post(person, talk, "say", text="Hello", form_key="once")
    assert "No model can answer at the moment" in answer.content.decode()
    assert not Draw.objects.exists()


def test_names_that_nobody_has_are_told_on_the_page_and_before_opening(client):
    study, _ = kept_apart(4, [])
    sampling = {"rule": "least", "apart": [["maker/nobody", "maker/no-one"]]}
    load_protocol(study, rules(opening__sampling=sampling))
    client.force_login(make_member(study, Role.COORDINATOR))
    html = client.get(reverse("registry:protocol", args=[study.slug])).content.decode()
    told = "models apart that are not in the registry: maker/no-one, maker/nobody."
    assert told in html
    assert "those drawn least so far" in html
    assert "maker/nobody + maker/no-one" in html
    assert told in gap(study)
