"""People learn who answered when the protocol says so, and nothing of it before."""

import pytest
import yaml
from django.test import Client

from conversations import protocols
from conversations.models import Conversation
from conversations.studies import load_protocol
from surveys.models import Enrolment
from tests.conversations import comparing
from tests.conversations.talking import (
    address,
    answer,
    begin,
    come_in,
    enrolment_of,
    make_speakers,
    make_talk_study,
    page,
    post,
    rate,
    say,
)
from tests.conversations.test_blinding import Recorder, leaks

pytestmark = pytest.mark.django_db
ONE = [{"key": "unguided", "label": "Anything", "text": "Talk.", "required": 1}]
ADDRESS = "http://127.0.0.1:9/v1"


def talking(reveal: str, **changes):
    """A recording browser in a study with two models, before the rating of the first answers."""
    settings = {"types": ONE, "opening__models": 2, "turns__minimum": 1, "reveal": reveal, **changes}
    study = make_talk_study(models=0, **settings)
    make_speakers(study, ADDRESS, "aurora-7b", "fjord-lite", billions=7, licence="Quux licence")
    client = Recorder()
    come_in(study, client)
    talk = begin(client, study)
    turn = say(client, talk)
    answer(turn)
    page(client, talk)
    return client, talk, turn


def names(talk: Conversation) -> list[str]:
    return sorted(talk.turns.get(number=0).responses.values_list("model__short_name", flat=True))


def give_feedback(client: Client, talk: Conversation):
    post(client, talk, "finish")
    client.get(address(talk, "feedback"))
    return client.post(address(talk, "feedback"), {"open_feedback": "Good."})


@pytest.mark.parametrize("moment", ["never", "at_end"])
def test_before_the_end_nothing_is_told_and_after_it_only_where_the_protocol_says_so(moment: str):
    client, talk, turn = talking(moment)
    rate(client, talk, turn, 40, 60)
    page(client, talk)
    assert client.get(address(talk, "models")).status_code == 302
    given = give_feedback(client, talk)
    assert leaks(client.received) == []
    talk.refresh_from_db()
    if moment == "never":
        assert talk.revealed_at is None
        assert given["Location"] == f"/studies/{talk.study.slug}/conversations/"
        client.get(address(talk, "models"), follow=True)
        assert leaks(client.received) == []
        return
    assert talk.revealed_at is not None
    assert given["Location"] == address(talk, "models")
    for _look in "12":  # the second time the person's part in the study is over
        html = client.get(address(talk, "models")).content.decode()
        assert [name for name in names(talk) if name in html] == names(talk)
        assert "Quux licence" in html
        client.get(f"/studies/{talk.study.slug}/", follow=True)
    assert enrolment_of(client, talk.study).outcome == Enrolment.Outcome.COMPLETE
    other = come_in(talk.study)
    assert other.get(address(talk, "models")).status_code == 404
    assert Client().get(address(talk, "models")).status_code == 403
    Enrolment.objects.filter(conversations=talk).update(outcome=Enrolment.Outcome.WITHDRAWN)
    assert client.get(address(talk, "models")).status_code == 302


def test_after_a_rating_the_models_of_that_message_are_named_but_not_those_of_the_next_one():
    client, talk, turn = talking("after_rating", continuation={"who": "winner", "models": 2})
    stranger = make_speakers(talk.study, ADDRESS, "zephyr-9")[0]
    rate(client, talk, turn, 50, 50)
    assert leaks(client.received) == []  # a tie is settled blindly
    assert Conversation.objects.get(pk=talk.pk).revealed_at is None
    page(client, talk)
    post(client, talk, "choose", slot="A")
    html = page(client, talk)
    assert [name for name in names(talk) if name in html] == names(talk)
    talk.study.pool.exclude(model=turn.choice.response.model).exclude(model=stranger).update(is_on=False)
    second = say(client, talk, "Go on")
    answer(second)
    html = page(client, talk)
    assert stranger.short_name not in html
    assert turn.choice.response.model.short_name in html
    assert client.get(address(talk, "models")).status_code == 302
    assert stranger.short_name not in client.get(f"/studies/{talk.study.slug}/my-data.json").content.decode()
    rate(client, talk, second, 40, 60)
    assert stranger.short_name in page(client, talk)


@pytest.mark.parametrize("moment", ["never", "at_end"])
def test_the_arena_tells_who_answered_no_earlier_than_its_protocol(moment: str):
    study = comparing.open_arena()
    document = yaml.safe_load(protocols.preset("arena"))
    document |= {"reveal": moment, "turns": {"minimum": 1, "maximum": 2}}
    load_protocol(study, yaml.safe_dump(document))
    client = comparing.enter()
    talk, _turn = comparing.voted(client)
    assert "Show who answered" not in comparing.page(client, talk)
    assert client.post(comparing.where(talk, "reveal/")).status_code == 409
    client.post(comparing.where(talk, "say/"), {"text": "More?", "form_key": "k2"})
    answer(talk.turns.get(number=1))
    comparing.vote(client, talk, "idk")
    revealed = client.post(comparing.where(talk, "reveal/"))
    assert revealed.status_code == (302 if moment == "at_end" else 409)
    assert ("Show who answered" in comparing.page(client, talk)) is False
    talk.refresh_from_db()
    assert (talk.revealed_at is not None) == (moment == "at_end")
