"""Judges in the workbench: adding one, what a run will cost, starting, watching, limits, who may."""

import pytest
from django.test import Client
from django.urls import reverse

from annotations.judging import lanes
from annotations.judging.judges import load_prompts
from annotations.models import Judge, JudgeRun
from annotations.prompts import shipped
from conversations.fakellm import server as fakellm
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.annotations.judged import make_judge, make_pairs
from tests.factories import make_member, make_user

pytestmark = pytest.mark.django_db


def client_of(study, role: str) -> Client:
    client = Client()
    client.force_login(make_member(study, role))
    return client


def test_a_judge_is_added_given_a_batch_started_watched_paused_and_finished():
    with fakellm.running() as url:
        batch = make_pairs(4)
        study = batch.study
        client = client_of(study, Role.COORDINATOR)

        def at(name: str, *args: object) -> str:
            return reverse(f"annotating:{name}", args=[study.slug, *args])

        assert "No judge has been at work yet" in client.get(at("judges")).content.decode()
        model = make_judge(batch, url, model="judge;fail=invalid;times=2").model
        fields = {"name": "strict", "model": model.pk, "temperature": "0", "seed": "1", "most_tokens": "300"}
        fields |= {"prompt_set": load_prompts(shipped("preference")).pk, "both_orders": "on"}
        assert client.post(at("add_judge"), fields | {"temperature": "3"}).status_code == 422
        assert client.post(at("add_judge"), fields)["Location"] == at("judges")
        assert client.post(at("add_judge"), fields).status_code == 422
        judge = Judge.objects.get(study=study, name="strict")
        wanted = {"batch": batch.pk, "judge": judge.pk, "most_cost": "1.5", "lanes": "2"}
        begun = client.post(at("begin_judge_run"), wanted)
        run = JudgeRun.objects.get(judge=judge)
        assert begun["Location"] == at("judge_run", run.pk)
        assert client.post(at("begin_judge_run"), wanted).status_code == 422
        page = client.get(at("judge_run", run.pk)).content.decode()
        assert "4 tasks, about 8 calls" in page
        assert "hx-get" not in page.partition('id="judge-run"')[2].partition("</div>")[0]
        client.post(at("start_judge_run", run.pk))
        assert "hx-get" in client.get(at("judge_run", run.pk)).content.decode()
        client.post(at("pause_judge_run", run.pk))
        assert not lanes.work(run.pk)
        assert run.judged.filter(state="waiting").count() == 4
        client.post(at("limit_judge_run", run.pk), {"most_tokens": "1000000", "lanes": "1"})
        client.post(at("start_judge_run", run.pk))
        lanes.work(run.pk)
    run.refresh_from_db()
    assert (run.state, run.most_cost, run.most_tokens) == ("done", None, 1_000_000)
    page = client.get(at("judge_run", run.pk)).content.decode()
    moving = client.get(at("judge_run", run.pk), headers={"HX-Request": "true"}).content.decode()
    assert moving.strip().startswith("<div id=")
    for text in ("3 / 4", "Unusable replies", "Calls: 6 finished, 2 not valid, 0 failed, 0 lost."):
        assert text in page
    assert "3 / 4" in moving
    assert "3 / 4" in client.get(at("judges")).content.decode()
    acts = set(AuditEvent.objects.filter(study=study).values_list("action", flat=True))
    assert acts >= {"judge.added", "judge_run.begun", "judge_run.started", "judge_run.paused"}
    assert "judge_run.limited" in acts
    assert "has changed" in client.post(at("cancel_judge_run", run.pk), follow=True).content.decode()


def test_only_who_runs_the_study_sends_judges_and_strangers_see_none():
    batch, other = make_pairs(1), make_pairs(1)
    run = JudgeRun.objects.create(batch=batch, judge=make_judge(batch, "http://127.0.0.1:1/v1"))
    foreign = make_judge(other, "http://127.0.0.1:1/v1")
    study = batch.study
    analyst, stranger = client_of(study, Role.ANALYST), Client()
    stranger.force_login(make_user())
    page, start = (
        reverse(f"annotating:{name}", args=[study.slug, run.pk]) for name in ("judge_run", "start_judge_run")
    )
    assert (analyst.get(page).status_code, stranger.get(page).status_code) == (200, 404)
    assert "Start the run" not in analyst.get(page).content.decode()
    assert (analyst.post(start).status_code, stranger.post(start).status_code) == (403, 404)
    owner = client_of(study, Role.OWNER)
    begin = reverse("annotating:begin_judge_run", args=[study.slug])
    assert owner.post(begin, {"batch": batch.pk, "judge": foreign.pk, "lanes": "1"}).status_code == 422
    elsewhere = reverse("annotating:start_judge_run", args=[other.study.slug, run.pk])
    assert client_of(other.study, Role.OWNER).post(elsewhere).status_code == 404
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_member(study, Role.OWNER))
    assert strict.post(start).status_code == 403
    run.refresh_from_db()
    assert run.state == "ready"
