"""Exposures are counted on from where they were counted before, and are what counting all would give."""

import time
from collections import Counter

import pytest
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from conversations import exposure
from conversations.models import Draw, Response
from tests.conversations.talking import begin, come_in, make_talk_study, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only when the test says so."""
    now = [1000.0]
    monkeypatch.setattr(exposure.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(exposure, "_kept", {})
    return now


def talk_in(study):
    client = come_in(study)
    talk = begin(client, study)
    say(client, talk)
    return talk


def counted(study, *, is_test=False):
    """By a query over everything."""
    drawn = Response.objects.filter(
        turn__conversation__study=study, turn__conversation__enrolment__is_test=is_test, turn__number=0
    )
    return Counter(dict(drawn.values_list("model_id").annotate(Count("id")).order_by()))


def test_counts_are_whole_before_and_after_older_ones_are_settled(clock):
    study, other = make_talk_study(), make_talk_study()
    for step in range(5):
        talk = talk_in(study)
        talk_in(other)
        assert exposure.exposures(talk) == counted(study), step
        clock[0] += 40  # every second time, what was seen is old enough to be kept
    kept = exposure._kept[study.pk, False]
    assert 0 < kept.counts.total() < counted(study).total()


def test_what_is_settled_is_not_counted_again(clock):
    study = make_talk_study()
    talk = talk_in(study)
    for _ in range(2):
        exposure.exposures(talk)
        clock[0] += exposure.SETTLED_SECONDS + 1
    last = Response.objects.latest("id").pk
    with CaptureQueriesContext(connection) as found:
        exposure.exposures(talk)
    assert f"r.id > {last} " in found.captured_queries[-1]["sql"]


def test_test_people_count_among_themselves_and_a_draw_says_what_was_counted(clock):
    study = make_talk_study()
    talk = talk_in(study)
    study.enrolments.update(is_test=True)
    talk.refresh_from_db()
    assert exposure.exposures(talk) == counted(study, is_test=True) != counted(study)
    real = talk_in(study)
    assert {entry["exposure"] for entry in Draw.objects.get(turn__conversation=real).pool} == {0}


def test_rows_that_were_deleted_are_noticed_after_an_hour(clock):
    study = make_talk_study()
    talks = [talk_in(study) for _ in range(2)]
    for _ in range(2):
        exposure.exposures(talks[0])
        clock[0] += exposure.SETTLED_SECONDS + 1
    exposure._kept[study.pk, False].counts.update({-1: 5})
    assert exposure.exposures(talks[0])[-1] == 5
    clock[0] += exposure.RECOUNT_SECONDS
    assert exposure.exposures(talks[0]) == counted(study)


@pytest.mark.django_db(transaction=True)
def test_what_everybody_committed_is_settled_within_seconds(clock):
    talk = talk_in(make_talk_study())
    exposure.exposures(talk)
    kept, clock[0] = exposure._kept[talk.study_id, False], clock[0] + exposure.SOON_SECONDS + 1
    for _ in range(300):  # tests beside this one have transactions of their own, which end
        exposure.exposures(talk)
        if kept.is_settled:
            break
        time.sleep(0.1)
    with CaptureQueriesContext(connection) as found:
        exposure.exposures(talk)
    assert f"r.id > {Response.objects.latest('id').pk} " in found.captured_queries[-1]["sql"]


@pytest.mark.django_db(transaction=True)
def test_while_somebody_else_may_still_commit_nothing_is_settled(clock):
    other = connection.copy()
    other.set_autocommit(False)
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")
        talk = talk_in(make_talk_study())
        for _ in range(3):
            exposure.exposures(talk)
            clock[0] += exposure.SOON_SECONDS + 1
        assert exposure._kept[talk.study_id, False].until == 0
    finally:
        other.rollback()
        other.close()
