"""Recruited participants annotate: their way from the door to the code, their rules, and their rights."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from annotations import agreement_rows, assigning
from annotations.assigning import Annotator
from annotations.models import Annotation, Assignment, Batch, Draft, RecruitedTasks, Task, Values
from annotations.recruited.stage import gap
from annotations.tasks import expire_assignments
from conversations import own, study_files
from surveys import stages
from surveys.models import AuditEvent, Enrolment, Questionnaire, Study
from surveys.models.people import Role
from surveys.monitor.funnel import funnel
from surveys.study_folder import FolderError
from tests.annotations.making import make_batch, make_task
from tests.factories import make_conversation, make_enrolment, make_member, make_study, submit_page
from tests.surveys.visitors import (
    SMALL,
    address,
    arrive,
    new_panel_id,
    newcomer,
    submit,
    text_of,
    where,
)

State, Outcome = Assignment.State, Enrolment.Outcome
CODES = {"codes": {"complete": "CDONE", "quota_full": "CFULL", "screened_out": "COUT"}}
SAID = {"p0-a": "1", "p0-b": "2", "p1-a": "3", "comment": "Hm."}


def judging_study(tasks: int = 2, **fields) -> Study:
    """An open study in which people only annotate, so many tasks of an open batch each."""
    study = make_study(questionnaire=None, panel=CODES)
    study.protocols.all().delete()
    RecruitedTasks.objects.create(study=study, tasks=tasks, batch=make_batch(study, **fields))
    return study


def batch_of(study: Study) -> Batch:
    return study.recruited_tasks.batch


def begin(client: Client, study: Study) -> str:
    """The address of the task that the person is to do now, or of what follows."""
    return client.post(address(study, "judging/next/"))["Location"]


def judge(client: Client, study: Study) -> str:
    """Do the present task; the address of what follows."""
    return client.post(begin(client, study), SAID)["Location"]


@pytest.mark.django_db
def test_a_participant_goes_from_consent_over_tasks_to_the_code_and_sees_what_is_stored():
    study = judging_study(tasks=2)
    batch = batch_of(study)
    make_task(batch, is_training=True, needed=0, gold={"kind": [1, 2]})
    for _number in range(3):
        make_task(batch, query="A question of somebody else's")
    client, enrolment = newcomer(study)
    assert where(client, study) == "judging/"
    home = text_of(client.get(address(study, "judging/")))
    assert "You will get 2 tasks" in home
    assert "Judging answers" in home

    training = begin(client, study)
    page = text_of(client.get(training))
    assert "A question" not in page
    assert 'class="participant annotating"' in page
    for word in ("My batches", "workbench", "/annotate/", "/coordinate/"):
        assert word not in page
    told = client.post(training, SAID)["Location"]
    assert told == f"{training}feedback/"
    assert "Known answer" in text_of(client.get(told))

    first = begin(client, study)
    assert "A question of somebody else" in text_of(client.get(first))
    assert client.post(f"{first}draft/", SAID).status_code == 204
    assert "Hm." in text_of(client.get(first))
    assert client.post(address(study, "judging/ahead/")).json()["url"]
    assert client.post(address(study, "judging/ahead/")).json()["url"] is None  # two are all they do
    assert client.post(first, {"comment": "nothing chosen"}).status_code == 422
    second = client.post(first, SAID)["Location"]
    assert "1 of 2 done" in text_of(client.get(second))
    assert client.post(first, SAID | {"p0-a": "0"})["Location"] == second  # the last one, corrected
    assert client.post(second, SAID)["Location"] == address(study, "done/")
    assert "CDONE" in text_of(client.get(address(study, "done/")))
    enrolment.refresh_from_db()
    assert (enrolment.outcome, enrolment.stage) == (Outcome.COMPLETE, "done")
    assert client.post(second, SAID)["Location"] == address(study, "done/")

    given = Annotation.objects.filter(assignment__enrolment=enrolment)
    assert given.count() == 4
    assert list(batch.tasks.values_list("taken", "done")) == [(0, 0), (1, 1), (1, 1), (0, 0)]
    assert agreement_rows.read(batch, ("person",)).names == (f"e{enrolment.pk}",)
    mine = text_of(client.get(address(study, "mine/")))
    assert "Your judgements" in mine
    assert f"{batch.title}, task 2" in mine
    assert "somebody else" not in mine
    stored = own.record(enrolment)["annotations"]
    assert [row["task"] for row in stored] == [1, 2, 2, 3]
    assert {"question": "Clear, Response 1", "answer": "fully"} in stored[0]["answers"]

    assert client.post(address(study, "mine/withdraw/")).status_code == 302
    assert not any(values.scores for values in Values.objects.all())
    assert not batch.tasks.filter(taken__gt=0).exists()


@pytest.mark.django_db
def test_nobody_elses_browser_study_or_stage_leads_to_a_persons_task():
    study, other = judging_study(), judging_study()
    for one in (study, other):
        make_task(batch_of(one), query="Only for who has it")
    pid = new_panel_id()
    client, _enrolment = newcomer(study, pid)
    task = begin(client, study)
    stranger, _someone = newcomer(study)
    elsewhere, _one = newcomer(other)
    pk = Assignment.objects.get().pk
    assert stranger.get(task).status_code == 404
    assert stranger.post(task, SAID).status_code == 404
    assert stranger.post(f"{task}skip/", {"reason": "why not"}).status_code == 404
    assert elsewhere.get(address(other, f"judging/{pk}/")).status_code == 404
    assert Client().get(task).status_code == 403
    assert Client(enforce_csrf_checks=True).post(task, SAID).status_code == 403
    assert client.get("/annotate/").status_code == 302  # to the page where members sign in
    # A second browser that only knows the panel's link reads no draft of the first.
    client.post(f"{task}draft/", SAID)
    second = Client()
    arrive(second, study, pid)
    page = second.get(task)
    assert page.status_code == 200
    assert "Hm." not in text_of(page)
    assert "Hm." in text_of(client.get(task))
    early = Client()
    arrive(early, study, new_panel_id())
    assert early.get(address(study, "judging/"))["Location"] == address(study, "consent/")
    assert not Annotation.objects.exists()


@pytest.mark.django_db
def test_skips_run_out_and_who_finds_fewer_tasks_is_done_all_the_same():
    study = judging_study(tasks=3)
    tasks = [make_task(batch_of(study)) for _number in range(5)]
    client, enrolment = newcomer(study)
    for _number in range(3):
        task = begin(client, study)
        assert client.post(f"{task}skip/", {"reason": ""})["Location"] == task
        client.post(f"{task}skip/", {"reason": "not mine"})
    task = begin(client, study)
    assert "Skip this task" not in text_of(client.get(task))
    assert client.post(f"{task}skip/", {"reason": "again"})["Location"] == task
    Task.objects.filter(pk__in=[task.pk for task in tasks[4:]]).update(erased_at=timezone.now())
    assert client.post(task, SAID)["Location"] == address(study, "done/")
    enrolment.refresh_from_db()
    assert enrolment.outcome == Outcome.COMPLETE
    assert stages.known()[-1].troubles([enrolment.pk]) == {enrolment.pk: "Ran out of tasks"}
    batch_of(study).tasks.update(erased_at=timezone.now())
    late, too_late = newcomer(study)
    assert begin(late, study) == address(study, "done/")
    too_late.refresh_from_db()
    assert too_late.outcome == Outcome.QUOTA_FULL
    # A batch that is not open yet ends nobody's part.
    Batch.objects.update(state=Batch.State.DRAFT)
    assert gap(study)
    waiting, _someone = newcomer(study)
    assert begin(waiting, study) == address(study, "judging/")
    assert "not ready yet" in text_of(waiting.get(address(study, "judging/")))


@pytest.mark.django_db
def test_answers_are_the_expertise_that_a_batch_asks_for_and_own_words_are_never_judged():
    study, another = (expert_study() for _study in range(2))
    batch = batch_of(study)
    lacking, skilled = (make_enrolment(study) for _someone in range(2))
    for enrolment, uses in ((lacking, "No"), (skilled, "Yes")):
        answer_start(enrolment, uses)
    talk = make_conversation(skilled)
    make_task(batch, turn=talk.turns.get(number=0))
    other = make_task(batch)
    assert assigning.next_assignment(batch, Annotator(enrolment=lacking)) is None
    assert assigning.next_assignment(batch, Annotator(enrolment=skilled)).task == other
    another.protocols.all().delete()
    client, enrolment = newcomer(another)
    submit(client, another, "start", {"age": "18 or older", "uses": "No", "why": ""})
    Enrolment.objects.filter(pk=enrolment.pk).update(survey_finished_at=timezone.now())
    assert where(client, another) == "judging/"
    assert begin(client, another) == address(another, "done/")
    assert "COUT" in text_of(client.get(address(another, "done/")))


def expert_study() -> Study:
    """With a survey, and a batch for those who said that they use models."""
    study = make_study(questionnaire=Questionnaire.load(SMALL), panel=CODES)
    batch = make_batch(study, tags=["yes"])
    RecruitedTasks.objects.create(study=study, tasks=5, batch=batch, tags_from=["uses"])
    return study


def answer_start(enrolment: Enrolment, uses: str) -> None:
    submit_page(enrolment, enrolment.devices.get(), "start", {"age": "18 or older", "uses": uses})


@pytest.mark.django_db
def test_test_participants_take_no_place_and_count_nowhere_and_what_expires_comes_back():
    study = judging_study(tasks=1)
    batch = batch_of(study)
    task = make_task(batch)
    tester, member = make_enrolment(study, is_test=True), make_enrolment(study)
    tried = assigning.next_assignment(batch, Annotator(enrolment=tester))
    real = assigning.next_assignment(batch, Annotator(enrolment=member))
    assert (tried.task, real.task, tried.is_test, real.is_test) == (task, task, True, False)
    Draft.objects.create(assignment=tried, data={})
    Assignment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    expire_assignments()
    task.refresh_from_db()
    assert (task.taken, task.done) == (0, 0)
    assert assigning.next_assignment(batch, Annotator(enrolment=tester)) == tried
    assert assigning.next_assignment(batch, Annotator(enrolment=member)) == real


@pytest.mark.django_db
def test_training_and_known_answers_go_to_everybody_once_and_take_no_place():
    batch = make_batch(overlap=1, gold_share=0.5, order_seed=3)
    make_task(batch, is_training=True, needed=0)
    known = [make_task(batch, gold={"kind": 1}, needed=0) for _number in range(3)]
    for _number in range(24):
        make_task(batch)
    study = batch.study
    met: list[list[int]] = []
    for _someone in range(3):
        someone, had = Annotator(enrolment=make_enrolment(study)), []
        while len(had) < 9 and (given := assigning.next_assignment(batch, someone)):
            had.append(given.task)
            Assignment.objects.filter(pk=given.pk).update(state=State.SUBMITTED)
        met.append(had)
    for had in met:
        assert had[0].is_training
        assert len(set(had)) == 9
    # Hidden among the others: of each person by chance, so that one of a few hundred meets none.
    assert any(set(known) & set(had[2:]) for had in met)
    counted = [task for had in met for task in had if task.needed]
    assert len(counted) == len(set(counted)) == batch.tasks.filter(taken=1).count()
    assert not batch.tasks.filter(needed=0, taken__gt=0).exists()
    assert not batch.tasks.finished().exists()


@pytest.mark.django_db(transaction=True)
def test_participants_at_once_never_exceed_the_overlap_or_their_share():
    study = judging_study(tasks=3, overlap=2)
    batch = batch_of(study)
    for _number in range(6):
        make_task(batch)
    known = make_task(batch, gold={"kind": 1}, needed=0, is_training=True)
    people = [newcomer(study) for _number in range(6)]
    together = Barrier(2 * len(people), timeout=60)
    answers: list[int] = []

    def work(client: Client) -> None:
        try:
            together.wait()
            for _task in range(5):
                answers.append(client.post(begin(client, study), SAID).status_code)
        finally:
            connection.close()

    # Each person in two windows at once, as people do.
    threads = [Thread(target=work, args=[client]) for client, _one in people for _window in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert set(answers) <= {302, 405}
    for task in batch.tasks.exclude(pk=known.pk):
        held = task.assignments.filter(state__in=[State.OPEN, State.SUBMITTED])
        assert task.taken == held.count() <= 2
        assert task.done == held.filter(state=State.SUBMITTED).count()
    for _client, enrolment in people:
        mine = Assignment.objects.filter(enrolment=enrolment, state=State.SUBMITTED)
        assert mine.exclude(task=known).count() <= 3
        assert mine.filter(task=known).count() == 1
    assert known.assignments.count() == 6


@pytest.mark.django_db
def test_who_runs_the_study_says_what_participants_annotate_and_its_files_carry_it(client):
    study = make_study(questionnaire=Questionnaire.load(SMALL))
    batch, foreign = make_batch(study, state=Batch.State.DRAFT), make_batch()
    page = f"/coordinate/studies/{study.slug}/recruited/"
    wanted = {"batch": batch.pk, "tasks": "4", "tags_from": ["uses"]}
    stranger, annotator = make_member(make_study()), make_member(study, Role.ANNOTATOR)
    for somebody, status in ((stranger, 404), (annotator, 403)):
        client.force_login(somebody)
        assert client.get(page).status_code == status
        assert client.post(page, wanted).status_code == status
    client.force_login(make_member(study, Role.COORDINATOR))
    assert "Participants who annotate" in text_of(client.get(f"/coordinate/studies/{study.slug}/batches/"))
    wrong = ({"tasks": "0"}, {"batch": foreign.pk}, {"tags_from": ["story"]}, {"tasks": "many"})
    assert {client.post(page, wanted | one).status_code for one in wrong} == {422}
    assert client.post(page, wanted).status_code == 302
    found = RecruitedTasks.objects.get()
    assert (found.batch, found.tasks, found.tags_from, found.languages_from) == (batch, 4, ["uses"], [])
    assert AuditEvent.objects.get(action="recruited_tasks.changed").subject == batch.slug
    assert "nobody finds a task in it" in text_of(client.get(page))
    files = study_files.export(study)
    assert files["annotation.yaml"] == "format: prism-annotation/1\ntasks: 4\nexpertise:\n- uses\n"
    copied = RecruitedTasks.objects.get(study=study_files.clone(study, "copied"))
    assert (copied.batch, copied.tasks, copied.tags_from) == (None, 4, ["uses"])
    assert "no batch is chosen" in gap(copied.study)
    broken = files | {"annotation.yaml": "format: prism-annotation/1\ntasks: 0\nwhat: 1\n"}
    with pytest.raises(FolderError) as refused:
        study_files.check(broken, slug="broken")
    assert {(one.file, one.line) for one in refused.value.problems} == {
        ("annotation.yaml", 2),
        ("annotation.yaml", 3),
    }
    # The monitor counts who came to the stage.
    Batch.objects.update(state=Batch.State.OPEN)
    Study.objects.filter(pk=study.pk).update(questionnaire=None)
    study.protocols.all().delete()
    make_task(batch)
    visitor, _enrolment = newcomer(Study.objects.get(pk=study.pk))
    begin(visitor, study)
    assert ("annotations", 1) in [(step.key, step.reached) for step in funnel(study).steps]
    assert "Judging answers" in text_of(client.get(f"/coordinate/studies/{study.slug}/participants/"))
