"""The list of participants says for whom answers failed."""

import pytest
from django.test import Client
from django.urls import reverse

from conversations.models import Response
from tests.factories import make_conversation, make_enrolment, make_member, make_study

pytestmark = pytest.mark.django_db


def test_failed_answers_are_told_and_replaced_ones_are_not(client: Client):
    study = make_study()
    client.force_login(make_member(study))
    list_of_people = reverse("coordinate:participants", args=[study.slug])
    talks = [make_conversation(make_enrolment(study), turns=1, complete=False) for _ in range(3)]
    before = client.get(list_of_people).content.decode()
    assert "answer failed" not in before
    assert "answers failed" not in before
    first, second, third = (Response.objects.filter(turn__conversation=talk) for talk in talks)
    first.filter(slot="A").update(state="failed")
    second.filter(slot__in="AB").update(state="failed")
    third.filter(slot="A").update(state="failed", is_replaced=True)
    html = client.get(list_of_people).content.decode()
    assert html.count("1 answer failed") == 1
    assert html.count("2 answers failed") == 1
    assert html.count("answers failed") == 1
