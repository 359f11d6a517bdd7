"""Batches of a study's own conversations and votes: made, looked at, opened and closed by a coordinator."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annotations.batches import filling, from_arena, making, storing
from annotations.batches.choosing import Choice, Pick, sampled
from annotations.batches.rows import SideRow, TaskRow
from annotations.batches.storing import add_tasks
from annotations.models import Batch, Side, Task
from annotations.tasks import fill_batch, sweep_batches
from conversations.models import Conversation, LanguageModel, Response, Turn
from prism.lib.pii.names import NamesNotFound
from surveys import erasure
from surveys.models import AuditEvent, Enrolment
from surveys.models.people import Role
from surveys.quality.deciding import decide
from tests.annotations.batch_forms import at, filled, send, texts
from tests.annotations.making import make_assignment, make_batch, make_task
from tests.conversations.talking import SERVED, at_once
from tests.factories import (
    make_conversation,
    make_enrolment,
    make_member,
    make_models,
    make_study,
    make_vote,
)

ADDRESS = "jane.doe@example.org"


def signed_in(study, role=Role.COORDINATOR) -> Client:
    client = Client()
    client.force_login(make_member(study, role))
    return client


def talk(study, **fields) -> Conversation:
    return make_conversation(make_enrolment(study), **{"language": "en", **fields})


def reply(conversation: Conversation, turn: int, slot: str, text: str) -> Response:
    """Let an answer of the conversation say this."""
    found = conversation.turns.get(number=turn).responses.get(slot=slot)
    Response.objects.filter(pk=found.pk).update(text=text)
    return found


@pytest.mark.django_db
def test_a_coordinator_makes_a_batch_of_pairs_from_conversations(django_capture_on_commit_callbacks):
    study = make_study()
    client = signed_in(study)
    assert "No batch yet" in client.get(at(study, "batches")).content.decode()
    kept, french = talk(study), talk(study, language="fr-CA")
    reply(kept, 1, "A", f"Write to {ADDRESS} and ask.")
    reply(kept, 1, "B", f"{ADDRESS} knows.")
    with_name = talk(study, turns=1, models=make_models(2))
    said = reply(with_name, 0, "A", "Ask me anything.")
    Response.objects.filter(pk=said.pk).update(
        text=f"I am {said.model.name.rpartition('/')[2]}, at your service."
    )
    talk(study, state=Conversation.State.ABANDONED, complete=False)
    for gone in ({"is_test": True}, {"outcome": "withdrawn", "outcome_at": timezone.now()}):
        make_conversation(make_enrolment(study, **gone), language="en")
    talk(make_study())

    shown = send(client, study, "preview", languages="en")
    page = shown.content.decode()
    assert shown.status_code == 200
    assert shown.context["size"].tasks == 3
    assert shown.context["size"].models in (4, 5)  # one may have been drawn twice
    assert ADDRESS not in page
    assert "[EMAIL]" in page
    assert not any(model in page for model in LanguageModel.objects.values_list("name", flat=True))
    assert not Batch.objects.exists()

    with django_capture_on_commit_callbacks() as waiting:
        made = send(client, study, languages="en")
    batch = study.batches.get()
    assert made["Location"] == at(study, "batch", batch.slug)
    assert (len(waiting), batch.filling, batch.slug) == (1, "waiting", "first-pairs")
    page = client.get(at(study, "batch", batch.slug)).content.decode()
    assert "every 2s" in page
    assert "Open the batch" not in page
    with pytest.raises(making.NotPossible):
        making.open_it(batch, None)

    fill_batch(batch.pk)
    batch.refresh_from_db()
    tasks = list(batch.tasks.all())
    assert [task.turn.conversation for task in tasks] == [kept, kept]
    assert [task.number for task in tasks] == [1, 2]
    assert batch.description["left_out"] == {"leak": 1}
    assert batch.description["masked"] == {"email": 2}
    assert {text.partition("[EMAIL]")[1] for text in texts(tasks[1])} == {"[EMAIL]"}
    answers = [
        task.sides.get(number=1).response.slot + task.sides.get(number=2).response.slot for task in tasks
    ]
    assert all(len(set(pair)) == 2 for pair in answers)
    assert tasks[1].context == [
        {"role": "user", "text": kept.turns.get(number=0).text},
        {"role": "assistant", "text": kept.turns.get(number=0).choice.response.text},
    ]
    side = tasks[0].sides.first()
    assert (side.words, side.model_name) == (16, side.response.model.name)
    assert (tasks[0].needed, tasks[0].language) == (2, "en")

    again = filled(client, study, languages="en", title="First pairs")
    assert again.slug == "first-pairs-2"
    assert [texts(task) for task in again.tasks.all()] == [texts(task) for task in tasks]
    assert filled(client, study, languages="fr").tasks.get(number=1).turn.conversation == french

    page = client.get(at(study, "batch", batch.slug)).content.decode()
    assert "being filled" not in page.lower()
    assert "email 2" in page
    client.post(at(study, "act_on_batch", batch.slug, "open"))
    client.post(at(study, "act_on_batch", batch.slug, "close"))
    batch.refresh_from_db()
    assert batch.state == Batch.State.CLOSED
    acts = (
        AuditEvent.objects.filter(study=study, subject=batch.slug)
        .order_by("pk")
        .values_list("action", flat=True)
    )
    assert list(acts) == ["batch.made", "batch.filled", "batch.opened", "batch.closed"]


@pytest.mark.django_db
def test_people_excluded_from_the_data_are_left_out_unless_a_coordinator_takes_them_too():
    study = make_study()
    client = signed_in(study)
    kept, doubted = talk(study), talk(study)
    by = make_member(study, Role.OWNER)
    decide([doubted.enrolment], "exclude", "Pasted every message.", by)

    def found(**fields) -> set[Conversation]:
        return {task.turn.conversation for task in filled(client, study, **fields).tasks.all()}

    assert found() == {kept}
    assert found(title="All", with_excluded="on") == {kept, doubted}
    with_all = study.batches.get(title="All")
    told = AuditEvent.objects.get(action="batch.made", subject=with_all.slug)
    assert told.detail["with_excluded"] is True
    assert "taken too" in client.get(at(study, "batch", with_all.slug)).content.decode()
    decide([doubted.enrolment], "keep", "It was dictated.", by)
    assert found(title="Again") == {kept, doubted}


@pytest.mark.django_db
def test_single_responses_are_drawn_or_all_taken_within_days_and_kinds():
    study = make_study()
    client = signed_in(study)
    new, old = talk(study, type="unguided"), talk(study, type="values guided")
    from_old = timezone.now() - timedelta(days=40)
    with erasure.append_only_lifted():
        Turn.objects.filter(conversation=old).update(at=from_old)
    failed = new.turns.get(number=1).responses.get(slot="B")
    Response.objects.filter(pk=failed.pk).update(state=Response.State.FAILED)
    every = filled(client, study, kind="single", is_each="on", overlap="1")
    assert every.tasks.count() == 4 + 1 + 4 + 2
    assert set(every.tasks.values_list("needed", flat=True)) == {1}
    assert filled(client, study, kind="single").tasks.count() == 4
    assert filled(client, study, kind="single", is_first_only="on", is_each="on").tasks.count() == 8
    assert filled(client, study, kind="single", types=["values guided"]).tasks.count() == 2
    recent = filled(client, study, since=(timezone.now() - timedelta(days=2)).date().isoformat())
    assert {task.turn.conversation for task in recent.tasks.all()} == {new}
    until = filled(client, study, until=(timezone.now() - timedelta(days=2)).date().isoformat())
    assert {task.turn.conversation for task in until.tasks.all()} == {old}
    two = filled(client, study, kind="single", is_each="on", most="2")
    assert two.tasks.count() == 2
    assert two.description["choice"]["seed"] == 7
    assert send(client, study, since="2026-02-02", until="2026-02-01").status_code == 422


def test_a_sample_is_the_same_for_a_seed_and_keeps_the_order():
    picks = [Pick((number,)) for number in range(1000)]
    drawn = sampled(picks, Choice(most=50, seed=3))
    assert drawn == sampled(picks, Choice(most=50, seed=3)) != sampled(picks, Choice(most=50, seed=4))
    assert drawn == sorted(drawn, key=lambda pick: pick.responses)
    assert len(set(drawn)) == 50
    assert sampled(picks, Choice(most=2000)) == sampled(picks, Choice()) == picks


@pytest.mark.django_db
def test_votes_of_the_arena_become_pairs_with_the_preference_of_the_side_that_won():
    study = make_study()
    client = signed_in(study)
    votes = {}
    for number in range(4):
        turn = talk(study, turns=1, models=make_models(2)).turns.get()
        votes[turn.pk] = make_vote(turn, "a_better" if number else "both_bad")
    make_vote(talk(study, turns=1, models=make_models(2)).turns.get(), "idk")
    batch = filled(client, study, source="arena")
    for task in batch.tasks.filter(turn__in=votes):
        vote, first = votes[task.turn_id], task.sides.get(number=1).response
        better = "response_1" if first == vote.response_a else "response_2"
        assert task.preferences == {"human": "tie" if vote.choice == "both_bad" else better}
    assert batch.tasks.exclude(turn__in=votes).get().preferences == {}
    assert send(client, study, source="arena", kind="single").status_code == 422


def test_the_order_of_the_sides_is_drawn_and_the_preference_goes_with_it():
    picks = {from_arena.pick(turn, 1, 2, "a_better", seed=3) for turn in range(50)}
    assert picks == {Pick((1, 2), "response_1"), Pick((2, 1), "response_2")}


@pytest.mark.django_db
def test_only_members_with_the_right_see_or_make_batches():
    study = make_study()
    batch = make_batch(study, state="draft")
    task = make_task(batch, query="zebra finches")
    pages = {
        "batches": [],
        "batch": [batch.slug],
        "new_batch": [],
        "batch_task": [batch.slug, task.number],
        "batch_annotators": [batch.slug],
        "batch_rules": [batch.slug],
    }
    told = {"batches", "batch"}
    expected = {
        Role.OWNER: dict.fromkeys(pages, 200),
        Role.COORDINATOR: dict.fromkeys(pages, 200),
        Role.ANALYST: {name: 200 if name in told else 403 for name in pages},
        Role.ANNOTATOR: dict.fromkeys(pages, 403),
    }
    for role, answers in expected.items():
        client = signed_in(study, role)
        assert {
            name: client.get(at(study, name, *args)).status_code for name, args in pages.items()
        } == answers
        if role in (Role.ANALYST, Role.ANNOTATOR):
            assert client.post(at(study, "act_on_batch", batch.slug, "open")).status_code == 403
            assert send(client, study).status_code == 403
    assert b"zebra" not in signed_in(study, Role.ANALYST).get(at(study, "batch", batch.slug)).content
    stranger = signed_in(make_study(), Role.OWNER)
    assert {stranger.get(at(study, name, *args)).status_code for name, args in pages.items()} == {404}
    assert stranger.post(at(study, "act_on_batch", batch.slug, "open")).status_code == 404
    elsewhere = make_study()
    owner = Client(enforce_csrf_checks=True)
    owner.force_login(make_member(elsewhere, Role.OWNER))
    assert owner.get(at(elsewhere, "batch", batch.slug)).status_code == 404
    own = make_batch(elsewhere, state="draft")
    assert (
        owner.post(at(elsewhere, "act_on_batch", own.slug, "delete")).status_code == 403
    )  # without the token
    assert signed_in(study).post(at(study, "act_on_batch", batch.slug, "burn")).status_code == 404


@pytest.mark.django_db
def test_rules_change_later_and_a_draft_is_deleted_but_not_what_was_opened():
    study = make_study()
    client, batch = signed_in(study), make_batch(study, state="draft")
    task = make_task(batch)
    form = client.get(at(study, "batch_rules", batch.slug)).context["form"]
    assert form.initial["minutes_to_expiry"] == 60
    sent = {"guidelines": "Look twice.", "tags": "Law, law, health", "minutes_to_expiry": "30"}
    sent |= {"most_per_annotator": "5", "gold_percent": "12.5"}
    assert client.post(at(study, "batch_rules", batch.slug), sent).status_code == 302
    batch.refresh_from_db()
    assert (batch.tags, batch.gold_share, batch.guidelines) == (["law", "health"], 0.125, "Look twice.")
    refused = client.post(at(study, "batch_rules", batch.slug), sent | {"gold_percent": "101"})
    assert refused.status_code == 422
    assert "Look twice." in refused.content.decode()
    changed = AuditEvent.objects.get(action="batch.changed").detail["changed"]
    assert changed == ["gold_share", "guidelines", "minutes_to_expiry", "most_per_annotator", "tags"]
    people = client.get(at(study, "batch_annotators", batch.slug)).context["rows"]
    assert [row["is_suited"] for row in people] == [False]  # without the expertise
    client.post(at(study, "act_on_batch", batch.slug, "open"))
    make_assignment(task)
    client.post(at(study, "act_on_batch", batch.slug, "delete"))
    assert Batch.objects.filter(pk=batch.pk, state="open").exists()
    draft = make_batch(study, state="draft")
    make_task(draft)
    assert client.post(at(study, "act_on_batch", draft.slug, "delete"))["Location"] == at(study, "batches")
    assert not Batch.objects.filter(pk=draft.pk).exists()


@pytest.mark.django_db
def test_a_long_batch_is_shown_in_slices_by_state_in_few_queries(django_assert_max_num_queries):
    study = make_study()
    client, batch = signed_in(study), make_batch(study, overlap=2)
    rows = (TaskRow(f"k{number}", "Why?", (SideRow("a b"), SideRow("c"))) for number in range(1, 1202))
    assert add_tasks(batch, rows) == 1201
    assert Side.objects.filter(task__batch=batch).count() == 2402
    assert list(batch.tasks.values_list("number", flat=True)) == list(range(1, 1202))
    batch.tasks.filter(number__lte=3).update(taken=2, done=2)
    with django_assert_max_num_queries(15):
        first = client.get(at(study, "batch", batch.slug))
    assert first.context["progress"].finished == 3
    assert [task.number for task in first.context["page"].rows] == list(range(1, 51))
    second = client.get(at(study, "batch", batch.slug), {"after": first.context["page"].after})
    assert second.context["page"].rows[0].number == 51
    done = client.get(at(study, "batch", batch.slug), {"state": "finished"}).context["page"]
    assert [task.number for task in done.rows] == [1, 2, 3]
    listed = client.get(at(study, "batches")).context["rows"][0]["progress"]
    assert (listed.tasks, listed.given, listed.needed) == (1201, 6, 2402)
    assert round(listed.percent, 2) == 0.25


@pytest.mark.django_db
def test_texts_of_whoever_was_erased_meanwhile_are_not_stored_and_later_ones_go():
    study = make_study()
    client = signed_in(study)
    gone, stays = talk(study, turns=1), talk(study, turns=1)
    batch = filled(client, study)
    erasure.erase(gone.enrolment.participant, reason="asked for it")
    task = batch.tasks.get(turn__conversation=gone)
    assert (task.query, texts(task)) == ("", ["", ""])
    assert task.erased_at is not None
    page = client.get(at(study, "batch_task", batch.slug, task.number)).content.decode()
    assert "wanted it erased" in page
    late = make_batch(study)
    rows = [
        TaskRow(f"k{one.pk}", "late words", (SideRow("late"),), turn_id=one.turns.get().pk)
        for one in (gone, stays)
    ]
    assert len(storing.add_chunk(late, rows)) == 1
    assert late.tasks.get().turn.conversation == stays
    assert filled(client, study).tasks.count() == 1


@pytest.mark.django_db
def test_what_goes_wrong_while_filling_is_told_and_tried_again(monkeypatch):
    study = make_study()
    client = signed_in(study)
    talk(study, turns=1)
    send(client, study)
    batch = study.batches.get()

    def no_names(*args):
        raise NamesNotFound("no model")

    with monkeypatch.context() as patch:
        patch.setattr("annotations.batches.masking.find", no_names)
        fill_batch(batch.pk)
        assert send(client, study, "preview").status_code == 422
    page = client.get(at(study, "batch", batch.slug)).content.decode()
    assert "Names of people could not be looked for" in page
    assert "Try again" in page
    assert not batch.tasks.exists()
    client.post(at(study, "act_on_batch", batch.slug, "again"))
    fill_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.filling, batch.problem, batch.tasks.count()) == ("", "", 1)
    assert filling.fill(batch.pk) is None


@SERVED
def test_workers_that_fill_at_once_or_after_one_died_store_every_task_once(monkeypatch):
    study = make_study()
    client = signed_in(study)
    for _ in range(3):
        talk(study, turns=1)
    send(client, study, kind="single", is_each="on")
    batch = study.batches.get()
    make_task(batch, key="stored by one that died")
    long_ago = timezone.now() - 2 * filling.LEASE
    Batch.objects.filter(pk=batch.pk).update(filling="running", filling_at=long_ago)
    assert filling.lost() == [batch.pk]
    results = at_once(*[lambda: filling.fill(batch.pk)] * 4)
    assert sum(result is not None for result in results) == 1
    assert not [result for result in results if isinstance(result, Exception)]
    assert batch.tasks.count() == 12
    assert filling.lost() == []
    sweep_batches()
    assert Task.objects.count() == 12


@SERVED
def test_erasing_waits_for_texts_that_are_being_stored_and_blanks_them():
    study = make_study()
    enrolment = make_enrolment(study)
    turn = make_conversation(enrolment, turns=1).turns.get()
    batch = make_batch(study)
    row = TaskRow("k", "zebra finches", (SideRow("zebra"), SideRow("finches")), turn_id=turn.pk)
    at_once(
        lambda: storing.add_chunk(batch, [row]),
        lambda: erasure.erase(enrolment.participant, reason="asked for it"),
    )
    assert Enrolment.objects.get(pk=enrolment.pk).texts_erased_at
    assert not Task.objects.exclude(query="").exists()
    assert not Side.objects.exclude(text="").exists()
