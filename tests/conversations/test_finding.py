"""One statement finds the conversation of a page, as the querysets would."""

import pytest

from conversations import finding
from conversations.models import Conversation, Protocol
from tests.conversations.talking import answer, begin, come_in, device_of, make_talk_study, rules, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def talk():
    study = make_talk_study()
    client = come_in(study)
    begun = begin(client, study)
    turn = say(client, begun)
    answer(turn)
    return begun, device_of(client, study), device_of(come_in(study), study)


def test_it_is_the_row_that_a_queryset_finds_and_only_for_who_may_read_it(talk):
    begun, device, stranger = talk
    found = finding.find(device, begun.code)
    stored = Conversation.objects.select_related("protocol").get(pk=begun.pk)
    fields = [field.attname for field in Conversation._meta.concrete_fields]
    assert [getattr(found, name) for name in fields] == [getattr(stored, name) for name in fields]
    assert found.protocol == stored.protocol
    assert finding.find(stranger, begun.code) is None
    assert [finding.find(device, code) for code in ("", "c1", "c000000000", "c999999999", "x")] == [None] * 5


def test_another_device_of_the_person_must_be_trusted(talk):
    begun, device, _ = talk
    other = type(device).objects.create(enrolment=device.enrolment, key="k" * 40, is_trusted=False)
    assert finding.find(other, begun.code) is None
    other.is_trusted = True
    assert finding.find(other, begun.code) == begun


def test_a_protocol_that_is_kept_is_read_again_when_its_row_is_another(talk):
    begun, device, _ = talk
    assert finding.find(device, begun.code).protocol.parsed().maximum_turns == 10
    Protocol.objects.filter(pk=begun.protocol_id).update(document=rules(turns__maximum=3))
    assert finding.find(device, begun.code).protocol.parsed().maximum_turns == 3


def test_the_texts_of_a_turn_are_those_of_the_answers_that_are_shown(talk):
    begun, _, _ = talk
    turn = begun.turns.get()
    hidden = turn.responses.get(slot="B")
    type(hidden).objects.filter(pk=hidden.pk).update(is_replaced=True)
    at, rows = finding.texts_of_turn(begun, 0)
    shown = turn.responses.shown().order_by("slot")
    assert at == turn.pk
    assert sorted(rows) == [(r.slot, r.run, r.text, r.state) for r in shown]
    assert len(rows) == 3
    assert finding.texts_of_turn(begun, 1) == (0, [])
