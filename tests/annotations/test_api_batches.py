"""Rubrics, batches and annotations over the API: made, filled, opened, counted and read by a coordinator."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from annotations import tasks
from annotations.codes import coder
from annotations.models import Annotation, Batch, Side
from annotations.rubric_versions import shipped_version
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.annotations.making import (
    TWO_PROPERTIES,
    make_annotation,
    make_assignment,
    make_batch,
    make_task,
    make_whole_annotation,
)
from tests.factories import make_conversation, make_enrolment, make_member, make_study, make_user
from tests.surveys.programs import BASE, asked, assert_problem, bearer, follow, secret_of, sent

pytestmark = pytest.mark.django_db


def rows(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def test_a_rubric_is_begun_checked_stored_and_never_over_a_newer_one():
    study = make_study()
    user = make_member(study, Role.COORDINATOR)
    secret, here = secret_of(user), f"studies/{study.slug}/rubrics/"
    shipped = {row["rubric"]: row for row in rows(asked(here, secret))}
    assert shipped.keys() >= {"preference_dissection", "speechmap", "pairwise_preference"}
    whole = shipped["preference_dissection"]
    assert (len(whole["properties"]), len(whole["facts"]), whole["is_shipped"]) == (29, 5, True)

    assert sent(f"{here}check/", secret, document=TWO_PROPERTIES).json()["is_valid"] is True
    wrong = TWO_PROPERTIES.replace("scale: fit, usual: 2", "scale: fit, usual: 9")
    (fault,) = sent(f"{here}check/", secret, document=wrong).json()["problems"]
    assert "usual: 9" in wrong.splitlines()[fault["line"] - 1]
    begun = sent(here, secret, rubric="tone", document=TWO_PROPERTIES)
    assert (begun.status_code, begun.json()["version"], begun.json()["properties"]) == (
        201,
        1,
        ["kind", "clear"],
    )
    assert (
        "rubric" in assert_problem(sent(here, secret, rubric="tone", document=TWO_PROPERTIES), 400)["errors"]
    )
    assert (
        "rubric" in assert_problem(sent(here, secret, rubric="check", document=TWO_PROPERTIES), 400)["errors"]
    )
    assert assert_problem(sent(here, secret, rubric="other", document=wrong), 400)["errors"]["document"] == [
        fault
    ]
    text = TWO_PROPERTIES.replace("Two properties", "Two of them")
    stored = sent(f"{here}tone/", secret, document=text, after=1)
    assert (stored.status_code, stored.json()["version"], stored.json()["title"]) == (201, 2, "Two of them")
    assert sent(f"{here}tone/", secret, document=text).status_code == 200
    assert (
        "Somebody else" in assert_problem(sent(f"{here}tone/", secret, document=text, after=1), 409)["detail"]
    )
    assert [row["version"] for row in rows(asked(f"{here}tone/", secret))] == [1, 2]
    assert asked(f"{here}versions/{stored.json()['id']}/", secret).json()["document"] == text
    assert_problem(sent(f"{here}speechmap/", secret, document=text), 404)
    own = [row for row in rows(asked(here, secret)) if not row["is_shipped"]]
    assert [(row["rubric"], row["version"]) for row in own] == [("tone", 2)]
    assert AuditEvent.objects.filter(action="rubric.stored", actor=user, study=study).count() == 2
    elsewhere = make_study()
    other = secret_of(make_member(elsewhere))
    assert_problem(asked(f"studies/{elsewhere.slug}/rubrics/versions/{begun.json()['id']}/", other), 404)


def test_a_batch_is_made_of_conversations_filled_changed_opened_and_closed(
    django_capture_on_commit_callbacks,
):
    study = make_study()
    user = make_member(study, Role.COORDINATOR, may_export_full=True)
    secret, here = secret_of(user), f"studies/{study.slug}/batches/"
    talk = make_conversation(make_enrolment(study), language="en")
    talk.turns.first().responses.update(text="Write to jane.doe@example.org and ask.")
    make_conversation(make_enrolment(study), language="fr")
    wanted = {
        "title": "First pairs",
        "rubric": shipped_version("preference_dissection").pk,
        "kind": "pair",
        "source": "conversations",
        "overlap": 2,
        "languages": ["en"],
        "is_first_only": True,
        "seed": 7,
    }
    size = sent(f"studies/{study.slug}/batch-size/", secret, **wanted)
    assert size.json()["tasks"] == 1, size.content
    for wrong, field in (({"rubric": 0}, "rubric"), ({"kind": "single", "source": "arena"}, "kind")):
        refused = sent(here, secret, **wanted | wrong)
        assert field in assert_problem(refused, 400)["errors"], wrong
    assert "colour" in assert_problem(sent(here, secret, **wanted, colour="red"), 400)["errors"]
    assert not Batch.objects.exists()

    with django_capture_on_commit_callbacks() as waiting:
        made = sent(here, secret, **wanted)
    assert (made.status_code, made.json()["filling"], len(waiting)) == (201, "waiting", 1), made.content
    one = f"{here}{made.json()['name']}/"
    assert "once all" in assert_problem(sent(f"{one}open/", secret), 409)["detail"]
    tasks.fill_batch(study.batches.get().pk)
    found = asked(one, secret).json()
    assert (found["filling"], found["progress"]["tasks"], found["progress"]["needed"]) == ("", 1, 2)
    assert found["made"]["masked"] == {"email": 2}
    changed = sent(one, secret, "patch", tags=["law"], gold_percent=12.5, guidelines="Read both.").json()
    assert (changed["tags"], changed["gold_percent"], changed["minutes_to_expiry"]) == (["law"], 12.5, 60)
    assert (
        "minutes_to_expiry" in assert_problem(sent(one, secret, "patch", minutes_to_expiry=1), 400)["errors"]
    )
    assert sent(f"{one}open/", secret).json()["state"] == "open"
    assert sent(f"{one}close/", secret).json()["state"] == "closed"
    assert_problem(sent(f"{one}close/", secret), 409)
    assert_problem(sent(one, secret, "delete"), 409)
    assert [row["name"] for row in rows(asked(here, secret))] == [made.json()["name"]]
    told = AuditEvent.objects.filter(study=study, actor=user).values_list("action", flat=True)
    assert set(told) >= {"batch.made", "batch.changed", "batch.opened", "batch.closed"}

    (task,) = rows(asked(f"{one}tasks/", secret))
    assert (task["query"], [side["text"] for side in task["sides"]]) == (None, [None, None])
    whole = asked(f"{one}tasks/1/", secret, text="with").json()
    assert {side["text"] for side in whole["sides"]} == {"Write to [EMAIL] and ask."}
    assert AuditEvent.objects.filter(action="api.texts_read", actor=user).count() == 1
    poor = secret_of(make_member(study, Role.COORDINATOR))
    assert_problem(asked(f"{one}tasks/", poor, text="with"), 403)
    assert [rows(asked(f"{one}tasks/", secret, state=state)) == [] for state in ("waiting", "gold")] == [
        False,
        True,
    ]
    assert "state" in assert_problem(asked(f"{one}tasks/", secret, state="lost"), 400)["errors"]


def test_a_file_becomes_a_batch_and_its_faults_are_named_by_line(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    study = make_study()
    secret, here = secret_of(make_member(study)), f"{BASE}studies/{study.slug}/batches/"
    wanted = {"title": "A file", "kind": "pair", "source": "file", "languages": ["en", "fr"]}
    wanted["rubric"] = shipped_version("preference_dissection").pk

    def posted(*lines: dict[str, Any]) -> Any:
        text = "\n".join(map(json.dumps, lines))
        file = SimpleUploadedFile("pairs.jsonl", text.encode())
        return Client().post(here, wanted | {"file": file}, headers=bearer(secret))

    pair = {"query": "Why?", "response_1": "So.", "response_2": "Thus."}
    refused = posted(pair, {"query": "Only that"})
    assert "Line 2" in str(assert_problem(refused, 400)["errors"]["file"])
    made = posted(pair, pair | {"key": "b", "gold": {"clear": [1, 2]}})
    assert made.status_code == 201, made.content
    assert made.json()["made"]["file"].keys() == {"name", "sha256"}
    assert made.json()["languages"] == ["en", "fr"]
    tasks.fill_batch(study.batches.get().pk)
    listed = f"studies/{study.slug}/batches/{made.json()['name']}/tasks/"
    page = asked(listed, secret, limit=1).json()
    again = follow(page["next"], secret)
    assert [row["is_gold"] for row in page["results"] + again["results"]] == [False, True]
    assert again["next"] is None
    assert sent(listed.removesuffix("tasks/"), secret, "delete").status_code == 204
    assert not Batch.objects.exists()


def test_annotations_are_read_by_codes_and_texts_by_right():
    study = make_study()
    batch = make_batch(study)
    reader = make_member(study, Role.ANALYST, may_export_full=True)
    secret, here = secret_of(reader), f"studies/{study.slug}/batches/{batch.slug}/annotations/"
    one, two = make_member(study, Role.ANNOTATOR), make_user()
    task = make_task(batch, needed=3)
    Side.objects.filter(task=task).update(model_name="maker/secret-model")
    make_whole_annotation(make_assignment(task, one), "Words of an annotator")
    given = make_assignment(task, two)
    make_annotation(given, {1: [3, 1], 2: [None, 0]}, flag="unclear")
    newer = Annotation.objects.create(task=task, assignment=given, revision=1)
    recruited = make_enrolment(study)
    make_annotation(make_assignment(task, enrolment=recruited), {1: [0, 0]})
    gone = make_enrolment(study, outcome="withdrawn", outcome_at="2026-01-01T00:00Z")
    make_annotation(make_assignment(make_task(batch), enrolment=gone), {1: [0, 0]})
    make_annotation(make_assignment(make_task(batch, is_training=True), one), {1: [0, 0]})
    Annotation.objects.create(task=task, origin="judge", source="strict")

    found = rows(asked(here, secret))
    code = coder(study)
    assert [row["annotator"] for row in found] == [code(one.pk), code(two.pk), recruited.code, "strict"]
    first = found[0]
    assert first["values"][1] == {
        "side": 1,
        "is_checkable": None,
        "values": {
            "kind": {"value": 2, "status": "chosen"},
            "clear": {"value": None, "status": "untouched"},
        },
    }
    assert (first["comment"], first["items"][0]["text"], first["errors"][0]["property"]) == (
        None,
        None,
        "kind",
    )
    with_texts = asked(here, secret, text="with", annotator=code(one.pk))
    assert [row["comment"] for row in rows(with_texts)] == ["Words of an annotator"]
    everything = with_texts.content.decode() + asked(here, secret).content.decode()
    hidden = (one.email, two.email, str(one), "secret-model", recruited.participant.code)
    assert [word for word in hidden if word in everything] == []

    def ids(**wanted: Any) -> list[int]:
        return [row["id"] for row in rows(asked(here, secret, **wanted))]

    assert ids(annotator=code(two.pk)) == [newer.pk]
    assert len(ids(annotator=code(two.pk), revisions="all")) == 2
    assert len(ids(origin="judge")) == len(ids(annotator=recruited.code)) == len(ids(training="only")) == 1
    assert ids(annotator="annotator1") == ids(task=9) == []
    assert_problem(asked(here, secret_of(make_member(study, Role.ANALYST)), text="with"), 403)


def test_annotators_are_described_and_counted_by_codes():
    study = make_study()
    batch = make_batch(study, tags=["law"])
    secret, here = secret_of(make_member(study, Role.OWNER)), f"studies/{study.slug}/"
    annotator = make_member(study, Role.ANNOTATOR)
    code = coder(study)(annotator.pk)
    one = f"{here}annotators/{code}/"
    known = {"tags": [], "languages": [], "is_excluded": False}
    assert asked(one, secret).json() == {"annotator": code, **known, "submitted": 0}
    assert sent(one, secret, "patch", tags=["law"], languages=["de-AT"]).json()["tags"] == ["law"]
    kept = sent(one, secret, "patch", languages=["fr"]).json()
    assert (kept["tags"], kept["languages"]) == (["law"], ["fr"])
    assert "languages" in assert_problem(sent(one, secret, "patch", languages=["Ü"]), 400)["errors"]
    make_annotation(make_assignment(make_task(batch), annotator), {1: [1, 1]})
    listed = rows(asked(f"{here}batches/{batch.slug}/annotators/", secret))
    suited = {row["annotator"]: (row["is_suited"], row["submitted"], row["open"]) for row in listed}
    assert suited[code] == (True, 1, 0)
    assert [value[0] for key, value in suited.items() if key != code] == [False]
    assert annotator.email not in asked(f"{here}annotators/", secret).content.decode()
    assert_problem(asked(f"{here}annotators/annotator1/", secret), 404)
