"""A batch's page says what comes next, with the ways that the person may go."""

import pytest
from django.test import Client
from django.urls import reverse

from annotations.coordinate.batch_ahead import Step
from annotations.models import AnnotatorProfile, Batch, Ruling
from surveys.models.people import Role
from tests.annotations.making import make_annotation, make_assignment, make_batch, make_task
from tests.factories import make_member, make_study

pytestmark = pytest.mark.django_db


def client_of(study, role) -> Client:
    client = Client()
    client.force_login(make_member(study, role))
    return client


def ways(client: Client, batch: Batch) -> tuple[str, list[str]]:
    ahead = ahead_of(client, batch)
    return ahead.text, [way.label for way in ahead.ways]


def ahead_of(client: Client, batch: Batch) -> Step:
    step: Step = client.get(reverse("annotating:batch", args=[batch.study.slug, batch.slug])).context["ahead"]
    return step


def test_the_next_step_follows_the_batch_from_its_draft_to_its_export():
    study = make_study(questionnaire=None)
    owner, analyst = client_of(study, Role.OWNER), client_of(study, Role.ANALYST)
    batch = make_batch(study, overlap=2, state=Batch.State.DRAFT, tags=["law"])
    tasks = [make_task(batch), make_task(batch, is_training=True, needed=0)]
    annotators = [make_member(study, Role.ANNOTATOR) for _ in range(2)]
    AnnotatorProfile.objects.create(study=study, user=annotators[0], tags=["Law"])
    text, shown = ways(owner, batch)
    assert "needs 2 annotators" in text
    assert "may annotate it: 1." in text
    assert shown == ["Invite annotators", "Annotators"]
    assert ways(analyst, batch) == (text, [])
    AnnotatorProfile.objects.create(study=study, user=annotators[1], tags=["law", "medicine"])
    assert "Then open the batch" in ways(owner, batch)[0]
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.OPEN)
    assert ways(owner, batch)[1] == ["Annotators"]
    make_annotation(make_assignment(tasks[0], annotators[0]), {1: [1, 1], 2: [1, 1]})
    assert ways(owner, batch)[1] == ["Agreement", "Annotators"]
    make_annotation(make_assignment(tasks[0], annotators[1]), {1: [1, 1], 2: [1, 1]})
    assert ways(owner, batch)[1] == ["Agreement", "Adjudication", "Exports"]
    assert ways(analyst, batch)[1] == ["Agreement", "Exports"]
    last = ahead_of(owner, batch).ways[-1]
    assert owner.get(last.url).context["form"]["format"].value() == "properties"
    page = reverse("annotating:batch", args=[study.slug, batch.slug])
    assert "adjudicated" not in owner.get(page).content.decode()
    Ruling.objects.create(task=tasks[0], side=1, position=0, score=1, reason="plain", by=annotators[0])
    assert owner.get(page).content.decode().count("adjudicated") == 1


def test_a_batch_of_one_annotator_leads_past_agreement_and_one_without_tasks_nowhere():
    study = make_study(questionnaire=None)
    owner, batch = client_of(study, Role.OWNER), make_batch(study)
    page = reverse("annotating:batch", args=[study.slug, batch.slug])
    assert owner.get(page).context["ahead"] is None
    Batch.objects.filter(pk=batch.pk).update(filling="running")
    assert "HX-Refresh" not in owner.get(page, headers={"HX-Request": "true"})
    Batch.objects.filter(pk=batch.pk).update(filling="")
    assert owner.get(page, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    make_annotation(make_assignment(make_task(batch)), {1: [1, 1], 2: [1, 1]})
    assert ways(owner, batch)[1] == ["Dissection", "Exports"]
    closed = make_batch(study, state=Batch.State.CLOSED)
    make_task(closed)
    assert ways(owner, closed) == ("The batch was closed before anybody annotated it.", [])
