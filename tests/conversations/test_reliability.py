"""Hidden repeats and common messages: drawn, shown, stored, counted, never a conversation of their own."""

import random

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations import repeats
from conversations.bots.journal import Journal, SentTurn, compare
from conversations.bots.judging import Judge
from conversations.bots.pages import read
from conversations.bots.people import Person
from conversations.models import Conversation, Opening, Rating, Repeat, RepeatRating
from conversations.protocols.reliability import Repeats
from conversations.reliability_figures import agreement, given_messages
from surveys import erasure
from tests.conversations.talking import (
    SERVED,
    answer,
    at_once,
    begin,
    come_in,
    enrolment_of,
    make_talk_study,
    overview,
    page,
    post,
    rate,
    reach_feedback,
    rules,
    say,
    typed_text,
)
from tests.conversations.test_protocols import refusal

pytestmark = pytest.mark.django_db
ONE_TYPE = [{"key": "unguided", "label": "Anything", "text": "Talk.", "required": 2}]
TAX = {"key": "tax", "type": "unguided", "texts": {"en": "Is it fair to tax wealth?", "fr": "Est-ce juste ?"}}
TREE = {"key": "tree", "type": "values guided", "texts": {"en": "Write a poem about a tree."}}


def end(client: Client, study) -> Conversation:
    talk = reach_feedback(client, study)
    assert post(client, talk, "feedback", open_feedback="Fair enough").status_code == 302
    return talk


def second(study) -> str:
    return reverse("conversations:second_rating", args=[study.slug])


def repeated(**changes):
    """Somebody who is asked to rate an opening once more, after one conversation of two."""
    study = make_talk_study(types=ONE_TYPE, turns__minimum=1, repeats={"chance": 1, "most": 1}, **changes)
    person = come_in(study)
    return study, person, end(person, study)


def test_an_opening_is_rated_twice_in_another_order_and_nothing_else_changes():
    study, person, talk = repeated()
    assert person.get(overview(study))["Location"] == second(study)
    repeat = Repeat.objects.get()
    assert (repeat.after, repeat.turn, repeat.chance) == (talk, talk.turns.get(number=0), 1.0)
    assert repeat.pool == [repeat.turn_id]
    html = person.get(second(study)).content.decode()
    assert "Please rate these answers" in html
    assert not {"repeat", "once more", "second time", "earlier"} & set(html.lower().split())
    first = list(repeat.turn.responses.order_by("slot"))
    shown = repeats.again(repeat)
    assert [r.pk for r in shown] != [r.pk for r in first]
    assert {r.pk for r in shown} == {r.pk for r in first}
    assert [html.index(r.text) for r in shown] == sorted(html.index(r.text) for r in shown)

    missing = person.post(second(study), {"turn": repeat.pk, "score-A": 5})
    assert missing.status_code == 409
    assert "Still to do: B, C, D" in missing.content.decode()
    scores = {f"score-{r.slot}": 10 * place + 1 for place, r in enumerate(shown)}
    for _ in range(2):  # a double click
        assert person.post(second(study), {"turn": repeat.pk, **scores})["Location"] == overview(study)
    stored = RepeatRating.objects.order_by("slot")
    assert [(r.response_id, r.score) for r in stored] == [
        (r.pk, 10 * place + 1) for place, r in enumerate(shown)
    ]
    assert Conversation.objects.count() == 1
    assert Rating.objects.count() == 4
    assert "1 of 2 conversations done" in person.get(overview(study)).content.decode()
    assert person.get(second(study))["Location"] == overview(study)
    end(person, study)  # at most one a person
    assert Repeat.objects.filter(turn__isnull=False).count() == 1
    assert Repeat.objects.get(turn=None).chance == 0.0
    found = agreement(study)
    assert (found.due, found.rated, found.people) == (1, 1, 1)
    mine = person.get(reverse("conversations:my_data", args=[study.slug])).json()
    assert len(mine["second_ratings"][0]["answers"]) == 4


COMPARED = [
    (
        {"kind": "pairwise", "ties": ["both_good"]},
        {"best": "both_good"},
        {"best": "B"},
        [(2, ""), (1, ""), (2, "")],
    ),
    (
        {"kind": "pairwise", "ties": ["both_good"]},
        {"best": "C"},
        {"best": "both_good"},
        [(1, "both_good")] * 3,
    ),
    (
        {"kind": "ranking"},
        {"place-A": 1, "place-B": 2, "place-C": 3},
        {"place-A": 3, "place-B": 2, "place-C": 1},
        [(3, ""), (2, ""), (1, "")],
    ),
]


@pytest.mark.parametrize(("rating", "once", "twice", "stored"), COMPARED, ids=["best", "tie", "ranking"])
def test_a_comparison_is_made_twice_on_its_own_scale(rating, once, twice, stored):
    study = make_talk_study(
        models=3,
        types=ONE_TYPE,
        opening__models=3,
        turns__minimum=1,
        repeats={"chance": 1, "most": 1},
        rating=rating,
        tie="random",
    )
    person = come_in(study)
    talk = begin(person, study)
    answer(say(person, talk))
    assert post(person, talk, "rate", turn=0, **once).status_code == 302
    assert post(person, talk, "finish").status_code == 302
    post(person, talk, "feedback", open_feedback="Fair enough")
    repeat = Repeat.objects.get()
    html = person.get(second(study)).content.decode()
    assert ("data-ranking" in html) == (rating["kind"] == "ranking")
    refused = person.post(second(study), {"turn": repeat.pk, "best": "Z", "place-A": 1, "place-B": 1})
    assert refused.status_code == 409
    assert not RepeatRating.objects.exists()
    assert person.post(second(study), {"turn": repeat.pk, **twice})["Location"] == overview(study)
    again = RepeatRating.objects.order_by("slot")
    assert [(row.rank, row.tie) for row in again] == stored
    assert [row.response_id for row in again] == [response.pk for response in repeats.again(repeat)]
    first = {row.response_id: row.rank for row in Rating.objects.all()}
    best = {pk for pk, rank in first.items() if rank == 1}
    kept = any(row.rank == 1 and row.response_id in best for row in again)
    found = agreement(study)
    assert (found.rated, found.difference, found.same_best.percent) == (1, None, 100.0 * kept)


def test_a_repeat_belongs_to_its_person_and_is_due_before_the_study_ends():
    study, person, _talk = repeated()
    end_of_it = reverse("surveys:study", args=[study.slug])
    assert person.get(end_of_it, follow=True).request["PATH_INFO"] == second(study)
    stranger = come_in(study)
    assert stranger.get(second(study))["Location"] == overview(study)
    stranger.post(second(study), {"turn": Repeat.objects.get().pk, **{f"score-{s}": 1 for s in "ABCD"}})
    assert not RepeatRating.objects.exists()
    other_device = come_in(study, Client(), person=0)
    assert other_device.get(second(study)).status_code == 302
    erasure.erase(enrolment_of(person, study).participant, reason="asked for it")
    assert Repeat.objects.get().turn is not None


def test_scores_of_the_second_time_are_erased_with_the_person():
    study, person, _talk = repeated()
    repeat = Repeat.objects.get()
    person.post(second(study), {"turn": repeat.pk, **{f"score-{s}": 7 for s in "ABCD"}})
    erasure.erase(enrolment_of(person, study).participant, reason="asked for it")
    assert set(RepeatRating.objects.values_list("score", flat=True)) == {None}


@SERVED
def test_a_second_rating_sent_twice_at_once_is_stored_once():
    study, person, _talk = repeated()
    fields = {"turn": Repeat.objects.get().pk, **{f"score-{s}": 50 for s in "ABCD"}}
    windows = [Client(), Client(), Client()]
    for window in windows:
        window.cookies.update(person.cookies)
    answers = at_once(*[lambda one=one: one.post(second(study), fields).status_code for one in windows])
    assert answers == [302] * 3
    assert RepeatRating.objects.count() == 4


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 8), st.integers(1, 8), st.randoms(use_true_random=False))
def test_so_many_repeats_as_set_are_drawn_for_whoever_holds_all_conversations(number, total, dice):
    rules, had = Repeats(number=number), 0
    for ended in range(1, total + 1):
        had += dice.random() < rules.chance_after(ended, total, had)
    assert had == min(number, total)


def test_what_was_revealed_is_not_rated_again():
    message = refusal(rules(repeats={"number": 1}, reveal="at_end"))
    assert "repeats: answers whose models are known" in message


def overlapping(**overlap):
    return make_talk_study(
        turns__minimum=1, overlap={"chance": 1, "messages": [TAX, TREE], **overlap}, opening__models=2
    )


def test_a_common_message_is_given_sent_as_it_is_and_recorded():
    study = overlapping()
    person = come_in(study)
    talk = begin(person, study)
    html = page(person, talk)
    assert typed_text(html) == TAX["texts"]["en"]
    assert "readonly" in html.split("<textarea", 1)[1].split(">", 1)[0]
    turn = say(person, talk, "Something else that was put into the field")
    assert turn.text == TAX["texts"]["en"]
    opening = Opening.objects.get()
    assert (opening.key, opening.pool, opening.chance, opening.language) == ("tax", ["tax"], 1.0, "en")
    answer(turn)
    assert rate(person, talk, turn).status_code == 302
    assert say(person, talk, "My own words now").text == "My own words now"
    [row] = given_messages(study)
    assert (row.key, row.given, row.answered) == ("tax", 1, 0)


def test_chance_decides_a_language_without_a_message_has_none_and_nobody_gets_one_twice():
    study = overlapping()
    person = come_in(study)
    person.cookies["django_language"] = "fr"
    assert begin(person, study).opening.text == "Est-ce juste ?"
    tree = come_in(study)
    tree.cookies["django_language"] = "fr"
    assert not Opening.objects.filter(conversation=begin(tree, study, "values guided")).exists()
    never = make_talk_study(overlap={"chance": 0, "messages": [TREE | {"type": "unguided"}]})
    talk = begin(come_in(never), never)
    assert (talk.opening.key, talk.opening.chance, talk.opening.pool) == ("", 0.0, ["tree"])


def test_stored_answers_are_the_same_for_everybody_in_another_order_and_cost_nothing():
    study = overlapping(answers="stored")
    first = come_in(study)
    talk = begin(first, study)
    turn = say(first, talk)
    originals = answer(turn, tokens_out=9, total_ms=100)
    texts = sorted(r.text for r in turn.responses.all())
    for _ in range(3):
        person = come_in(study)
        later = begin(person, study)
        copied = say(person, later).responses.order_by("slot")
        assert sorted(r.text for r in copied) == texts
        assert {r.copied_from_id for r in copied} == {r.pk for r in originals}
        assert {r.tokens_out for r in copied} == {None}
        drawn = [r.pk for r in originals]
        random.Random(f"{later.opening.seed}:slots").shuffle(drawn)
        assert [r.copied_from_id for r in copied] == drawn
        html = page(person, later)
        assert "Send my ratings" in html
    assert rate(person, later, later.turns.get()).status_code == 302
    assert say(person, later, "Go on").responses.filter(state="waiting").count() == 2


def test_a_bot_meets_both_and_expects_what_is_stored():
    study = overlapping()
    person = come_in(study)
    talk = begin(person, study)
    say_form = read("http://testserver/x/", page(person, talk)).form("/say/")
    assert say_form.fixed == {"text": TAX["texts"]["en"]}

    study, person, _talk = repeated()
    form = read("http://testserver/x/", person.get(second(study)).content.decode()).form()
    turn = SentTurn("")
    pairs = Judge(Person(1, 1), "second.0").judge(form, turn)
    assert person.post(second(study), {**form.hidden, **dict(pairs)}).status_code == 302
    record = person.get(reverse("conversations:my_data", args=[study.slug])).json()
    checks = compare(Journal(second=[turn]), record)
    again = [check for check in checks if check.kind == "second rating"]
    assert len(again) == 5
    assert all(check.is_kept for check in again)
