"""The arena's study in the workbench and on its visitor's own page, as any other study."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from surveys.coordinate.navigation import STUDY
from tests.conversations.comparing import enter, open_arena, voted, where
from tests.factories import make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def arena():
    study = open_arena()
    visitor = enter()
    talk, _turn = voted(visitor, text="What is fair?")
    visitor.post(where(talk, "reveal/"))
    visitor.post(where(talk, "say/"), {"text": "And then?", "form_key": "k2"})
    return study


def test_every_page_of_the_workbench_shows_the_arena(arena):
    client = Client()
    client.force_login(make_member(arena))
    answers = {place.name: client.get(reverse(place.name, args=[arena.slug])) for place in STUDY}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 200)


def test_the_visitor_finds_votes_in_their_own_data(arena):
    client = enter()
    voted(client, "both_good")
    record = json.loads(client.get(f"/studies/{arena.slug}/my-data.json").content)
    (talk,) = record["conversations"]
    assert talk["turns"][0]["vote"]["choice"] == "both_good"
