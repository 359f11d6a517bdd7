"""The API for reading: whose token or session sees what, in which shape, with how many queries."""

from base64 import b64encode
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from prism.api import urlpatterns
from surveys import people, tokens
from surveys.models import ApiToken, AuditEvent, Cell, Enrolment, Membership, Questionnaire
from surveys.models.people import Role
from surveys.models.token import Scope
from surveys.quality import deciding
from surveys.quotas import versions
from tests.factories import make_enrolment, make_member, make_study, make_user
from tests.surveys.programs import asked, assert_problem, follow, secret_of, signed_in
from tests.surveys.visitors import SMALL

pytestmark = pytest.mark.django_db
QUOTAS = """\
format: prism-quotas/1
strata:
  - {key: uses, question: uses, categories: {with: ["Yes"], without: ["No"]}}
tables:
  - key: use
    strata: [uses]
    undisclosed: outside
    targets:
      - {cell: [with], places: 30}
      - {cell: [without], places: 40}
"""
MOST_QUERIES = 10


def addresses(study, enrolment) -> dict[str, str]:
    here, now = f"studies/{study.slug}/", study.questionnaire
    return {
        here: Scope.STUDIES,
        f"{here}outcomes/": Scope.STUDIES,
        f"{here}outcomes/days/": Scope.STUDIES,
        f"{here}quotas/": Scope.QUOTAS,
        f"{here}quotas/cells/": Scope.QUOTAS,
        f"{here}questionnaires/": Scope.QUESTIONNAIRES,
        f"{here}questionnaires/{now.key}/{now.version}/": Scope.QUESTIONNAIRES,
        f"{here}enrolments/": Scope.ENROLMENTS,
        f"{here}enrolments/{enrolment.code}/": Scope.ENROLMENTS,
    }


def test_the_addresses_tested_here_are_all_routes_of_a_study():
    study = make_study()
    routes = [
        route
        for route in urlpatterns
        if str(route.pattern).startswith("studies/<") and route.callback.__module__ == "surveys.api.views"
    ]
    assert len(routes) == len(addresses(study, make_enrolment(study)))


def test_an_owners_and_an_analysts_token_open_every_route():
    study = make_study()
    each = addresses(study, make_enrolment(study))
    for role in (Role.OWNER, Role.COORDINATOR, Role.ANALYST):
        secret = secret_of(make_member(study, role))
        assert {address: asked(address, secret).status_code for address in each} == dict.fromkeys(each, 200)


def test_a_strangers_and_another_studys_owners_token_find_nothing():
    study = make_study()
    each = addresses(study, make_enrolment(study))
    for user in (make_user(), make_member(make_study(), Role.OWNER)):
        secret = secret_of(user)
        for address in each:
            assert_problem(asked(address, secret), 404)
    assert asked("studies/", secret_of(make_user())).json()["results"] == []


def test_an_annotators_token_is_refused_the_picture():
    study = make_study()
    secret = secret_of(make_member(study, Role.ANNOTATOR))
    for address in addresses(study, make_enrolment(study)):
        assert_problem(asked(address, secret), 403)
    assert asked("studies/", secret).json()["results"] == []


def test_a_token_without_the_scope_is_refused_although_its_person_may():
    study = make_study()
    user = make_member(study, Role.OWNER)
    for address, scope in addresses(study, make_enrolment(study)).items():
        others = [each for each in Scope.values if each != scope]
        assert scope in assert_problem(asked(address, secret_of(user, *others)), 403)["detail"]
        assert asked(address, secret_of(user, scope)).status_code == 200


def test_a_token_of_somebody_who_was_removed_from_the_study_finds_nothing():
    study = make_study()
    owner, member = make_member(study, Role.OWNER), make_member(study, Role.COORDINATOR)
    secret = secret_of(member)
    assert asked(f"studies/{study.slug}/", secret).status_code == 200
    people.remove(Membership.objects.get(study=study, user=member), owner)
    assert_problem(asked(f"studies/{study.slug}/", secret), 404)
    assert asked("studies/", secret).json()["results"] == []


def test_revoked_expired_unknown_and_inactive_tokens_are_refused():
    study = make_study()
    owner = make_member(study, Role.OWNER)
    revoked, expired = secret_of(owner), secret_of(owner)
    rows = list(ApiToken.objects.order_by("pk"))
    tokens.revoke(rows[0], owner)
    ApiToken.objects.filter(pk=rows[1].pk).update(
        created_at=timezone.now() - timedelta(days=2), expires_at=timezone.now() - timedelta(seconds=1)
    )
    left = make_member(study, Role.OWNER)
    inactive = secret_of(left)
    left.is_active = False
    left.save()
    for secret in (revoked, expired, inactive, "prism_AAAA_unknown", "x" * 5000):
        answer = asked("studies/", secret)
        assert_problem(answer, 401)
        assert answer["WWW-Authenticate"] == "Bearer"


def test_a_token_needs_the_second_step_of_sign_in_where_the_role_does(settings):
    study = make_study()
    secret = secret_of(make_member(study, Role.OWNER))
    analyst = secret_of(make_member(study, Role.ANALYST))
    settings.MFA_REQUIRED = True
    assert_problem(asked("studies/", secret), 403)
    assert asked("studies/", analyst).status_code == 200


def test_nobody_reads_without_signing_in():
    assert_problem(asked("studies/"), 401)


def test_a_session_reads_without_a_token():
    study = make_study()
    make_study(slug="another")
    listed = signed_in(make_member(study, Role.ANALYST)).get("/api/v1/studies/").json()["results"]
    assert [entry["slug"] for entry in listed] == [study.slug]


def test_an_owner_reads_counts_without_test_data():
    study = make_study()
    make_enrolment(study)
    make_enrolment(study, outcome="complete", outcome_at=timezone.now())
    make_enrolment(study, is_test=True)
    secret = secret_of(make_member(study, Role.OWNER))
    wanted = dict.fromkeys([value or "in_progress" for value in Enrolment.Outcome.values], 0)
    wanted |= {"in_progress": 1, "complete": 1}
    assert asked(f"studies/{study.slug}/", secret).json()["outcomes"] == wanted
    assert asked(f"studies/{study.slug}/outcomes/", secret).json() == wanted
    assert asked("studies/", secret).json()["results"][0]["outcomes"] == wanted


def test_outcomes_are_counted_by_the_day_they_were_reached():
    study = make_study()
    day = timezone.now().replace(hour=12) - timedelta(days=3)
    for outcome, when in (("complete", day), ("complete", day), ("withdrawn", day - timedelta(days=1))):
        make_enrolment(study, outcome=outcome, outcome_at=when)
    make_enrolment(study)
    secret = secret_of(make_member(study))
    rows = asked(f"studies/{study.slug}/outcomes/days/", secret).json()["results"]
    assert [(row["day"], row["complete"], row["withdrawn"]) for row in rows] == [
        (f"{day:%Y-%m-%d}", 2, 0),
        (f"{day - timedelta(days=1):%Y-%m-%d}", 0, 1),
    ]
    first = asked(f"studies/{study.slug}/outcomes/days/", secret, limit=1).json()
    assert [row["withdrawn"] for row in follow(first["next"], secret)["results"]] == [1]


def test_enrolments_are_shown_by_code_and_never_by_the_panels_ids():
    study = make_study()
    enrolment = make_enrolment(study)
    row = asked(f"studies/{study.slug}/enrolments/", secret_of(make_member(study))).json()["results"][0]
    assert row.keys() == {
        *("code", "state", "stage", "outcome", "is_test", "is_excluded"),
        *("arrived_at", "seen_at", "survey_finished_at", "outcome_at"),
    }
    assert (row["code"], row["state"], row["outcome"]) == (enrolment.code, "in_progress", None)


def test_a_list_by_cursor_shows_each_enrolment_once_although_more_arrive():
    study = make_study()
    secret = secret_of(make_member(study))
    before = [make_enrolment(study).code for _ in range(5)]
    page = asked(f"studies/{study.slug}/enrolments/", secret, limit=2).json()
    seen = [row["code"] for row in page["results"]]
    after = make_enrolment(study).code
    while page["next"]:
        page = follow(page["next"], secret)
        seen += [row["code"] for row in page["results"]]
    assert seen == [*before, after]


def test_enrolments_are_filtered_and_a_wrong_filter_is_named():
    study = make_study()
    secret = secret_of(make_member(study))
    done = make_enrolment(study, outcome="complete", outcome_at=timezone.now(), stage="done")
    walking, test = make_enrolment(study), make_enrolment(study, is_test=True)

    def codes(**wanted) -> list[str]:
        answer = asked(f"studies/{study.slug}/enrolments/", secret, **wanted)
        return [row["code"] for row in answer.json()["results"]]

    assert codes() == [done.code, walking.code]
    assert codes(outcome="complete") == codes(stage="done") == [done.code]
    assert codes(outcome="in_progress") == [walking.code]
    assert codes(test="only") == [test.code]
    assert codes(arrived_after=timezone.now().isoformat()) == []
    wrong = asked(f"studies/{study.slug}/enrolments/", secret, outcome="lost")
    assert "outcome" in assert_problem(wrong, 400)["errors"]


def test_who_is_excluded_from_the_data_is_in_no_list_unless_asked_for_and_still_in_the_outcomes():
    study = make_study()
    user = make_member(study)
    secret, here = secret_of(user), f"studies/{study.slug}"
    kept, excluded = make_enrolment(study), make_enrolment(study)

    def codes(**wanted) -> list[str]:
        return [row["code"] for row in asked(f"{here}/enrolments/", secret, **wanted).json()["results"]]

    deciding.decide([excluded], "exclude", "Copied every answer", user)
    assert codes() == [kept.code]
    assert codes(excluded="with") == [kept.code, excluded.code]
    assert codes(excluded="only") == [excluded.code]
    assert asked(f"{here}/enrolments/{excluded.code}/", secret).json()["is_excluded"] is True
    assert asked(f"{here}/outcomes/", secret).json()["in_progress"] == 2
    assert "excluded" in assert_problem(asked(f"{here}/enrolments/", secret, excluded="yes"), 400)["errors"]
    deciding.decide([excluded], "keep", "It was another person", user)
    assert codes() == [kept.code, excluded.code]


def test_a_parameter_that_is_not_known_is_named_instead_of_ignored():
    study = make_study()
    wrong = asked(f"studies/{study.slug}/enrolments/", secret_of(make_member(study)), outcom="complete")
    assert assert_problem(wrong, 400)["errors"].keys() == {"outcom"}


@pytest.mark.parametrize("rest", ["enrolments/", "outcomes/days/", "quotas/cells/"])
def test_a_cursor_that_was_made_up_is_no_error_of_ours(rest):
    study = make_study()
    secret = secret_of(make_member(study))
    for position in ("abc", "9" * 40, "\x00", "-1", "2026-99-99", "é"):
        cursor = b64encode(urlencode({"p": position}).encode()).decode()
        for made_up in (cursor, position):
            answer = asked(f"studies/{study.slug}/{rest}", secret, cursor=made_up)
            assert answer.status_code in {200, 404}, made_up


def test_another_studys_participant_is_not_found():
    study, other = make_study(), make_study()
    stranger = make_enrolment(other)
    secret = secret_of(make_member(study))
    assert_problem(asked(f"studies/{study.slug}/enrolments/{stranger.code}/", secret), 404)


def test_versions_are_those_the_study_uses_and_not_another_studys_of_the_same_key():
    study = make_study(questionnaire=Questionnaire.load(SMALL))
    theirs = Questionnaire.load(SMALL.replace("A small survey", "Somebody else's secret"))
    make_study(questionnaire=theirs)
    secret = secret_of(make_member(study))
    here = f"studies/{study.slug}/questionnaires/"
    listed = asked(here, secret).json()["results"]
    assert [(row["version"], row["is_current"]) for row in listed] == [(study.questionnaire.version, True)]
    assert asked(f"{here}small/{study.questionnaire.version}/", secret).json()["document"] == SMALL
    assert_problem(asked(f"{here}small/{theirs.version}/", secret), 404)


def test_a_version_that_was_answered_stays_in_the_list_after_an_edit():
    study = make_study()
    make_enrolment(study, finished_survey=True)
    study.questionnaire = Questionnaire.load(SMALL)
    study.save()
    listed = asked(f"studies/{study.slug}/questionnaires/", secret_of(make_member(study))).json()["results"]
    assert [(row["key"], row["is_current"]) for row in listed] == [("prism", False), ("small", True)]


@pytest.mark.parametrize("number", [1, 12])
def test_no_route_asks_the_database_more_often_for_more_rows(number):
    user = make_member(make_study(), Role.OWNER)
    for _ in range(number):
        study = make_study()
        Membership.objects.create(study=study, user=user, role=Role.OWNER)
        enrolment = make_enrolment(study)
    for _ in range(number):
        make_enrolment(study)
    secret = secret_of(user)
    asked("studies/", secret)  # notes the token's use, once a minute
    for address in ["studies/", *addresses(study, enrolment)]:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert asked(address, secret).status_code == 200
        assert len(queries) <= MOST_QUERIES, (address, [query["sql"] for query in queries])


def quota_study():
    study = make_study(questionnaire=Questionnaire.load(SMALL))
    versions.store(study, QUOTAS, make_user(), before=None)
    Cell.objects.filter(quota=study.quota, key="with").update(reserved=1, complete=2)
    Cell.objects.filter(quota=study.quota, key="without").update(complete=20)
    return study


def test_quotas_are_shown_by_table_and_by_cell():
    study = quota_study()
    secret = secret_of(make_member(study, Role.COORDINATOR))
    whole = asked(f"studies/{study.slug}/quotas/", secret).json()
    assert whole["version"] == 1
    figures = ("key", "target", "reserved", "complete", "missing")
    assert [tuple(table[name] for name in figures) for table in whole["tables"]] == [("use", 70, 1, 22, 47)]
    rows = asked(f"studies/{study.slug}/quotas/cells/", secret).json()["results"]
    shown = {row["key"]: (row["target"], row["reserved"], row["complete"], row["missing"]) for row in rows}
    assert shown["with"] == (30, 1, 2, 27)
    assert shown["without"] == (40, 0, 20, 20)
    assert {row["table"] for row in rows} == {"use"}


def test_small_cells_are_withheld_from_who_may_not_see_single_people():
    study = quota_study()
    analyst = secret_of(make_member(study, Role.ANALYST))
    rows = asked(f"studies/{study.slug}/quotas/cells/", analyst).json()["results"]
    assert {row["key"]: row["complete"] for row in rows if row["categories"]} == {
        "with": None,
        "without": None,
    }
    assert asked(f"studies/{study.slug}/quotas/", analyst).json()["tables"][0]["complete"] is None
    full = secret_of(make_member(study, Role.ANALYST, may_export_full=True))
    rows = asked(f"studies/{study.slug}/quotas/cells/", full).json()["results"]
    assert {row["key"]: row["complete"] for row in rows if row["categories"]} == {"with": 2, "without": 20}


def test_cells_come_in_pages_each_once():
    study = quota_study()
    secret = secret_of(make_member(study))
    page = asked(f"studies/{study.slug}/quotas/cells/", secret, limit=1).json()
    keys = [row["key"] for row in page["results"]]
    while page["next"]:
        page = follow(page["next"], secret)
        keys += [row["key"] for row in page["results"]]
    assert keys == list(study.quota.cells.order_by("pk").values_list("key", flat=True))


def test_a_study_without_quotas_has_no_version_and_no_cells():
    study = make_study()
    secret = secret_of(make_member(study))
    assert asked(f"studies/{study.slug}/quotas/", secret).json() == {"version": None, "tables": []}
    assert asked(f"studies/{study.slug}/quotas/cells/", secret).json()["results"] == []


def test_each_token_has_its_own_rate(settings):
    settings.RATE_LIMITS_ON, settings.API_RATE = True, "2/min"
    user = make_member(make_study())
    first, second = secret_of(user), secret_of(user)
    assert [asked("studies/", first).status_code for _ in range(2)] == [200, 200]
    late = asked("studies/", first)
    assert_problem(late, 429)
    assert int(late["Retry-After"]) > 0
    assert asked("studies/", second).status_code == 200


def test_guessing_tokens_is_slowed_down(settings):
    settings.RATE_LIMITS_ON = True
    statuses = [asked("studies/", f"prism_GUESS_{number}").status_code for number in range(32)]
    assert statuses[:30] == [401] * 30
    assert statuses[-1] == 429


def test_the_time_of_use_is_kept_once_a_minute():
    secret = secret_of(make_member(make_study()))
    asked("studies/", secret)
    first = ApiToken.objects.get().last_used_at
    asked("studies/", secret)
    assert first is not None
    assert ApiToken.objects.get().last_used_at == first


def test_nothing_can_be_written_and_no_other_site_may_read():
    study = make_study()
    secret = secret_of(make_member(study))
    headers = {"authorization": f"Bearer {secret}", "origin": "https://elsewhere.example"}
    for method in ("post", "put", "patch", "delete"):
        assert_problem(getattr(Client(), method)(f"/api/v1/studies/{study.slug}/", headers=headers), 405)
    answer = Client().get("/api/v1/studies/", headers=headers)
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_an_address_that_is_none_and_an_error_of_ours_have_the_shape_too(monkeypatch):
    assert_problem(asked("nothing/here/"), 404)
    assert_problem(Client().post("/api/v1/nothing/here/"), 404)
    study = make_study()
    secret = secret_of(make_member(study))

    def broken(*args):
        raise RuntimeError("a secret detail")

    monkeypatch.setattr("surveys.api.views.study_for", broken)
    assert "secret" not in str(assert_problem(asked(f"studies/{study.slug}/", secret), 500))


def test_the_schema_describes_every_route_and_the_page_names_them():
    schema = asked("schema/", format="json").json()
    described = set(schema["paths"])
    routes = {
        f"/api/v1/{route.pattern}" for route in urlpatterns if route.name not in {None, "schema", "docs"}
    }
    plain = {path.replace("{", "<").replace("}", ">") for path in described}
    assert plain == {route.replace("<slug:", "<").replace("<int:", "<") for route in routes}
    assert schema["components"]["securitySchemes"]["token"] == {"type": "http", "scheme": "bearer"}
    page = asked("docs/")
    assert page.status_code == 200
    assert all(path in page.text for path in described)
    assert "Stored encrypted and never shown." in page.text


def test_the_audit_says_that_a_token_was_made_and_withdrawn_but_not_its_secret():
    user = make_member(make_study())
    token, secret = tokens.make(user, "A program", [Scope.STUDIES], 30)
    assert tokens.revoke(token, user)
    assert not tokens.revoke(token, user)
    events = AuditEvent.objects.filter(actor=user).order_by("pk")
    assert [event.action for event in events] == ["token.made", "token.revoked"]
    assert secret not in str(list(events.values()))
