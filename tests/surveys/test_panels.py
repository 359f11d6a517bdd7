"""Panels as data: parameters in, exits out, previews, and studies from before there were kinds."""

import re
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from surveys import erasure, journey, studies
from surveys.models import Enrolment, Participant, Study
from surveys.panels import EntryError, anybody, arrival, exit_for, panel_of
from surveys.panels.choosing import OUTCOMES
from surveys.panels.definitions import KINDS, definition
from tests.surveys.visitors import address, agree, make_small_study, newcomer, text_of

pytestmark = pytest.mark.django_db
OPEN_BY_PARAMETERS = [kind for kind in KINDS if definition(kind)["door"] == "parameters"]


def link_of(study: Any, value: str) -> dict[str, str]:
    return dict.fromkeys(panel_of(study)["parameters"].values(), value)


def test_the_kinds_are_those_of_the_issue() -> None:
    wanted = {"prolific", "connect", "sona", "cint", "mturk", "besample", "generic"}
    assert wanted | {"open", "links", "invited"} == set(KINDS)


@pytest.mark.parametrize("kind", OPEN_BY_PARAMETERS)
def test_a_panels_link_lets_in_and_what_it_lacks_is_refused(client: Client, kind: str) -> None:
    study = make_small_study(panel={"kind": kind})
    query = link_of(study, "5f0123456789abcdef012345")
    for name in query:
        answer = client.get(address(study), {**query, name: ""} if len(query) > 1 else {"other": "1"})
        assert answer.status_code == 400
        assert name in text_of(answer)
    assert not Participant.objects.exists()
    assert client.get(address(study), query).status_code == 303
    assert Enrolment.objects.get().study == study


@pytest.mark.parametrize("kind", OPEN_BY_PARAMETERS)
def test_a_placeholder_that_nobody_filled_in_is_no_person(client: Client, kind: str) -> None:
    study = make_small_study(panel={"kind": kind})
    link = studies.participant_link(study)
    answer = client.get(f"{address(study)}?{link.partition('?')[2]}")
    assert answer.status_code == 400
    assert not Participant.objects.exists()


def test_a_study_from_before_there_were_kinds_is_one_of_prolific() -> None:
    study = make_small_study(panel={"codes": {"complete": "C1"}})
    assert panel_of(study)["name"] == "Prolific"
    way = exit_for(study, "complete")
    assert way is not None
    assert (way.code, way.url) == ("C1", "https://app.prolific.com/submissions/complete?cc=C1")


def test_a_preview_of_mturk_shows_a_page_and_makes_nothing(client: Client) -> None:
    study = make_small_study(panel={"kind": "mturk"})
    query = link_of(study, "A1") | {"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE", "workerId": "A1"}
    answer = client.get(address(study), query)
    assert answer.status_code == 200
    assert "This is a preview" in text_of(answer)
    assert not Participant.objects.exists()


# Exits


def test_each_outcome_has_its_code_whenever_one_comes_back() -> None:
    codes = {name: {"code": f"CODE-{name}", "code_type": "OTHER"} for name in OUTCOMES}
    study = make_small_study(panel={"kind": "prolific", "codes": codes})
    for outcome in OUTCOMES:
        client, enrolment = newcomer(study)
        assert journey.finish(enrolment, Enrolment.Outcome(outcome))
        assert not journey.finish(enrolment, Enrolment.Outcome.COMPLETE)
        for _ in range(2):
            page = text_of(client.get(address(study, "done/")))
            assert f"CODE-{outcome}" in page
            assert f"https://app.prolific.com/submissions/complete?cc=CODE-{outcome}" in page


def test_a_redirect_carries_the_persons_id_and_cannot_be_bent_by_it(client: Client) -> None:
    exits = {"complete": "https://cint.example/done?status=5&PID={participant}"}
    study = make_small_study(panel={"kind": "cint", "exits": exits, "pattern": ".+"})
    client.get(address(study), {"PID": "a&status=1#x"})
    agree(client, study)
    journey.finish(Enrolment.objects.get(), Enrolment.Outcome.COMPLETE)
    page = text_of(client.get(address(study, "done/")))
    assert "https://cint.example/done?status=5&amp;PID=a%26status%3D1%23x" in page
    assert "Your code" not in page


def test_a_redirect_that_would_not_say_who_it_is_is_not_offered() -> None:
    exits = {"complete": "https://cint.example/done?PID={participant}"}
    study = make_small_study(panel={"kind": "cint", "exits": exits, "codes": {"complete": "C1"}})
    client = Client()
    client.get(address(study), {"PID": "abc"})
    enrolment = Enrolment.objects.get()
    erasure.erase(enrolment.participant, reason="wish")
    way = exit_for(study, "complete", enrolment)
    assert way is not None
    assert (way.code, way.url) == ("C1", "")


def test_mturk_is_left_by_a_form_that_the_page_may_post(client: Client) -> None:
    study = make_small_study(panel={"kind": "mturk", "codes": {"complete": "M1"}})
    client.get(address(study), {"workerId": "W1", "assignmentId": "A1", "hitId": "H1"})
    journey.finish(Enrolment.objects.get(), Enrolment.Outcome.COMPLETE)
    answer = client.get(address(study, "done/"))
    page = text_of(answer)
    assert 'action="https://www.mturk.com/mturk/externalSubmit"' in page
    assert 'name="assignmentId" value="A1"' in page
    assert "form-action 'self' https://www.mturk.com;" in answer["Content-Security-Policy"]
    assert "mturk" not in client.get("/")["Content-Security-Policy"]


@given(text=st.text(max_size=120))
def test_no_text_is_both_refused_and_let_in(text: str) -> None:
    """Whatever stands in the link: it is either a person by exactly that id, or an error that names why."""
    study = Study(slug="s", panel={"kind": "generic"})
    refused = set(text) & set("{}[]%$<>\"' \n\x00")
    try:
        found = arrival(study, {"participant": text})
    except EntryError:
        assert refused or not re.fullmatch(definition("generic")["pattern"], text)
    else:
        assert found.participant == text
        assert not refused


def test_an_open_study_and_one_by_links_are_entered_by_no_parameter() -> None:
    for kind in ("open", "links", "invited"):
        with pytest.raises(EntryError):
            arrival(make_small_study(panel={"kind": kind}), {"participant": "x"})
    with pytest.raises(EntryError):
        anybody(make_small_study(), "key")
