"""A first message in the arena: stored in one go, with all that belongs to it, or not at all."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.arena import asking
from conversations.models import Conversation, Draw, Response, Turn
from conversations.refusals import Refused
from surveys.models import Device, Enrolment
from tests.conversations.comparing import ask, enter, open_arena
from tests.conversations.talking import come_in, make_talk_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def device():
    open_arena()
    enter()
    return Device.objects.select_related("enrolment__study").get()


def test_it_takes_few_statements(device):
    visitor = enter()
    ask(visitor)  # what a process keeps is read by now
    with CaptureQueriesContext(connection) as asked:
        ask(visitor)
    statements = [one["sql"] for one in asked if "SAVEPOINT" not in one["sql"]]
    assert len(statements) <= 10, "\n".join(statements)


def test_what_is_stored_together_knows_each_other(device):
    talk, here = asking.ask(device.enrolment, device, asking.Wish("What is fair?", "key1"))
    turn, draw = Turn.objects.get(), Draw.objects.get()
    answers = list(Response.objects.order_by("slot"))
    assert (turn.conversation, draw.turn, len(answers)) == (talk, turn, 2)
    assert {(answer.turn_id, answer.draw_id) for answer in answers} == {(turn.pk, draw.pk)}
    assert [answer.model_id for answer in answers] == draw.drawn
    assert here.turn == turn
    told = [(one.pk, one.turn_id, one.draw_id, one.slot) for one in here.responses]
    assert told == [(one.pk, one.turn_id, one.draw_id, one.slot) for one in answers]


def test_who_left_while_it_was_on_its_way_begins_nothing(device):
    Enrolment.objects.update(outcome=Enrolment.Outcome.WITHDRAWN, outcome_at=timezone.now())
    with pytest.raises(Refused, match="Your part in this study is over"):
        asking.ask(device.enrolment, device, asking.Wish("What is fair?", "key1"))
    assert not Conversation.objects.exists()
    assert not Turn.objects.exists()


def test_a_study_that_is_no_arena_takes_no_message_there():
    study = make_talk_study()
    client = come_in(study)
    sent = {"text": "What is fair?", "form_key": "key1", "mode": "random"}
    answered = client.post(f"/arena/{study.slug}/", sent)
    assert answered.status_code == 404
    assert "There is no arena here" in answered.content.decode()
    assert not Conversation.objects.exists()
