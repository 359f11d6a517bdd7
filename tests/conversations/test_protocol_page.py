"""The coordinator's page of conversation rules, and its warning where speed can be seen."""

import pytest
from django.test import Client
from django.urls import reverse

from conversations.studies import load_protocol
from surveys.models.people import Role
from tests.conversations.talking import make_talk_study, rules
from tests.factories import make_member, make_study

pytestmark = pytest.mark.django_db
WARNING = "participants see how fast each model writes"
PACED = "less than 25 characters a second, may still be told"


def text_of(study, role: Role = Role.COORDINATOR) -> str:
    client = Client()
    client.force_login(make_member(study, role, email=f"{role}-{study.slug}@example.org"))
    answer = client.get(reverse("registry:protocol", args=[study.slug]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_stream_as_it_comes_is_warned_of_and_the_paced_ones_are_not():
    assert WARNING in text_of(make_talk_study(models=0))
    assert PACED not in text_of(make_talk_study(models=0))
    for pacing in ("cadence", "together"):
        html = text_of(make_talk_study(models=0, pacing=pacing))
        assert WARNING not in html
        assert PACED in html
    assert WARNING not in text_of(make_talk_study(models=0, opening__models=1))  # nothing to compare with


def test_the_page_says_what_holds_now():
    study = make_talk_study(models=0, turns__maximum=7)
    load_protocol(study, rules(turns__maximum=9, stop=False, calls={"attempts": 4}))
    html = text_of(study)
    assert "Version 2, which holds for whoever begins now." in html
    assert "2–9" in html
    assert "at most 4" in html
    assert "maximum: 9" in html


def test_a_study_without_conversations_says_so():
    study = make_study(slug="plain")
    study.protocols.all().delete()
    assert "No conversations in this study" in text_of(study)


def test_strangers_do_not_find_it_and_visitors_are_asked_to_sign_in():
    study, other = make_talk_study(models=0), make_study(slug="other")
    stranger = Client()
    stranger.force_login(make_member(other, Role.COORDINATOR, email="stranger@example.org"))
    url = reverse("registry:protocol", args=[study.slug])
    assert stranger.get(url).status_code in {403, 404}
    assert Client().get(url).status_code == 302
    assert stranger.post(url).status_code in {403, 404, 405}
