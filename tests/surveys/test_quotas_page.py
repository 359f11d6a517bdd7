"""The quota pages: who sees what, the figures, the editor with its preview, and places beyond a target."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from surveys import journey
from surveys.models import (
    Cell,
    ConsentDocument,
    Enrolment,
    Questionnaire,
    Quota,
    Seat,
    StoredVersion,
    Study,
)
from surveys.models.people import Role
from surveys.quality import deciding
from surveys.quotas import versions
from surveys.studies import StudyError, change_state
from tests.factories import CONSENT_BOXES, make_member, make_user
from tests.surveys.seating import (
    ASKS,
    by_age,
    by_sex,
    check_counts,
    counts,
    document,
    make_known,
    make_quota_study,
    store,
)
from tests.surveys.visitors import text_of

pytestmark = pytest.mark.django_db
CENSUS = {"key": "people", "label": "Adults", "strata": ["age", "sex"], "census": "us-2020", "n": 300}


def census_document(**changes: Any) -> str:
    bands = {"18-24": [18, 24], "25-34": [25, 34], "35-44": [35, 44], "45-54": [45, 54], "55-64": [55, 64]}
    strata = [
        {"key": "age", "question": "age", "bands": {**bands, "65+": [65]}},
        {"key": "sex", "question": "gender", "categories": {"Female": ["Woman"], "Male": ["Man"]}},
    ]
    return document(CENSUS | {"undisclosed": "outside"} | changes, strata=strata)


def pages(study: Study) -> list[str]:
    cell = Cell.objects.filter(quota=study.quota_id).first()
    assert cell is not None
    base = f"/coordinate/studies/{study.slug}/quotas/"
    return [base, f"{base}edit/", f"{base}stop/", f"{base}cells/{cell.pk}/"]


def page(study: Study, rest: str = "") -> str:
    return f"/coordinate/studies/{study.slug}/quotas/{rest}"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def fill(study: Study, number: int, gender: str = "Woman", age: int = 30, **when: Any) -> None:
    """That many complete."""
    for _ in range(number):
        person = make_known(study, gender, age)
        journey.after_page(person)
        journey.finish(person, Enrolment.Outcome.COMPLETE)
        if when:
            person.seats.update(**when)


@pytest.fixture
def study() -> Study:
    return make_quota_study(by_sex(female=10, male=10), by_age(young=12, old=8))


@pytest.fixture
def owner(study: Study) -> Client:
    return signed_in(make_member(study))


def test_members_see_the_figures_and_only_who_runs_the_study_may_change_them(study: Study) -> None:
    statuses = {
        Role.OWNER: [200, 200, 200, 200],
        Role.COORDINATOR: [200, 200, 200, 200],
        Role.ANALYST: [200, 403, 403, 403],
        Role.ANNOTATOR: [403, 403, 403, 403],
    }
    for role, expected in statuses.items():
        client = signed_in(make_member(study, role))
        assert [client.get(path).status_code for path in pages(study)] == expected, role


def test_strangers_find_nothing_and_visitors_are_asked_to_sign_in(study: Study) -> None:
    stranger = signed_in(make_member(make_quota_study(by_sex())))
    assert [stranger.get(path).status_code for path in pages(study)] == [404] * 4
    assert [Client().get(path).status_code for path in pages(study)] == [302] * 4
    assert stranger.post(page(study, "stop/")).status_code == 404
    assert stranger.post(page(study, "edit/preview/"), {"text": "a"}).status_code == 404
    study.refresh_from_db()
    assert study.quota_id


def test_a_cell_of_another_study_cannot_be_overfilled(study: Study, owner: Client) -> None:
    other = make_quota_study(by_sex())
    cell = Cell.objects.filter(quota=other.quota_id).first()
    assert cell is not None
    given = {"places": "1", "reason": "Because I can"}
    assert owner.post(page(study, f"cells/{cell.pk}/"), given).status_code == 404


def test_a_change_needs_the_forms_own_token(study: Study) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_member(study))
    assert client.post(page(study, "stop/")).status_code == 403
    assert client.post(page(study, "edit/"), {"act": "store"}).status_code == 403


def test_the_page_shows_every_count_of_a_cell(study: Study, owner: Client) -> None:
    fill(study, 3)
    journey.after_page(make_known(study, "Man", 60))
    Cell.objects.filter(quota=study.quota_id, key="Male").update(refused=4)
    tables = {picture.table.key: picture for picture in owner.get(page(study)).context["tables"]}
    female, male = tables["sex"].cells
    assert (female.places, female.complete, female.reserved, female.missing) == (10, 3, 0, 7)
    assert (male.places, male.complete, male.reserved, male.missing, male.refused) == (10, 0, 1, 9, 4)
    assert (tables["age"].target, tables["age"].complete, tables["age"].missing) == (20, 3, 16)
    assert tables["sex"].distance == pytest.approx(0.5)


@pytest.mark.parametrize("value", ["exclude", "leave_out"])
def test_who_is_left_out_keeps_the_place_but_is_in_no_share(study: Study, owner: Client, value: str) -> None:
    fill(study, 3)
    fill(study, 1, "Man", 60)
    (man,) = study.enrolments.filter(seats__cell__key="Male")
    by = make_member(study)
    before = owner.get(page(study)).context["tables"][0]
    assert before.distance == pytest.approx(0.25)
    deciding.decide([man], value, "Copied every answer", by)
    after = owner.get(page(study))
    sex = after.context["tables"][0]
    _female, male = sex.cells
    assert (male.complete, male.missing, male.left_out, sex.complete) == (1, 9, 1, 4)
    assert sex.distance == pytest.approx(0.5)
    assert [margin.share for margin in sex.margins] == [1, 0]
    assert "1 of the complete is excluded from the data or from the sample" in text_of(after)
    deciding.decide([man], {"exclude": "keep", "leave_out": "count"}[value], "It was another person", by)
    assert owner.get(page(study)).context["tables"][0] == before


def test_a_joint_table_is_shown_as_a_grid_with_margins_and_its_distance_to_the_census(
    owner: Client, study: Study
) -> None:
    quota = store_text(study, census_document())
    fill(study, 2, "Woman", 20)
    fill(study, 1, "Man", 70)
    answer = owner.get(page(study))
    (picture,) = answer.context["tables"]
    assert quota.version == 2
    assert picture.columns == ("Female", "Male")
    assert next(head for head, _ in picture.rows) == "18-24"
    assert 0 < picture.planned < 0.005  # rounding alone
    assert picture.distance > 0.7
    women = next(margin for margin in picture.margins if margin.category == "Female")
    assert (women.complete, women.share) == (2, pytest.approx(2 / 3))
    assert women.gap == pytest.approx(2 / 3 - 0.515, abs=1e-3)
    text = text_of(answer)
    assert "US Census Bureau" in text
    assert "Public domain" in text
    assert "18-24 / Female" in text


def store_text(study: Study, text: str) -> Quota:
    return versions.store(study, text, make_user(), before=study.quota_id)


def test_test_people_are_in_no_figure(study: Study, owner: Client) -> None:
    tester = make_known(study, is_test=True)
    journey.after_page(tester)
    journey.finish(tester, Enrolment.Outcome.COMPLETE)
    assert [cell.complete for cell in owner.get(page(study)).context["tables"][0].cells] == [0, 0]


def test_figures_of_small_cells_are_withheld_from_analysts_without_full_export(study: Study) -> None:
    fill(study, 2)
    fill(study, 5, "Man", 30)
    analyst = signed_in(make_member(study, Role.ANALYST))
    tables = {picture.table.key: picture for picture in analyst.get(page(study)).context["tables"]}
    # With the 2 women hidden, the 5 men would tell them by subtraction from any total.
    assert [cell.complete for cell in tables["sex"].cells] == [None, None]
    assert tables["sex"].complete is None
    assert tables["sex"].missing is None
    assert tables["sex"].margins == []
    assert [cell.complete for cell in tables["age"].cells] == [7, 0]
    trusted = signed_in(make_member(study, Role.ANALYST, may_export_full=True))
    assert [c.complete for c in trusted.get(page(study)).context["tables"][0].cells] == [2, 5]
    text = text_of(analyst.get(page(study)))
    assert "withheld" in text
    assert "More…" not in text


def test_a_forecast_is_given_only_where_there_is_enough_to_go_by(study: Study, owner: Client) -> None:
    Enrolment.objects.filter(study=study).update(arrived_at=timezone.now() - timedelta(days=30))
    fill(study, 4)
    picture = owner.get(page(study)).context["tables"][0]
    assert picture.forecast is None
    assert picture.unknown == 2
    assert "No forecast yet: 2 open cells" in text_of(owner.get(page(study)))
    fill(study, 2)
    fill(study, 5, "Man", 60)
    picture = owner.get(page(study)).context["tables"][0]
    assert picture.forecast is not None
    assert picture.forecast.low < picture.forecast.median < picture.forecast.high
    assert "Full in about" in text_of(owner.get(page(study)))


def test_old_completions_do_not_make_a_recent_rate(study: Study, owner: Client) -> None:
    fill(study, 6, ended_at=timezone.now() - timedelta(days=9))
    assert owner.get(page(study)).context["tables"][0].cells[0].forecast is None


def test_the_page_needs_few_queries_however_many_cells_and_seats_there_are(
    owner: Client, study: Study
) -> None:
    store_text(study, census_document())
    owner.get(page(study))
    with CaptureQueriesContext(
        connection,
    ) as few:
        owner.get(page(study))
    for gender in ("Woman", "Man"):
        for age in (20, 30, 40, 50, 60, 70):
            fill(study, 1, gender, age)
    with CaptureQueriesContext(connection) as many:
        owner.get(page(study))
    assert len(many) == len(few) <= 12


def test_htmx_gets_the_moving_part_alone(study: Study, owner: Client) -> None:
    text = text_of(owner.get(page(study), headers={"HX-Request": "true"}))
    assert text.lstrip().startswith('<div id="quota-tables"')
    assert "<html" not in text


def test_a_study_without_quotas_says_what_they_are_for() -> None:
    study = make_quota_study()
    text = text_of(signed_in(make_member(study)).get(page(study)))
    assert "No quotas" in text
    assert "Define quotas" in text
    assert "Define quotas" not in text_of(signed_in(make_member(study, Role.ANALYST)).get(page(study)))


def test_a_study_without_a_questionnaire_is_told_to_begin_there() -> None:
    study = make_quota_study(questionnaire=None)
    client = signed_in(make_member(study))
    assert "no questionnaire yet" in text_of(client.get(page(study, "edit/")))
    assert "no questionnaire yet" in text_of(client.post(page(study, "edit/"), {"act": "store", "text": "a"}))


SUGGESTION = {
    "act": "suggest",
    "census": "us-2020",
    "n": "300",
    "floor": "0",
    "undisclosed": "outside",
    "question_age": "age",
    "question_sex": "gender",
    "text": "",
}


def test_a_census_table_becomes_a_definition_whose_places_are_shown_before_it_is_stored() -> None:
    study = make_quota_study()
    owner = signed_in(make_member(study))
    answer = owner.post(page(study, "edit/"), SUGGESTION)
    (allocation,) = answer.context["allocations"]
    assert (allocation.places, len(allocation.cells), allocation.cells[0].places) == (300, 12, 18)
    assert answer.context["unmapped"] == {"sex": ["Another", "Prefer not to say"]}
    assert not Quota.objects.exists()
    stored = owner.post(page(study, "edit/"), {"act": "store", "text": answer.context["source"], "base": ""})
    assert stored.url == page(study)
    study.refresh_from_db()
    assert Cell.objects.filter(quota=study.quota_id, target__isnull=False).count() == 12
    assert study.audit_events.get(action="quotas.stored").detail == {"version": 1, "seats": 0}


def test_a_second_table_stands_beside_the_first_and_no_joint_counts_are_made_up() -> None:
    study = make_quota_study()
    owner = signed_in(make_member(study))
    first = owner.post(page(study, "edit/"), SUGGESTION).context["source"]
    more = SUGGESTION | {"census": "england-wales-2021", "question_age": "", "text": first, "beside": "on"}
    answer = owner.post(page(study, "edit/"), more)
    sizes = {a.table.key: (a.table.strata, a.places) for a in answer.context["allocations"]}
    assert sizes == {"us-2020": (("age", "sex"), 300), "england-wales-2021": (("sex",), 300)}


def test_a_suggestion_without_any_question_is_refused() -> None:
    study = make_quota_study()
    wanted = SUGGESTION | {"question_age": "", "question_sex": ""}
    answer = signed_in(make_member(study)).post(page(study, "edit/"), wanted)
    assert answer.status_code == 422
    assert "Choose a question" in text_of(answer)


def test_a_definition_with_faults_is_not_stored_and_each_fault_has_its_line(
    study: Study, owner: Client
) -> None:
    text = document(by_sex()).replace("Woman", "Lady")
    answer = owner.post(page(study, "edit/"), {"act": "store", "text": text, "base": study.quota_id})
    assert answer.status_code == 422
    ((problem, line),) = answer.context["problems"]
    assert "Lady" in problem.message
    assert text.splitlines()[problem.line - 1].strip() == line
    assert "Lady" in text_of(answer)
    assert study.quotas.count() == 1


def test_the_preview_of_what_is_typed_stores_nothing(study: Study, owner: Client) -> None:
    answer = owner.post(page(study, "edit/preview/"), {"text": document(by_sex(female=7, male=9))})
    assert [cell.places for cell in answer.context["allocations"][0].cells] == [7, 9]
    assert "16 places in 2 cells" in text_of(answer)
    assert "3 problems" in text_of(owner.post(page(study, "edit/preview/"), {"text": "format: other"}))
    assert study.quotas.count() == 1


def test_an_edit_that_began_from_an_older_version_is_refused_and_kept_in_the_editor(
    study: Study, owner: Client
) -> None:
    base = study.quota_id
    store(study, by_sex(female=4))
    text = document(by_sex(female=5))
    answer = owner.post(page(study, "edit/"), {"act": "store", "text": text, "base": base})
    assert answer.status_code == 409
    assert answer.context["source"] == text
    assert study.quotas.count() == 2


def test_further_places_need_a_reason_and_are_written_down(study: Study, owner: Client) -> None:
    cell = Cell.objects.get(quota=study.quota_id, key="Female")
    path = page(study, f"cells/{cell.pk}/")
    assert owner.post(path, {"places": "2", "reason": "short"}).status_code == 422
    assert owner.post(path, {"places": "2", "reason": "Two pilot people"}).status_code == 302
    cell.refresh_from_db()
    assert (cell.target, cell.extra) == (10, 2)
    assert study.audit_events.get(action="quotas.overfilled").detail["reason"] == "Two pilot people"


def test_the_outside_has_no_target_to_go_beyond(study: Study, owner: Client) -> None:
    outside = Cell.objects.get(quota=study.quota_id, table="sex", key="")
    assert owner.get(page(study, f"cells/{outside.pk}/")).status_code == 404


def test_quotas_are_stopped_after_a_question(study: Study, owner: Client) -> None:
    fill(study, 2)
    assert "Stop the quotas?" in text_of(owner.get(page(study, "stop/")))
    assert owner.post(page(study, "stop/")).status_code == 302
    study.refresh_from_db()
    assert study.quota_id is None
    assert not Seat.objects.exclude(state="released").exists()


def test_quotas_set_again_count_who_is_complete(study: Study, owner: Client) -> None:
    fill(study, 2)
    owner.post(page(study, "stop/"))
    owner.post(page(study, "edit/"), {"act": "store", "text": document(by_sex(female=5)), "base": ""})
    study.refresh_from_db()
    assert counts(study)["sex:Female"] == (0, 2, 0)
    check_counts(study)


def test_a_questionnaire_that_no_longer_asks_for_the_strata_is_told_and_keeps_the_study_from_opening(
    study: Study, owner: Client
) -> None:
    assert "no longer fit" not in text_of(owner.get(page(study)))
    other = Questionnaire.load(ASKS.replace("key: gender", "key: sex_now"))
    Study.objects.filter(pk=study.pk).update(questionnaire=other, state=Study.State.CLOSED)
    text = text_of(owner.get(page(study)))
    assert "The quotas no longer fit the questionnaire" in text
    assert "no question “gender”" in text
    study.refresh_from_db()
    study.consent_document = ConsentDocument.load("c", "Consent", "Text", CONSENT_BOXES)
    with pytest.raises(StudyError, match="quotas do not fit"):
        change_state(study, Study.State.OPEN, make_user())


def test_before_another_questionnaire_is_used_the_page_says_what_the_quotas_would_miss(
    study: Study, owner: Client
) -> None:
    other = Questionnaire.load(ASKS.replace("key: gender", "key: sex_now"))
    fitting = Questionnaire.load(ASKS.replace("Who and what", "Who, what and why"))
    for version in (other, fitting):
        StoredVersion.objects.create(study=study, questionnaire=version, by=make_user())
    use = f"/coordinate/studies/{study.slug}/questionnaire/versions/"
    text = text_of(owner.get(f"{use}{other.pk}/use/"))
    assert "The quotas in force do not fit this version" in text
    assert "no question “gender”" in text
    assert "do not fit" not in text_of(owner.get(f"{use}{fitting.pk}/use/"))
