"""The leaderboard under a portal: the votes of its own arena first, all of them for whoever asks."""

import pytest
from django.test import Client

from analysis.leaderboard import keeping
from conversations.arena import portal_hosts
from conversations.models import Portal
from tests.analysis.arena_votes import make_arena, some_votes, vote_in
from tests.factories import make_study

pytestmark = pytest.mark.django_db
HOST = "schools.example"


def test_a_portal_shows_the_votes_of_its_arena_until_others_are_asked_for(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    arena, models = make_arena()
    some_votes(arena, models)
    schools = make_study(slug="schools", title="Arena of schools", questionnaire=None)
    vote_in(schools, models[:2])
    Portal.objects.create(
        host=HOST, study=schools, name="Schools", languages=["en"], language="en", is_active=True
    )
    portal_hosts.forget()
    keeping.recompute()
    portal, prism = Client(HTTP_HOST=HOST), Client()
    assert portal.get("/leaderboard/table.json").json()["votes"] == 1
    assert portal.get("/leaderboard/table.json?study=").json()["votes"] == 13
    assert portal.get("/leaderboard/table.json?study=arena").json()["votes"] == 12
    assert prism.get("/leaderboard/table.json").json()["votes"] == 13
    page = portal.get("/leaderboard/")
    assert page.context["choice"].study == "schools"
    assert "Schools" in page.content.decode()
    portal_hosts.forget()
