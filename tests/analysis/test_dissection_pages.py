"""A batch of a study is dissected by a worker, its pages tell what came out, and its files say the same."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from django.test import Client
from django.urls import reverse

from analysis import tasks
from analysis.dissecting import jobs, raters
from analysis.dissecting.reading import NotDissectable, Whose, read_batch
from analysis.dissection.features import features
from analysis.dissection.properties import PLACE, PROPERTIES, RUBRIC
from analysis.dissection.record_values import read_pair
from analysis.models import DegreeOfPreference, Dissection
from annotations.models import Annotation, Values
from surveys.models import AuditEvent, Enrolment
from surveys.models.people import Role
from tests.analysis.annotated_batch import make_annotated_batch
from tests.analysis.annotated_pairs import judged, record
from tests.analysis.arena_votes import vote_in
from tests.annotations.making import make_annotation, make_assignment, make_batch
from tests.factories import make_enrolment, make_member, make_models, make_study, make_user, submit_page

pytestmark = pytest.mark.django_db
PAGE_OF_GENDER = "person"
OPTIONS = {
    "whose": "best",
    "question": "",
    "minimum": 100,
    "coding": "sign",
    "intercept": False,
    "seed": 3,
    "folds": 2,
    "draws": 120,
}


def weights(**of: float) -> Any:
    found = np.zeros(29)
    for slug, value in of.items():
        found[PLACE[slug]] = value
    return found


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_batch_is_read_as_the_file_of_the_same_records_would_be():
    records = [record(np.random.default_rng(number)) for number in range(60)]
    batch = make_annotated_batch(make_study(questionnaire=None), records)
    pairs, told = read_batch(batch)
    expected = [read_pair(one) for one in records]
    values = np.array([one.values for one in expected])
    np.testing.assert_allclose(features(pairs.a, pairs.b), features(values[:, 0], values[:, 1]))
    np.testing.assert_allclose(pairs.a, values[:, 0])
    for slug in ("w_constraints", "intent_unclear"):
        property_of = {"w_constraints": "satisfies_constraints", "intent_unclear": "clarifies_intent"}[slug]
        assert list(pairs.groups[slug]) == [one.facts[property_of] for one in expected]
    assert (told.rows, told.flagged) == (60, 0)
    assert list(pairs.votes["human"].for_a) == [float(one.verdicts["human"] == 1) for one in expected]


def test_people_come_before_files_rulings_before_people_and_what_nobody_said_is_missing():
    one = record(np.random.default_rng(1), **{"clear intent": "Yes"})
    batch = make_annotated_batch(make_study(questionnaire=None), [one, one, one])
    first, second, third = batch.tasks.all()
    batch.tasks.update(needed=2)
    polite, empty = PROPERTIES["polite"].id, [None] * len(RUBRIC.fields)
    for task, given in ((first, 3), (first, 2), (second, 1)):
        task.refresh_from_db()
        scores = list(empty)
        scores[polite] = given
        made = make_annotation(make_assignment(task, make_user()), {1: scores, 2: scores})
    # The newest revision counts, and errors that cannot be judged on one side take the pair out.
    again = Annotation.objects.create(task=second, assignment=made.assignment, revision=1)
    for side, checkable in ((1, True), (2, False)):
        scores = list(empty)
        scores[polite] = 0
        Values.objects.create(
            annotation=again, side=side, scores=scores, statuses=[0] * len(scores), is_checkable=checkable
        )
    second.rulings.create(side=1, position=polite, score=2, by=make_user())
    pairs, told = read_batch(batch)
    place = PLACE["polite"]
    file = one["basic_response_1"][PROPERTIES["polite"].key]
    assert pairs.a[:, place].tolist() == [2.5, 2.0, float(file)]
    assert pairs.b[1, place] == 0
    assert np.isnan(pairs.a[0, PLACE["funny"]])
    assert pairs.applicable.tolist() == [True, False, True]
    assert told.flagged == 2
    assert len(read_batch(batch, Whose.PERSON)[0]) == 2
    assert len(read_batch(batch, Whose.IMPORT)[0]) == 3
    with pytest.raises(NotDissectable, match="No pair of this batch"):
        read_batch(batch, Whose.JUDGE)
    with pytest.raises(NotDissectable, match="29 properties"):
        read_batch(make_batch())
    third.erased_at = third.batch.created_at
    third.save()
    assert len(read_batch(batch)[0]) == 2


def test_a_coordinator_dissects_a_batch_and_reads_what_comes_out(
    django_capture_on_commit_callbacks, monkeypatch
):
    liked = weights(polite=1.5, lengthy=-1.2)
    records = judged(np.random.default_rng(5), 260, {"human": liked, "judge-7b": -liked})
    for place, one in enumerate(records):
        one["scenario_group"] = "Code" if place < 240 else "Advice"
        one["preference_labels"]["judge-7b"] = "tie" if place == 0 else one["preference_labels"]["judge-7b"]
    study = make_study(questionnaire=None)
    batch = make_annotated_batch(study, records, title="First pairs")
    make_batch(study, title="Other rubric")
    client = client_of(make_member(study, Role.COORDINATOR))
    home = reverse("analysis:dissections", args=[study.slug])
    page = client.get(home).content.decode()
    assert "No run yet" in page
    assert ("First pairs" in page, "Other rubric" in page) == (True, False)
    form = {"batch": batch.pk, "whose": "best", "minimum": 230, "coding": "sign", "seed": 3}
    begin = reverse("analysis:begin_dissection", args=[study.slug])
    assert client.post(begin, form | {"minimum": 1}).status_code == 422
    with django_capture_on_commit_callbacks() as waiting:
        assert client.post(begin, form).status_code == 302
    assert len(waiting) == 1
    assert "being dissected already" in client.post(begin, form).content.decode()
    row = Dissection.objects.get()
    address = reverse("analysis:dissection", args=[study.slug, row.code])
    assert "A worker is at it" in client.get(address).content.decode()
    # Shorter chains than a page asks for.
    Dissection.objects.update(options=row.options | {"folds": 2, "draws": 120})
    tasks.run_dissection(row.pk)
    tasks.run_dissection(row.pk)  # a second message of the broker finds nothing to do
    row.refresh_from_db()
    assert (row.state, row.pairs, row.failure) == ("done", 260, "")
    found = {
        (one.fit.judge, one.property): one
        for one in DegreeOfPreference.objects.filter(fit__dissection=row, fit__group="all")
    }
    assert found["human", "polite"].low > 50
    assert found["human", "polite"].marked
    assert found["human", "lengthy"].high < 50
    assert found["judge-7b", "polite"].high < 50
    assert row.document["similarity"]["matrix"][0][1] < -0.2
    by_rank = row.document["similarities"]["spearman"]["matrix"][0][1]
    other = client.get(address, {"similarity": "spearman"}).content.decode()
    assert f">{by_rank:.2f}<" in other
    assert "order of two judges" in other
    assert "heat5" in client.get(address, {"similarity": "l1"}).content.decode()
    page = client.get(address, {"judge": "judge-7b", "group": "all"}).content.decode()
    assert "259 of 260 pairs are used" in page
    assert "1 ties" in page
    assert f"{found['judge-7b', 'polite'].probability:.2f}" in page
    assert "too few pairs" in page
    assert ("No severe errors" in page, ">Severe errors<" in page) == (True, False)
    assert "With fewer than 230 pairs" in client.get(address, {"group": "Advice"}).content.decode()
    assert "of these signs are expected to be wrong" in page

    def file(name: str) -> Any:
        answer = client.get(reverse("analysis:dissection_file", args=[study.slug, row.code, name]))
        assert answer.status_code == 200
        return answer.content

    whole = json.loads(file("dissection.json"))
    assert whole["probability"]["human"]["all"]["polite"] == found["human", "polite"].probability
    lines = list(csv.DictReader(io.StringIO(file("probabilities.csv").decode())))
    assert len(lines) == 29 * sum(not fit["too_few"] for fit in whole["fits"])
    alike = next(row for row in json.loads(file("similarity.json")) if row["judge"] != row["other_judge"])
    assert (alike["value"], alike["spearman"]) == (alike["pearson"], by_rank)
    table = pl.read_parquet(io.BytesIO(file("groups.parquet")))
    assert table.height == len(whole["fits"]) == len(json.loads(file("groups.json")))
    missing = reverse("analysis:dissection_file", args=[study.slug, row.code, "groups.exe"])
    assert client.get(missing).status_code == 404
    acts = set(AuditEvent.objects.filter(study=study).values_list("action", flat=True))
    assert {"dissection.requested", "dissection.finished"} <= acts
    # What goes wrong is told by the row, and a batch that was erased meanwhile says so.
    batch.tasks.update(erased_at=row.requested_at)
    second = jobs.request(batch, OPTIONS, None)
    assert jobs.run(second.pk).state == "failed"
    other = reverse("analysis:dissection", args=[study.slug, second.code])
    assert "No pair of this batch is annotated" in client.get(other).content.decode()
    monkeypatch.setattr(jobs, "read_batch", lambda *of: 1 / 0)
    third = jobs.request(batch, OPTIONS, None)
    assert "noted for the operator" in jobs.run(third.pk).failure


def test_people_who_voted_are_told_apart_by_answers_where_they_agreed_and_are_enough():
    study = make_study()
    models = make_models(2, study)
    records = [record(np.random.default_rng(number)) for number in range(12)]
    batch = make_annotated_batch(study, records, source="arena")
    for place, task in enumerate(batch.tasks.all()):
        gender = "Female" if place < 6 else "Male"
        # The eleventh is erased and the twelfth never agreed: four men are left, too few to be a judge.
        person = make_enrolment(study, finished_survey=place < 11, answers={"gender": gender})
        if place == 11:
            submit_page(person, person.devices.get(), PAGE_OF_GENDER, {"gender": gender})
        task.turn = vote_in(study, models, enrolment=person).turn
        task.save()
        if place == 10:
            Enrolment.objects.filter(pk=person.pk).update(erased_at=batch.created_at)
    assert ("gender", "Female") not in raters.questions(study)
    assert "gender" in dict(raters.questions(study))
    pairs, _told = read_batch(batch)
    found = raters.with_groups(pairs, batch, "gender")
    assert set(found.votes) == {"human", "human: gender = Female"}
    women = found.votes["human: gender = Female"]
    assert women.decided.tolist() == [1.0] * 6 + [0.0] * 6
    assert women.for_a.tolist()[:6] == pairs.votes["human"].for_a.tolist()[:6]
    assert raters.with_groups(pairs, batch, "").votes == pairs.votes


def test_only_members_see_a_run_and_only_who_runs_the_study_begins_one():
    study = make_study(questionnaire=None)
    batch = make_batch(study)
    row = jobs.request(batch, OPTIONS, None)
    Dissection.objects.update(state="failed", failure="Gone wrong.")
    reads = [
        reverse("analysis:dissections", args=[study.slug]),
        reverse("analysis:dissection", args=[study.slug, row.code]),
    ]
    begin = reverse("analysis:begin_dissection", args=[study.slug])
    file = reverse("analysis:dissection_file", args=[study.slug, row.code, "groups.csv"])
    stranger = client_of(make_member(make_study(questionnaire=None), Role.OWNER))
    analyst = client_of(make_member(study, Role.ANALYST))
    annotator = client_of(make_member(study, Role.ANNOTATOR))
    for client, seen, begun, got in (
        (stranger, 404, 404, 404),
        (analyst, 200, 403, 404),  # the run has no files
        (annotator, 403, 403, 403),
        (Client(), 302, 302, 302),
    ):
        assert [client.get(url).status_code for url in reads] == [seen] * 2
        assert client.post(begin).status_code == begun
        assert client.get(file).status_code == got
    owner = Client(enforce_csrf_checks=True)
    owner.force_login(make_member(study, Role.OWNER))
    assert owner.post(begin, {"batch": batch.pk}).status_code == 403
    other = make_study(questionnaire=None)
    member = client_of(make_member(other, Role.OWNER))
    assert member.get(reverse("analysis:dissection", args=[other.slug, row.code])).status_code == 404
    answer = member.post(reverse("analysis:begin_dissection", args=[other.slug]), {"batch": batch.pk})
    assert answer.status_code == 422
    assert Dissection.objects.count() == 1
