"""A type of conversation of which the study wants no more than so many."""

import pytest
from django.test import Client

from conversations import chat
from conversations.models import Conversation
from surveys import journey
from surveys.models import Enrolment
from tests.conversations.talking import (
    SERVED,
    at_once,
    begin,
    come_in,
    device_of,
    enrolment_of,
    make_talk_study,
    overview,
    post,
    reach_feedback,
)

pytestmark = pytest.mark.django_db
TYPES = [
    {"key": "few", "label": "Few", "text": "x", "required": 1, "most": 2},
    {"key": "many", "label": "Many", "text": "y", "required": 1},
]


def bounded(**changes):
    return make_talk_study(types=TYPES, turns__minimum=1, **changes)


def test_a_full_type_is_not_offered_and_the_study_ends_without_it():
    study = bounded()
    people = [come_in(study) for _ in range(3)]
    for person in people[:2]:
        begin(person, study, "few")
    html = people[2].get(overview(study)).content.decode()
    assert 'value="few"' not in html
    assert "The study has enough of these" in html
    people[2].post(overview(study), {"type": "few"})
    assert Conversation.objects.filter(type="few").count() == 2
    talk = reach_feedback(people[2], study, "many")
    assert post(people[2], talk, "feedback", open_feedback="Fair").status_code == 302
    assert people[2].get(overview(study), follow=True).request["PATH_INFO"].endswith("/done/")
    journey.finish(enrolment_of(people[0], study), Enrolment.Outcome.TIMED_OUT)
    late = come_in(study)
    assert begin(late, study, "few").type == "few"  # the place of who left is free again


@SERVED
def test_people_who_begin_at_once_never_get_more_places_than_there_are():
    study = bounded()
    people = [come_in(study, Client()) for _ in range(6)]
    devices = [device_of(person, study) for person in people]
    acts = [lambda d=device: chat.start(d.enrolment, d, "few") for device in devices]
    results = at_once(*acts)
    assert sum(isinstance(result, Conversation) for result in results) == 2
    assert sum(isinstance(result, chat.Refused) for result in results) == 4
    assert Conversation.objects.filter(type="few").count() == 2
