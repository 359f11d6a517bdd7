"""Adjudication: what is contested, the blind first look, rulings that are given once, and who may rule."""

from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from annotations import agreement_reports
from annotations.adjudication import queue, rulings
from annotations.adjudication.rulings import Cell, Decision, Overtaken, current_rulings
from annotations.agreement.dawid_skene import Doubt
from annotations.coordinate.adjudication import DOUBTS
from annotations.models import AgreementReport, Batch, Contest, FirstLook, ItemAnswer, Ruling, Side, Values
from surveys import erasure
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.annotations.making import (
    make_annotation,
    make_assignment,
    make_batch,
    make_rubric_version,
    make_task,
)
from tests.conversations.talking import at_once
from tests.factories import make_conversation, make_enrolment, make_member, make_study, make_user

pytestmark = pytest.mark.django_db
# 0 clear (scale), 1 tone (category), 2 severe (errors), 3 lists (a list of facts), 4 asks (yes or no)
RUBRIC = """\
format: prism-rubric/1
key: mixed
title: Mixed
language: en
scales:
  fit:
    levels:
      - {value: 0, label: not at all}
      - {value: 1, label: a little}
      - {value: 2, label: mostly}
      - {value: 3, label: fully}
  tone:
    ordered: false
    levels:
      - {value: 0, label: COLD}
      - {value: 1, label: WARM}
facts:
  - {slug: lists, title: Constraints, kind: list}
  - {slug: asks, title: Asks for something, kind: yes_no}
errors:
  title: Errors
  types:
    - {slug: factual, label: factual error}
properties:
  - {id: 0, slug: clear, title: Clear, kind: scale, scale: fit, definition: Easy to follow.}
  - {id: 1, slug: tone, title: Tone, kind: category, scale: tone}
  - {id: 2, slug: severe, title: Severe errors, kind: errors, severity: severe}
"""
AGREED = {0: [None, None, None, 0, 1], 1: [2, 1, 0, None, None], 2: [2, 1, 0, None, None]}
REASON = "The first sentence says it plainly."


@pytest.fixture
def study():
    return make_study()


@pytest.fixture
def batch(study):
    return make_batch(study, overlap=2, rubric_version=make_rubric_version(study, RUBRIC))


def signed_in(study, role: str = Role.OWNER, **rights: bool) -> Client:
    client = Client()
    client.force_login(make_member(study, role, **rights))
    return client


def contested(batch: Batch, *changes: dict[int, list[int | None]], people=None, **fields):
    """A finished task: the first annotator agrees with AGREED, the others say so but for their changes."""
    task = make_task(batch, **fields)
    people = people or [make_user() for _ in range(len(changes) + 1)]
    for person, change in zip(people, [{}, *changes], strict=True):
        make_annotation(make_assignment(task, person), AGREED | change)
    return task


def found(batch: Batch) -> set[tuple[int, int, int, str]]:
    agreement_reports.make(batch, "people")
    rows = Contest.objects.filter(task__batch=batch)
    return set(rows.values_list("task__number", "side", "position", "kind"))


def at(batch: Batch, name: str = "adjudicate_batch", *args: object) -> str:
    return reverse(f"annotating:{name}", args=[batch.study.slug, batch.slug, *args])


def test_what_is_contested_follows_the_batchs_rule(study, batch):
    contested(batch, {})
    contested(batch, {1: [0, 1, 0, None, None]})  # two apart
    contested(batch, {2: [1, 0, 0, None, None]})  # one apart, and another category
    contested(batch, {0: [None, None, None, 2, 1]})  # two constraints against none
    contested(batch, {0: [None, None, None, 0, 0]})
    unclear = contested(batch, {1: [2, 1, None, None, None]})
    mine = Values.objects.filter(annotation__task=unclear, side=1).order_by("pk")
    with erasure.append_only_lifted():
        for values, is_checkable in zip(mine, (True, False), strict=True):
            Values.objects.filter(pk=values.pk).update(is_checkable=is_checkable)
    unfinished = make_task(batch)
    make_annotation(make_assignment(unfinished), AGREED)
    contested(batch, {1: [None, 1, 0, None, None]})  # one answer only is no disagreement
    everything = {
        (2, 1, 0, "range"),
        (3, 2, 1, "category"),
        (4, 0, 3, "prerequisite"),
        (5, 0, 4, "prerequisite"),
        (6, 1, 2, "applicability"),
    }
    assert found(batch) == everything
    client = signed_in(study)
    rule = {"least_range": "1", "prerequisites": "on"}
    assert client.post(at(batch, "change_contest_rule"), rule).status_code == 302
    client.get(at(batch))  # finds them anew
    now = set(Contest.objects.values_list("task__number", "side", "position", "kind"))
    assert now == {row for row in everything if row[3] in ("range", "prerequisite")} | {(3, 2, 0, "range")}
    assert AuditEvent.objects.get(action="contest_rule.changed").detail["least_range"] == 1
    assert client.post(at(batch, "change_contest_rule"), {"least_range": "-1"}).status_code == 302
    assert agreement_reports.rule_of(batch).least_range == 1


def test_an_adjudicator_looks_blind_then_rules_and_comes_to_the_next(study, batch):
    task = contested(batch, {1: [0, 1, 0, None, None]}, {1: [0, 1, 0, None, None]}, people=None, needed=3)
    Side.objects.filter(task=task).update(model_name="maker/secret-model")
    contested(batch, {2: [2, 0, 0, None, None]})
    emails = set(task.assignments.values_list("annotator__email", flat=True))
    adjudicator = make_member(study, Role.ANNOTATOR, may_adjudicate=True)
    client = Client()
    client.force_login(adjudicator)
    found(batch)
    door = client.get(reverse("annotations:home")).content.decode()
    assert reverse("annotating:adjudication", args=[study.slug]) in door
    assert client.get(at(batch)).context["progress"].left == 2
    here = client.get(at(batch, "next_contest"))["Location"]
    assert here == at(batch, "adjudicate", 1, 1, "clear")
    early = client.post(here, {"value": "2", "rule": "definition", "reason": REASON, "replaces": ""})
    assert not Ruling.objects.exists()
    blind = client.get(here)
    assert "said" not in blind.context
    assert "said" not in early.context
    assert client.post(here, {"look": "1", "value": "7"}).status_code == 422
    client.post(here, {"look": "1", "value": "2"})
    client.post(here, {"look": "1", "value": "0"})  # the first one stands
    assert FirstLook.objects.get().score == 2
    seen = client.get(here)
    assert sorted(one["label"] for one in seen.context["said"]) == ["mostly", "not at all", "not at all"]
    assert {one["of"].letter for one in seen.context["said"]} == {"A", "B", "C"}
    assert "few_ratings" in {key for key in DOUBTS if DOUBTS[key] in seen.context["doubts"]}
    for page in (blind, seen, client.get(at(batch))):
        assert not [word for word in {*emails, "secret-model"} if word in page.content.decode()]
    short = client.post(here, {"value": "2", "rule": "definition", "reason": "no", "replaces": ""})
    assert short.status_code == 422
    ruled = client.post(here, {"value": "2", "rule": "definition", "reason": REASON, "replaces": ""})
    assert client.get(ruled["Location"])["Location"] == at(batch, "adjudicate", 2, 2, "tone")
    ruling = current_rulings(batch).get()
    assert (ruling.task, ruling.side, ruling.position, ruling.score) == (task, 1, 0, 2)
    assert (ruling.reason, ruling.rule, ruling.by) == (REASON, "definition", adjudicator)
    event = AuditEvent.objects.get(action="ruling.made", study=study)
    assert (event.actor, event.subject) == (adjudicator, f"{batch.slug} 1.1 clear")
    assert "Rulings so far" in client.get(here).content.decode()
    none = client.post(here, {"value": "none", "rule": "open", "reason": REASON, "replaces": ruling.pk})
    assert none.status_code == 302
    assert current_rulings(batch).get().score is None
    assert Ruling.objects.count() == 2


def test_a_list_is_ruled_on_with_its_items(study, batch):
    task = contested(batch, {0: [None, None, None, 1, 1]})
    theirs = task.annotations.order_by("pk")[1]
    ItemAnswer.objects.create(annotation=theirs, side=0, position=3, number=1, text="in ten words")
    found(batch)
    client, here = signed_in(study), at(batch, "adjudicate", 1, 0, "lists")
    client.post(here, {"look": "1", "value": "1"})
    assert "in ten words" in client.get(here).content.decode()
    given = {"value": "1", "rule": "open", "reason": REASON, "replaces": ""}
    assert client.post(here, given | {"items": " \n"}).status_code == 422
    assert client.post(here, given | {"items": "in ten words\n\nno lists"}).status_code == 302
    ruling = current_rulings(batch).get()
    assert (ruling.score, [item["text"] for item in ruling.items]) == (2, ["in ten words", "no lists"])


def test_who_saw_an_older_state_does_not_overrule_and_loses_no_word(study, batch):
    contested(batch, {1: [0, 1, 0, None, None]})
    found(batch)
    first, second, here = signed_in(study), signed_in(study), at(batch, "adjudicate", 1, 1, "clear")
    for client in (first, second):
        client.post(here, {"look": "1", "value": "1"})
    given = {"value": "2", "rule": "open", "reason": REASON, "replaces": ""}
    first.post(here, given)
    late = second.post(here, given | {"value": "0", "reason": "I read it otherwise."})
    assert late.status_code == 409
    assert "I read it otherwise." in late.content.decode()
    ruling = current_rulings(batch).get()
    assert ruling.score == 2
    assert late.context["replaces"] == ruling.pk
    elsewhere = contested(make_batch(study, overlap=2), people=[make_user()])
    assert second.post(here, given | {"replaces": elsewhere.pk + 10_000}).status_code == 409
    with pytest.raises(IntegrityError), transaction.atomic():
        FirstLook.objects.update(score=0)


@pytest.mark.django_db(transaction=True)
def test_of_two_rulings_at_once_one_holds(study, batch):
    task = contested(batch, {1: [0, 1, 0, None, None]})
    task.batch = batch
    cell = Cell(task, 1, batch.rubric_version.parsed().fields[0])
    people = [make_member(study) for _ in range(4)]
    for person in people:
        rulings.look(cell, person, 1)
    for replaces in (None, "the one that holds"):
        seen = current_rulings(batch).get().pk if replaces else None
        acts = [partial(rulings.rule, cell, one, Decision(2, REASON, "open"), seen) for one in people]
        results = at_once(*acts)
        assert [type(one) for one in results].count(Overtaken) == 3
        assert current_rulings(batch).get() in results
    assert Ruling.objects.count() == 2
    assert AuditEvent.objects.filter(action="ruling.made").count() == 2


def test_nobody_rules_on_a_task_they_annotated(study, batch):
    owner, other = make_member(study), make_user()
    contested(batch, {1: [0, 1, 0, None, None]}, people=[other, owner])
    found(batch)
    client, here = Client(), at(batch, "adjudicate", 1, 1, "clear")
    client.force_login(owner)
    progress = client.get(at(batch)).context["progress"]
    assert (progress.left, progress.own) == (0, 1)
    assert client.get(at(batch, "next_contest"))["Location"] == at(batch)
    client.post(here, {"look": "1", "value": "1"})
    client.post(here, {"value": "2", "rule": "open", "reason": REASON, "replaces": ""})
    assert "somebody else rules" in client.get(here).content.decode()
    assert not FirstLook.objects.exists()
    assert not Ruling.objects.exists()


def test_what_somebody_else_is_looking_at_comes_last(study, batch):
    for _ in range(2):
        contested(batch, {1: [0, 1, 0, None, None]})
    found(batch)
    one, other = make_member(study), make_member(study)
    first = queue.next_contest(batch, one)
    assert first.task.number == 1
    rulings.look(Cell(first.task, 1, batch.rubric_version.parsed().fields[0]), one, 2)
    assert queue.next_contest(batch, one).task.number == 1
    assert queue.next_contest(batch, other).task.number == 2
    assert queue.next_contest(batch, other, Contest.objects.get(task__number=2)) is None


def test_erasing_takes_contested_values_and_figures_along(study, batch):
    asker, annotator = (make_enrolment(study, finished_survey=True) for _ in range(2))
    task = contested(batch, {1: [0, 1, 0, None, None]}, turn=make_conversation(asker).turns.get(number=0))
    found(batch)
    client, here = signed_in(study), at(batch, "adjudicate", 1, 1, "clear")
    client.post(here, {"look": "1", "value": "1"})
    erasure.erase(asker.participant, reason="asked for it")
    assert not Contest.objects.exists()
    assert client.get(here).status_code == 404
    theirs = make_task(batch)
    make_annotation(make_assignment(theirs, enrolment=annotator), AGREED)
    agreement_reports.make(batch, "people")
    erasure.erase(annotator.participant, reason="asked for it")
    assert not AgreementReport.objects.exists()
    assert client.get(at(batch)).context["standing"].total == 2
    assert task.pk


@pytest.mark.parametrize(
    ("role", "rights", "status", "changes"),
    [
        (Role.COORDINATOR, {}, 200, 302),
        (Role.ANNOTATOR, {"may_adjudicate": True}, 200, 403),
        (Role.ANALYST, {}, 403, 403),
        (Role.ANNOTATOR, {}, 403, 403),
        (None, {}, 404, 404),
    ],
)
def test_who_may_adjudicate(study, batch, role, rights, status, changes):
    contested(batch, {1: [0, 1, 0, None, None]})
    found(batch)
    client = signed_in(study, role, **rights) if role else signed_in(make_study())
    here = at(batch, "adjudicate", 1, 1, "clear")
    for page in (reverse("annotating:adjudication", args=[study.slug]), at(batch), here):
        assert client.get(page).status_code == status
    look = client.post(here, {"look": "1", "value": "1"})
    assert look.status_code == (302 if status == 200 else status)
    assert FirstLook.objects.count() == (status == 200)
    assert client.post(at(batch, "change_contest_rule"), {"least_range": "3"}).status_code == changes
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(make_member(study))
    assert guarded.post(here, {"look": "1", "value": "1"}).status_code == 403
    for missing in ((1, 2, "clear"), (1, 1, "unknown"), (9, 1, "clear")):
        assert client.get(at(batch, "adjudicate", *missing)).status_code == (404 if status == 200 else status)


def test_every_doubt_has_words():
    assert set(DOUBTS) == set(Doubt)
