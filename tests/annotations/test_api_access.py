"""Every route of the API of annotations: who is let in, who is refused, and that the schema has it."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analysis.api.urls import urlpatterns as analysis
from analysis.models import Dissection
from annotations import agreement_reports, assigning
from annotations.api.urls import urlpatterns as annotations
from annotations.assigning import Annotator
from annotations.codes import coder
from annotations.judging import runs
from annotations.judging.runs import Limits
from annotations.models import Assignment, Batch, JudgeRun
from surveys.models import AuditEvent, Study
from surveys.models.people import Role
from surveys.models.token import Scope
from tests.annotations.judged import make_judge
from tests.annotations.making import make_annotation, make_assignment, make_batch, make_task
from tests.conversations.test_api_access import Route, lacking_one_scope, misfits
from tests.factories import make_member, make_study, make_user
from tests.surveys.programs import assert_problem, secret_of, signed_in

pytestmark = pytest.mark.django_db
URLS = [*annotations, *(one for one in analysis if "dissection" in one.name)]
PATTERNS = {pattern.name: str(pattern.pattern) for pattern in URLS}
READ, WRITE, MINE = Scope.ANNOTATIONS, Scope.ANNOTATIONS_WRITE, Scope.ANNOTATE
FOR_ANNOTATORS = {"annotation_form", "next_task"}
OWN = {"my_task", "draft", "submit", "skip", "release"}  # a task is its annotator's alone
LISTS = {
    "rubrics",
    "batches",
    "tasks",
    "annotations",
    "contests",
    "rulings",
    "judges",
    "judge_runs",
    "dissections",
}


def contested(batch: Batch, people: list[Any]) -> None:
    task = make_task(batch)
    for person, value in zip(people, (0, 3), strict=True):
        make_annotation(make_assignment(task, person), {1: [2, value], 2: [2, 2]})


def a_study() -> tuple[Study, list[Route], Any]:
    """A study with a row of everything, its routes, and the person who has a task in hand."""
    study = make_study()
    batch = make_batch(study, overlap=2)
    contested(batch, [make_user(), make_user()])
    make_task(batch)
    agreement_reports.make(batch, "people")
    member = make_member(study, Role.ANNOTATOR)
    given = assigning.next_assignment(batch, Annotator(member))
    assert given is not None
    run = runs.begin(batch, make_judge(batch, "http://127.0.0.1:1/v1"), Limits(), None)
    row = Dissection.objects.create(study=study, batch=batch, state="done", document={"properties": []})
    found = of_study(f"studies/{study.slug}/", batch, run, row.code, coder(study)(member.pk))
    return study, [*found, *of_person(given)], member


def of_study(base: str, batch: Batch, run: JudgeRun, dissection: str, annotator: str) -> list[Route]:
    here, of_run = f"{base}batches/{batch.slug}/", f"{base}judge-runs/{run.pk}/"
    version = batch.rubric_version
    rubric, cell = f"{base}rubrics/{version.rubric.slug}/", f"{here}contests/1/1/clear/"

    def write(name: str, address: str, method: str = "post", scope: str = WRITE, **body: Any) -> Route:
        return Route(name, address, scope, False, method, body)

    return [
        Route("rubrics", f"{base}rubrics/", READ),
        write("rubrics", f"{base}rubrics/"),
        Route("check_rubric", f"{base}rubrics/check/", READ, True, "post", {"document": "x"}),
        Route("rubric_version", f"{base}rubrics/versions/{version.pk}/", READ),
        Route("rubric", rubric, READ),
        write("rubric", rubric),
        Route("batches", f"{base}batches/", READ),
        write("batches", f"{base}batches/"),
        write("batch_size", f"{base}batch-size/"),
        write("open_batch", f"{here}open/"),
        Route("batch", here, READ),
        write("batch", here, "patch", tags=[]),
        write("batch", here, "delete"),
        write("fill_batch_again", f"{here}again/"),
        write("mask_batch", f"{here}mask/"),
        Route("batch_suggestions", f"{here}suggestions/", READ, False),
        write("batch_suggestions", f"{here}suggestions/", "put", suggestions="off"),
        Route("batch_annotators", f"{here}annotators/", READ, False),
        Route("known_answers", f"{here}known-answers/", READ, False),
        Route("tasks", f"{here}tasks/", READ),
        Route("task", f"{here}tasks/1/", READ),
        Route("annotations", f"{here}annotations/", READ),
        Route("annotators", f"{base}annotators/", READ, False),
        Route("annotator", f"{base}annotators/{annotator}/", READ, False),
        write("annotator", f"{base}annotators/{annotator}/", "patch", tags=["law"]),
        Route("agreement", f"{here}agreement/", READ),
        Route("agreement", f"{here}agreement/", WRITE, True, "post", {"of": "judges"}),
        Route("contest_rule", f"{here}contest-rule/", READ, False),
        write("contest_rule", f"{here}contest-rule/", "patch", least_range=2),
        Route("contests", f"{here}contests/", MINE, False),
        Route("rulings", f"{here}rulings/", MINE, False),
        Route("contest", cell, MINE, False),
        write("look", f"{cell}look/", scope=MINE, value=1),
        write("rule", f"{cell}rule/", scope=MINE),
        Route("judges", f"{base}judges/", READ),
        write("judges", f"{base}judges/"),
        Route("judge_prompts", f"{base}judge-prompts/", READ),
        write("judge_prompts", f"{base}judge-prompts/"),
        Route("check_judge_prompts", f"{base}judge-prompts/check/", READ, True, "post", {"document": "x"}),
        Route("judge_prompt_set", f"{base}judge-prompts/{run.judge.prompt_set_id}/", READ),
        Route("judge_runs", f"{base}judge-runs/", READ),
        write("judge_runs", f"{base}judge-runs/"),
        write("judge_estimate", f"{base}judge-runs/estimate/", batch=batch.slug, judge=run.judge.name),
        Route("judge_run", of_run, READ),
        write("judge_run", of_run, "patch", lanes=2),
        *(write(f"{act}_judge_run", f"{of_run}{act}/") for act in ("start", "pause", "cancel")),
        Route("judge_quarantine", f"{of_run}quarantine/", READ),
        Route("scenario_groups", f"{base}scenario-groups/", READ),
        write("scenario_groups", f"{base}scenario-groups/", "put"),
        Route("batch_scenarios", f"{here}scenarios/", READ),
        write("batch_scenarios", f"{here}scenarios/", "patch", groups={}),
        write("suggest_scenarios", f"{here}scenarios/suggest/"),
        Route("annotation_form", f"{here}form/", MINE, False),
        write("next_task", f"{here}next/", scope=MINE),
        Route("dissections", f"{base}dissections/", READ),
        write("dissections", f"{base}dissections/"),
        Route("dissection", f"{base}dissections/{dissection}/", READ),
        Route("dissection_result", f"{base}dissections/{dissection}/result/", READ),
        write("close_batch", f"{here}close/"),
    ]


def of_person(given: Assignment) -> list[Route]:
    one = f"annotate/tasks/{given.pk}/"
    said = {"values": {"clear": {"a": 1}}}
    return [
        Route("my_batches", "annotate/batches/", MINE),
        Route("my_task", one, MINE),
        Route("draft", f"{one}draft/", MINE, False, "put", said),
        Route("submit", f"{one}submit/", MINE, False, "post", said),
        Route("skip", f"{one}skip/", MINE, False, "post", {"reason": "Unclear"}),
        Route("release", f"{one}release/", MINE, False, "post"),
    ]


def test_every_route_and_method_is_tested_here():
    _study, routes, _member = a_study()
    known = {
        (pattern.name, method)
        for pattern in URLS
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(pattern.callback.cls, method)
    }
    assert {(route.name, route.method) for route in routes} == known


def test_who_runs_the_study_may_do_everything_an_analyst_reads_and_an_annotator_annotates():
    study, routes, member = a_study()
    annotator, analyst = secret_of(member), secret_of(make_member(study, Role.ANALYST))
    for route in routes:
        allowed = route.is_for_analysts and route.name not in OWN
        wanted = {200, 202} if allowed else {404 if route.name in OWN else 403}
        assert route.by(analyst).status_code in wanted, route
    for route in routes:
        is_theirs = route.scope == MINE and route.name in FOR_ANNOTATORS | OWN | {"my_batches"}
        status = route.by(annotator).status_code
        assert status in ({200, 204, 409} if is_theirs else {403}), route
    coordinator = secret_of(make_member(study, Role.COORDINATOR))
    for route in routes:
        status = route.by(coordinator).status_code
        if route.name in OWN:
            assert status == 404, route
        elif route.method == "get":
            assert status == 200, route
        else:
            assert status in {200, 201, 202, 204, 400, 409}, route


def test_strangers_find_nothing_wrong_scopes_are_named_and_nobody_comes_without_a_token():
    study, routes, member = a_study()
    stranger = secret_of(make_member(make_study(), Role.OWNER))  # who has every right elsewhere
    owner = make_member(study, Role.OWNER)
    owners, theirs = lacking_one_scope(owner, routes), lacking_one_scope(member, routes)
    before = AuditEvent.objects.filter(study=study).count()
    for route in routes:
        assert_problem(route.by(""), 401)
        if route.name == "my_batches":
            assert route.by(stranger).json()["results"] == []
        else:
            assert_problem(route.by(stranger), 404)
        lacking = theirs if route.name in OWN else owners
        assert route.scope in assert_problem(route.by(lacking[route.scope]), 403)["detail"]
    browser = signed_in(owner, enforce_csrf_checks=True)
    for route in routes:
        if route.method != "get":
            refused = getattr(browser, route.method)(f"/api/v1/{route.address}", "{}", "application/json")
            assert "CSRF" in assert_problem(refused, 403)["detail"]
    assert AuditEvent.objects.filter(study=study).exclude(action__startswith="token").count() == before
    assert Assignment.objects.filter(state="open").count() == 1


def test_answers_are_what_the_schema_says_and_name_nobody():
    study, routes, member = a_study()
    owner = make_member(study, Role.OWNER)
    secret, annotator = secret_of(owner), secret_of(member)
    changes = {"check_rubric", "look", "judge_estimate", "next_task", "start_judge_run", "close_batch"}
    changes |= {"check_judge_prompts"}
    hidden = [owner.email, member.email, *Assignment.objects.values_list("annotator__email", flat=True)]
    for route in sorted(routes, key=lambda route: route.name == "close_batch"):
        if route.method == "get" or route.name in changes or (route.name, route.method) == ("batch", "patch"):
            whose = annotator if route.name in OWN | {"my_batches", "next_task"} else secret
            assert misfits(PATTERNS[route.name], route, whose) == [], route
            said = route.by(whose).content.decode()
            assert [name for name in hidden if name in said] == [], route


def test_no_list_asks_the_database_more_often_for_more_rows():
    study, routes, _member = a_study()
    secret = secret_of(make_member(study, Role.OWNER))
    lists = [route for route in routes if route.name in LISTS and route.method == "get"]
    assert len(lists) == len(LISTS)
    few = {route.name: queries_of(route, secret) for route in lists}
    batch, people = study.batches.get(), [make_user(), make_user()]
    for _ in range(3):
        contested(batch, people)
        other = make_batch(study)
        runs.begin(other, make_judge(other, "http://127.0.0.1:1/v1"), Limits(), None)
        Dissection.objects.create(study=study, batch=other, state="failed")
    agreement_reports.make(batch, "people")
    assert {route.name: queries_of(route, secret) for route in lists} == few
    assert max(few.values()) <= 22


def queries_of(route: Route, secret: str) -> int:
    route.by(secret)  # what is noted once a minute is noted now
    with CaptureQueriesContext(connection) as queries:
        assert route.by(secret).status_code == 200
    return len(queries)
