"""The bots rate on every scale from the page alone, and what they sent is what is stored."""

import pytest
from django.http import HttpResponse

from conversations.bots.journal import Journal, SentConversation, SentTurn, compare
from conversations.bots.judging import Judge
from conversations.bots.pages import read
from conversations.bots.people import Person
from tests.conversations.talking import answer, begin, come_in, make_talk_study, page, post, say

pytestmark = pytest.mark.django_db
SCALES = {
    "slider": {"minimum": 1, "maximum": 100, "low": "Bad", "high": "Good"},
    "likert": {"kind": "likert", "points": 5, "low": "Bad", "high": "Good"},
    "pairwise": {"kind": "pairwise"},
    "pairwise with ties": {"kind": "pairwise", "ties": ["both_good", "both_bad"]},
    "ranking": {"kind": "ranking"},
    "ranking with ties": {"kind": "ranking", "ties": True},
}


def sent(client, talk, turn: SentTurn, person: Person, ending: str) -> HttpResponse:
    """Fill in the form of the page that posts to `ending`, as a bot does."""
    form = read(f"http://testserver/studies/{talk.study.slug}/", page(client, talk)).form(ending)
    assert form is not None
    pairs = Judge(person, "0.1").judge(form, turn)
    return post(client, talk, ending.strip("/"), **form.hidden, **dict(pairs))


@pytest.mark.parametrize("kind", SCALES)
def test_what_a_bot_sends_is_stored(kind: str):
    study = make_talk_study(models=3, opening__models=3, rating=SCALES[kind], tie="random")
    client = come_in(study)
    for number in range(4):
        talk = begin(client, study, ("unguided", "values guided")[number % 2])
        turn = say(client, talk)
        answer(turn, "A short answer in slot {slot}." * (number + 1))
        streamed = dict(turn.responses.values_list("slot", "text"))
        journal = Journal(conversations={talk.code: SentConversation(talk.type, [SentTurn(turn.text)])})
        told = journal.turns[0]
        told.streamed = streamed
        assert sent(client, talk, told, Person(7, number), "/rate/").status_code == 302
        assert len(told.scores or told.places) == 3
        record = client.get(f"/studies/{study.slug}/my-data.json").json()
        record["conversations"] = [one for one in record["conversations"] if one["code"] == talk.code]
        record["answers"], record["consents"] = {}, []
        checks = compare(journal, record)
        assert [check for check in checks if not check.is_kept] == []
        assert {"slider": "score", "likert": "score"}.get(kind, "place") in {check.kind for check in checks}
        told.places = dict.fromkeys(told.places, 9)
        told.scores = dict.fromkeys(told.scores, 9)
        assert any(not check.is_kept for check in compare(journal, record))
        type(talk).objects.filter(pk=talk.pk).update(state="complete")


def test_a_bot_that_is_asked_with_which_answer_to_go_on_expects_no_winner_before_it_chose():
    study = make_talk_study(
        models=2, opening__models=2, continuation={"who": "participant", "samples": 1}, turns__minimum=1
    )
    client = come_in(study)
    talk = begin(client, study)
    turn = say(client, talk)
    answer(turn)
    told = SentTurn(turn.text, streamed=dict(turn.responses.values_list("slot", "text")))
    journal = Journal(conversations={talk.code: SentConversation("unguided", [told])})
    sent(client, talk, told, Person(7, 1), "/rate/")
    choosing = read("http://testserver/", page(client, talk)).form("/choose/")
    assert choosing is not None
    assert sorted(choosing.buttons["slot"]) == ["A", "B"]
    told.is_asked = True
    record = client.get(f"/studies/{study.slug}/my-data.json").json() | {"answers": {}, "consents": []}
    assert all(check.is_kept for check in compare(journal, record))
    worse = min(told.scores, key=lambda slot: told.scores[slot])
    post(client, talk, "choose", slot=worse)
    told.chosen = worse
    record = client.get(f"/studies/{study.slug}/my-data.json").json() | {"answers": {}, "consents": []}
    checks = compare(journal, record)
    assert all(check.is_kept for check in checks)
    assert "choice" in {check.kind for check in checks}


def test_a_bot_that_likes_two_answers_alike_says_so_where_it_may():
    study = make_talk_study(models=2, opening__models=2, rating=SCALES["pairwise with ties"])
    client = come_in(study)
    talk = begin(client, study)
    turn = say(client, talk)
    answer(turn)
    form = read("http://testserver/", page(client, talk)).form("/rate/")
    assert form is not None
    said = []
    for number in range(40):
        told = SentTurn(turn.text, streamed=dict(turn.responses.values_list("slot", "text")))
        ((name, value),) = Judge(Person(7, number), "0.1").judge(form, told)
        assert name == "best"
        assert value == (told.tie or min(told.places, key=lambda slot: told.places[slot]))
        said.append(value)
    assert set(said) == {"A", "B", "both_good", "both_bad"}
