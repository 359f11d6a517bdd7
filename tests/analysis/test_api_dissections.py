"""Dissections over the API; and the codes of annotators, which are those of exports."""

import csv

import numpy as np
import pytest
from django.core.management import call_command

from analysis.dissecting import jobs
from analysis.models import Dissection
from annotations.codes import coder
from annotations.models import Annotation
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.analysis.annotated_batch import make_annotated_batch
from tests.analysis.annotated_pairs import judged
from tests.annotations.making import make_annotation, make_assignment, make_batch, make_task
from tests.factories import make_member, make_study
from tests.surveys.programs import asked, assert_problem, secret_of, sent

pytestmark = pytest.mark.django_db


def test_a_batch_is_dissected_once_at_a_time_and_the_result_is_that_of_the_run(
    django_capture_on_commit_callbacks,
):
    study = make_study(questionnaire=None)
    liked = np.zeros(29)
    liked[3] = 1.5
    batch = make_annotated_batch(study, judged(np.random.default_rng(5), 60, {"human": liked}))
    other = make_batch(study)
    user = make_member(study, Role.COORDINATOR)
    secret, here = secret_of(user), f"studies/{study.slug}/dissections/"
    wanted = {"batch": batch.slug, "minimum": 20, "seed": 3}
    for field, value in (("batch", other.slug), ("minimum", 1), ("whose", "nobody"), ("question", "age")):
        assert field in assert_problem(sent(here, secret, **wanted | {field: value}), 400)["errors"]
    with django_capture_on_commit_callbacks() as waiting:
        begun = sent(here, secret, **wanted)
    assert (begun.status_code, begun.json()["state"], len(waiting)) == (201, "waiting", 1), begun.content
    assert "already" in assert_problem(sent(here, secret, **wanted), 409)["detail"]
    one = f"{here}{begun.json()['code']}/"
    assert_problem(asked(f"{one}result/", secret), 409)
    row = Dissection.objects.get()
    Dissection.objects.update(options=row.options | {"folds": 2, "draws": 60})  # shorter chains
    jobs.run(row.pk)
    assert asked(one, secret).json()["state"] == "done"
    result = asked(f"{one}result/", secret).json()
    row.refresh_from_db()
    assert result["fits"] == jobs.whole(row)["fits"]
    assert result["probability"]["human"]["all"].keys() >= {"harmless", "clear"}
    assert [run["code"] for run in asked(here, secret).json()["results"]] == [row.code]
    assert AuditEvent.objects.filter(action="dissection.requested", actor=user).count() == 1


def test_an_annotators_code_is_the_same_in_lists_and_in_an_export(tmp_path):
    batch = make_batch()
    study = batch.study
    annotator = make_member(study, Role.ANNOTATOR)
    make_annotation(make_assignment(make_task(batch), annotator), {1: [1, 2], 2: [0, 1]})
    Annotation.objects.create(task=batch.tasks.get(), origin="judge", source="strict")
    call_command("export", study.slug, "--format", "properties", "--out", str(tmp_path / "out"))
    with (tmp_path / "out" / "annotations.csv").open() as file:
        exported = {row["annotator"] for row in csv.DictReader(file)}
    secret = secret_of(make_member(study))
    listed = asked(f"studies/{study.slug}/batches/{batch.slug}/annotations/", secret).json()["results"]
    assert [row["annotator"] for row in listed] == [coder(study)(annotator.pk), "strict"]
    assert exported == {coder(study)(annotator.pk)}
