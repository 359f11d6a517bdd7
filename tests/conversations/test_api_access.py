"""Every route of the API of conversations: who is let in, who is refused, and that the schema has it."""

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from drf_spectacular.validation import validate_schema
from jsonschema import Draft4Validator

from conversations.api.urls import urlpatterns
from conversations.models import Repeat
from surveys import programs
from surveys.models import Device, Enrolment
from surveys.models.people import Role
from surveys.models.token import Scope
from tests.factories import (
    make_conversation,
    make_enrolment,
    make_member,
    make_models,
    make_reaction,
    make_report,
    make_study,
    make_user,
    make_vote,
)
from tests.surveys.programs import asked, assert_problem, secret_of, sent, signed_in

pytestmark = pytest.mark.django_db
MOST_QUERIES = 22
NEWCOMER = {"key": "ben", "is_test": True}


@dataclass(frozen=True)
class Route:
    """A method of an address, the scope that it needs, and whether analysts may do it."""

    name: str
    address: str
    scope: str
    is_for_analysts: bool = True
    method: str = "get"
    body: dict[str, Any] = field(default_factory=dict)

    def by(self, secret: str):
        if self.method == "get":
            return asked(self.address, secret)
        return sent(self.address, secret, self.method, **self.body)


def of_study(here: str, talk: str, person: str, held: str) -> list[Route]:
    read = Scope.CONVERSATIONS
    act = f"{here}participants/{person}/conversations/{held}/"
    lists = ("conversations", "turns", "ratings", "votes", "reactions")
    acts = (
        "say",
        "again",
        "stop",
        "rate",
        "choose",
        "finish",
        "feedback",
        "vote",
        "react",
        "reveal",
        "report",
    )
    return [
        *(Route(name, f"{here}{name}/", read) for name in lists),
        Route("conversation", f"{here}conversations/{talk}/", read),
        Route("reports", f"{here}reports/", read, is_for_analysts=False),
        Route("raw_texts", f"{here}raw-texts/", Scope.TEXTS, False),
        Route("raw_text", f"{here}raw-texts/1/", Scope.TEXTS, False, "post"),
        Route("pool", f"{here}models/", Scope.MODELS, is_for_analysts=False),
        Route("pool", f"{here}models/", Scope.MODELS_WRITE, False, "put"),
        Route("protocols", f"{here}protocols/", Scope.PROTOCOLS),
        Route("protocol", f"{here}protocols/1/", Scope.PROTOCOLS),
        Route("check_protocol", f"{here}protocols/check/", Scope.PROTOCOLS, True, "post", {"document": "x"}),
        Route("protocols", f"{here}protocols/", Scope.PROTOCOLS_WRITE, False, "post"),
        Route("participants", f"{here}participants/", Scope.CONVERSE, False, "post"),
        Route("participant", f"{here}participants/{person}/", Scope.CONVERSE, False),
        Route("to_rate", f"{here}participants/{person}/to-rate/", Scope.CONVERSE, False),
        Route("to_rate", f"{here}participants/{person}/to-rate/", Scope.CONVERSE, False, "post", {"turn": 1}),
        Route("begin", f"{here}participants/{person}/conversations/", Scope.CONVERSE, False, "post"),
        Route("talk", act, Scope.CONVERSE, False),
        *(Route(f"talk_{name}", f"{act}{name}/", Scope.CONVERSE, False, "post") for name in acts),
    ]


def of_registry(model: Any) -> list[Route]:
    def read(name: str, address: str) -> Route:
        return Route(name, address, Scope.MODELS, is_for_analysts=False)

    def write(name: str, address: str, method: str = "post") -> Route:
        return Route(name, address, Scope.MODELS_WRITE, False, method)

    one, where = f"models/{model.pk}/", f"providers/{model.provider_id}/"
    return [
        read("models", "models/"),
        write("models", "models/"),
        read("model", one),
        write("model", one, "patch"),
        write("try_model", f"{one}test/"),
        read("catalogue", "models/catalogue/"),
        write("catalogue", "models/catalogue/"),
        read("health", "models/health/"),
        read("providers", "providers/"),
        write("providers", "providers/"),
        read("provider", where),
        write("provider", where, "patch"),
        write("bring_back", f"{where}back/"),
    ]


def a_study() -> tuple[Any, list[Route]]:
    """A study with a row of everything, and its routes."""
    study = make_study()
    pair = make_models(2, study)
    talk = make_conversation(make_enrolment(study), models=pair, share_key="a-secret-of-a-link")
    make_vote(talk.turns.first())
    make_reaction(talk.turns.first().responses.first())
    make_report(talk)
    person, _ = programs.bring_in(study, "anna", make_member(study), is_test=True)
    held = make_conversation(person, models=pair)
    turn = held.turns.first()
    order = list(turn.responses.order_by("-slot").values_list("pk", flat=True))
    Repeat.objects.create(after=held, turn=turn, order=order, chance=1, seed="seed")
    here = f"studies/{study.slug}/"
    routes = of_study(here, talk.code, person.code, held.code)
    return study, [*routes, *of_registry(pair[0])]


def statuses(routes: list[Route], secret: str) -> dict[tuple[str, str], int]:
    return {(route.method, route.address): route.by(secret).status_code for route in routes}


def test_every_route_and_method_is_tested_here():
    _study, routes = a_study()
    tested = {(route.name, route.method) for route in routes}
    known = {
        (pattern.name, method)
        for pattern in urlpatterns
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(pattern.callback.cls, method)
    }
    assert tested == known


def test_who_runs_the_study_may_do_everything_and_an_analyst_reads():
    study, routes = a_study()
    for role in (Role.OWNER, Role.COORDINATOR):
        answers = statuses(routes, secret_of(make_member(study, role, may_reidentify=True)))
        assert set(answers.values()) <= {200, 201, 400, 409}, answers
        assert {answers["get", route.address] for route in routes if route.method == "get"} == {200}
    analyst = secret_of(make_member(study, Role.ANALYST))
    for route in routes:
        answer = route.by(analyst)
        assert answer.status_code in ({200} if route.is_for_analysts else {403}), route


def lacking_one_scope(user: Any, routes: list[Route]) -> dict[str, str]:
    """For each scope that a route asks for a token with all others."""
    asked_for = {route.scope for route in routes}
    return {scope: secret_of(user, *(set(Scope.values) - {scope})) for scope in asked_for}


def test_strangers_find_nothing_annotators_and_wrong_scopes_are_refused_and_nobody_comes_without_a_token():
    study, routes = a_study()
    stranger = secret_of(make_user())
    owner = make_member(study, Role.OWNER, may_reidentify=True)
    elsewhere = secret_of(make_member(make_study(), Role.OWNER))
    annotator = secret_of(make_member(study, Role.ANNOTATOR))
    before = study.protocols.count(), study.enrolments.count(), study.conversations.count()
    lacking = lacking_one_scope(owner, routes)
    for route in routes:
        is_study = route.address.startswith("studies/")
        assert_problem(route.by(""), 401)
        assert_problem(route.by(stranger), 404 if is_study else 403)
        assert_problem(route.by(annotator), 403)
        assert route.scope in assert_problem(route.by(lacking[route.scope]), 403)["detail"]
        if is_study:
            assert_problem(route.by(elsewhere), 404)
        elif route.name in {"model", "provider"}:  # a study that they do not run draws it
            assert_problem(route.by(elsewhere), 403)
    assert before == (study.protocols.count(), study.enrolments.count(), study.conversations.count())


def test_a_session_changes_nothing_without_its_csrf_token():
    study, routes = a_study()
    browser = signed_in(make_member(study, may_reidentify=True), enforce_csrf_checks=True)
    for route in routes:
        if route.method == "get":
            assert browser.get(f"/api/v1/{route.address}").status_code == 200
        else:
            verb = getattr(browser, route.method)
            refused = verb(f"/api/v1/{route.address}", "{}", "application/json")
            assert "CSRF" in assert_problem(refused, 403)["detail"]


def test_answers_are_what_the_schema_says():
    study, routes = a_study()
    validate_schema(schema())
    secret = secret_of(make_member(study, may_reidentify=True))
    patterns = {pattern.name: str(pattern.pattern) for pattern in urlpatterns}
    for route in routes:
        if route.method != "get" or route.name == "catalogue":
            continue
        assert misfits(patterns[route.name], route, secret) == [], route.address
    changes = [
        Route(
            "check_protocol", f"studies/{study.slug}/protocols/check/", "", True, "post", {"document": "x"}
        ),
        Route("participants", f"studies/{study.slug}/participants/", "", False, "post", NEWCOMER),
        *(route for route in routes if (route.name, route.method) == ("model", "patch")),
        *(route for route in routes if (route.name, route.method) == ("provider", "patch")),
    ]
    for route in changes:
        assert misfits(patterns[route.name], route, secret) == [], route.address


@cache
def schema() -> dict[str, Any]:
    """What the API says of itself, which is the same for all tests."""
    said: dict[str, Any] = asked("schema/", format="json").json()
    return said


@cache
def components() -> Any:
    return json_schema(schema()["components"])


def misfits(pattern: str, route: Route, secret: str) -> list[str]:
    """What in the answer is not as the schema says for the answer's status."""
    path = "/api/v1/" + re.sub(r"<\w+:(\w+)>", r"{\1}", pattern)
    answered = route.by(secret)
    assert answered.status_code < 300, (route, answered.content)
    described = schema()["paths"][path][route.method]["responses"][str(answered.status_code)]
    content = json_schema(described["content"]["application/json"]["schema"])
    whole = {**content, "components": components()}
    return [error.message for error in Draft4Validator(whole).iter_errors(answered.json())]


def json_schema(part: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema, where null is a type of its own, and formats are not looked at."""
    if isinstance(part, list):
        return [json_schema(each) for each in part]
    if not isinstance(part, dict):
        return part
    found = {key.replace("oneOf", "anyOf"): json_schema(part[key]) for key in part if key != "nullable"}
    return {"anyOf": [found, {"type": "null"}]} if part.get("nullable") is True else found


def test_no_route_names_a_person_and_none_asks_the_database_more_often_for_more_rows():
    study, routes = a_study()
    secret = secret_of(make_member(study, may_reidentify=True))
    reads = [route for route in routes if route.method == "get"]
    few = {route.address: queries_of(route, secret) for route in reads}
    pair = make_models(2, study)
    for _ in range(4):
        talk = make_conversation(make_enrolment(study), models=pair, turns=3)
        make_vote(talk.turns.first())
        make_reaction(talk.turns.first().responses.first())
        make_report(talk)
    many = {route.address: queries_of(route, secret) for route in reads}
    assert many == few
    assert max(few.values()) <= MOST_QUERIES


def queries_of(route: Route, secret: str) -> int:
    route.by(secret)  # what is noted once a minute is noted now
    with CaptureQueriesContext(connection) as queries:
        said = route.by(secret).content.decode()
    people = Enrolment.objects.filter(study__slug__in=route.address.split("/"))
    hidden = {"panelstudy1", "a-secret-of-a-link", *people.values_list("participant__code", flat=True)}
    hidden.update(Device.objects.values_list("key", flat=True))
    assert [word for word in hidden if word in said] == []
    return len(queries)
