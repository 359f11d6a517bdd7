"""A batch over the API from end to end: annotated, compared, adjudicated, judged, put into scenarios."""

import csv
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from rest_framework.exceptions import ValidationError

from annotations import agreement_reports, tasks
from annotations.api.answers import Answers, given_of
from annotations.codes import coder
from annotations.judging import lanes
from annotations.models import Annotation, Assignment, Batch, Contest, Draft, Ruling, Side, Status
from annotations.rubric_versions import shipped_version
from annotations.told import Reading, read
from conversations.fakellm import server as fakellm
from surveys.models import AuditEvent, Study
from surveys.models.people import Role
from tests.annotations.judged import make_judge, make_pairs
from tests.annotations.making import TWO_PROPERTIES, make_annotation, make_assignment, make_batch, make_task
from tests.annotations.suggesting import judge, make_run
from tests.factories import make_member, make_study, make_user
from tests.surveys.programs import BASE, asked, assert_problem, bearer, follow, secret_of, sent

pytestmark = pytest.mark.django_db
# What can be said of a pair by the 29 properties, of every kind that there is.
SAID: dict[str, Any] = {
    "confirmed": ["facts"],
    "facts": {"feelings_voiced": True, "constraints": ["no lists", "short"]},
    "values": {"clear": {"a": 3, "b": "1"}, "harmless": {"b": 0}, "empathetic": {"a": 2, "b": 2}},
    "items": {"satisfies_constraints": {"a": [3, None], "b": [0, 1]}},
    "errors": {
        "a": [{"type": "math", "severity": "severe", "description": "2+2=5"}],
        "b": "cannot_be_judged",
    },
    "took": [],
    "comment": "Hard.",
    "flag": "other",
    "seconds": 99999,
    "active_seconds": 0.001,
}


def here(batch: Batch) -> str:
    return f"studies/{batch.study.slug}/batches/{batch.slug}/"


def annotator_of(study: Study) -> tuple[Any, str]:
    user = make_member(study, Role.ANNOTATOR)
    return user, secret_of(user)


def test_an_annotator_is_given_a_task_drafts_it_says_everything_and_corrects_it():
    batch = make_batch(rubric_version=shipped_version("preference_dissection"), guidelines="Read both.")
    user, secret = annotator_of(batch.study)
    task = make_task(batch, texts=["The first.", "The second."], context=[{"role": "user", "text": "Hi"}])
    Side.objects.filter(task=task).update(model_name="maker/secret-model")
    mine = asked("annotate/batches/", secret).json()["results"]
    assert [(row["study"], row["name"], row["tasks"], row["mine"]) for row in mine] == [
        (batch.study.slug, batch.slug, 1, 0)
    ]
    form = asked(f"{here(batch)}form/", secret).json()
    assert (len(form["properties"]), len(form["facts"]), form["guidelines"]) == (28, 5, "Read both.")
    assert form["confirmable"][0] == "facts"
    assert {"math", "other"} <= set(form["error_types"])

    begun = sent(f"{here(batch)}next/", secret)
    one = f"annotate/tasks/{begun.json()['id']}/"
    Assignment.objects.update(is_swapped=True)
    shown = asked(one, secret)
    assert shown.json()["responses"] == {"a": "The second.", "b": "The first."}
    assert (shown.json()["query"], shown.json()["context"]) == (task.query, [{"role": "user", "text": "Hi"}])
    assert "secret-model" not in shown.content.decode()
    assert sent(f"{here(batch)}next/", secret).json()["id"] == begun.json()["id"]

    drafted = sent(f"{one}draft/", secret, "put", values={"clear": {"a": 2}}, comment="So far")
    said = {name: value for name, value in drafted.json()["said"].items() if value}
    assert said == {"values": {"clear": {"a": 2}}, "comment": "So far"}
    assert drafted.json()["expires_at"] > begun.json()["expires_at"]
    stored = sent(f"{one}submit/", secret, **SAID)
    assert stored.status_code == 200, stored.content
    assert (stored.json()["revision"], stored.json()["feedback"]) == (0, None)
    made = Annotation.objects.get()
    by_side = {row.side: row for row in made.values.all()}
    rubric = batch.rubric_version.parsed()
    clear, harmless = rubric.property("clear").id, rubric.property("harmless").id
    assert [by_side[side].scores[clear] for side in (1, 2)] == [1, 3]  # `a` was the second of the source
    assert by_side[1].statuses[harmless] == Status.CHOSEN
    assert by_side[2].statuses[harmless] == Status.UNTOUCHED
    assert (by_side[1].is_checkable, by_side[2].is_checkable) == (False, True)
    assert made.items.filter(side=2).get().score == 3
    assert [(row.side, row.type, row.severity) for row in made.errors.all()] == [(2, "math", "severe")]
    assert (made.comment, made.flag, made.active_seconds) == ("Hard.", "other", 0.001)
    assert made.seconds < 99999
    assert not Draft.objects.exists()

    # What was said comes back as it was said, and saying it once more is the next revision.
    back = asked(one, secret).json()["said"]
    assert back == {name: SAID[name] for name in back} | {
        "values": SAID["values"] | {"clear": {"a": 3, "b": 1}}
    }
    assert_problem(sent(f"{one}draft/", secret, "put", **back), 409)
    assert sent(f"{one}submit/", secret, **back | {"comment": ""}).json()["revision"] == 1
    assert Annotation.objects.current().get().comment == ""
    assert asked("annotate/batches/", secret).json()["results"][0]["last"] == begun.json()["id"]
    assert sent(f"{here(batch)}next/", secret).status_code == 204
    assert user.email not in shown.content.decode()


def test_what_is_wrong_with_an_annotation_is_named_by_its_place_and_nothing_is_stored():
    batch = make_batch(rubric_version=shipped_version("preference_dissection"))
    _user, secret = annotator_of(batch.study)
    make_task(batch)
    one = f"annotate/tasks/{sent(f'{here(batch)}next/', secret).json()['id']}/"
    wrong = {
        "confirmed": ["everything"],
        "facts": {"constraints": [], "feelings_voiced": 1, "weather": True},
        "values": {
            "clear": {"a": 9, "c": 1},
            "harmless": {"a": 9},
            "funny": 2,
            "corrects_mistakes": {"a": 1},
            "tone": {"a": 1},
        },
        "items": {"supports_stances": {"a": [1]}, "clear": {"a": [1]}},
        "errors": {"a": [{"type": "spelling", "severity": "severe"}], "b": "none"},
    }
    faults = assert_problem(sent(f"{one}submit/", secret, **wrong), 400)["errors"]
    assert faults.keys() == {
        *("confirmed", "facts.constraints", "facts.feelings_voiced", "facts.weather", "values.clear"),
        *("values.harmless.a", "values.funny", "values.corrects_mistakes", "values.tone"),
        *("items.supports_stances", "items.clear", "errors.a.1.type", "errors.b"),
    }
    assert "0 (" in faults["values.harmless.a"][0]
    assert assert_problem(sent(f"{one}submit/", secret), 400)["errors"].keys() == {"non_field_errors"}
    assert "colour" in assert_problem(sent(f"{one}submit/", secret, colour="red"), 400)["errors"]
    assert "flag" in assert_problem(sent(f"{one}submit/", secret, flag="boring"), 400)["errors"]
    assert not Annotation.objects.exists()


def test_a_form_and_what_a_program_says_lead_to_each_other():
    for is_swapped in (False, True):
        reading = Reading.of(
            shipped_version("preference_dissection").parsed(), is_pair=True, is_swapped=is_swapped
        )
        form = Answers(reading, SAID).form()
        said = given_of(reading, form)
        again = Answers(reading, said).form()
        assert read(reading, again).values == read(reading, form).values
    pair = Reading.of(shipped_version("pairwise_preference").parsed(), is_pair=True, is_swapped=True)
    of_pair = next(p for p in pair.document.properties if p.of_pair)
    level = of_pair.scale.values[0]
    said = given_of(pair, Answers(pair, {"values": {of_pair.slug: level}}).form())
    assert said["values"] == {of_pair.slug: level}
    single = Reading.of(shipped_version("speechmap").parsed(), is_pair=False, is_swapped=False)
    asked_of = single.document.properties[0]
    word = asked_of.scale.levels[0].label
    form = Answers(single, {"values": {asked_of.slug: {"a": word}}}).form()
    assert given_of(single, form)["values"] == {asked_of.slug: {"a": asked_of.scale.levels[0].value}}
    with pytest.raises(ValidationError):
        Answers(single, {"values": {asked_of.slug: {"b": word}}}).form()


def test_tasks_are_skipped_with_a_reason_released_and_trained_with_feedback():
    batch = make_batch(overlap=2)
    study = batch.study
    _user, secret = annotator_of(study)
    make_task(batch, is_training=True, needed=0, gold={"clear": [2, 0]})
    for _ in range(2):
        make_task(batch)

    def given() -> str:
        return f"annotate/tasks/{sent(f'{here(batch)}next/', secret).json()['id']}/"

    training = given()
    assert asked(training, secret).json()["is_training"] is True
    told = sent(f"{training}submit/", secret, values={"clear": {"a": 2, "b": 1}}).json()["feedback"]
    assert sorted(line["is_same"] for line in told) == [False, True] or told[0]["about"]
    assert_problem(asked(training, secret), 409)
    first = given()
    assert "reason" in assert_problem(sent(f"{first}skip/", secret), 400)["errors"]
    assert sent(f"{first}skip/", secret, reason="Not my field").status_code == 204
    assert_problem(sent(f"{first}skip/", secret, reason="Again"), 409)
    second = given()
    assert sent(f"{second}release/", secret).status_code == 204
    assert_problem(asked(second, secret), 409)
    assert sent(f"{here(batch)}next/", secret).status_code == 204
    assert list(Assignment.objects.order_by("pk").values_list("state", "reason")) == [
        ("submitted", ""),
        ("skipped", "Not my field"),
        ("returned", ""),
    ]
    Batch.objects.update(state="closed")
    assert_problem(sent(f"{here(batch)}next/", secret), 409)
    assert asked("annotate/batches/", secret).json()["results"] == []


def test_a_suggestion_is_shown_where_the_batch_says_so_and_what_is_taken_over_is_recorded():
    batch = make_batch(rubric_version=shipped_version("preference_dissection"))
    _user, secret = annotator_of(batch.study)
    owner = secret_of(make_member(batch.study))
    for _ in range(2):
        task = make_task(batch)
    run = make_run(batch)
    suggested = judge(run, task)
    one = f"{here(batch)}suggestions/"
    for wrong in (
        {"suggestions": "always"},
        {"suggestions": "on"},
        {"suggestions": "on", "suggestion_run": 0},
    ):
        assert_problem(sent(one, owner, "put", **wrong), 400)
    stored = sent(one, owner, "put", suggestions="on", suggestion_run=run.pk)
    assert stored.json() == {"suggestions": "on", "suggestion_run": run.pk, "shown": 0}
    first = sent(f"{here(batch)}next/", secret).json()
    assert first["suggestion"] is None  # the judge has not said anything of it
    sent(f"annotate/tasks/{first['id']}/release/", secret)
    given = sent(f"{here(batch)}next/", secret).json()
    assert given["said"]["values"] == {}
    seen = given["suggestion"]
    assert (seen["facts"]["constraints"], len(seen["values"])) == (["no lists"], 20)
    harmless = seen["values"]["harmless"]["a"]
    said = {"values": {"harmless": {"a": harmless}, "polite": {"a": 3}}}
    mine = f"annotate/tasks/{given['id']}/"
    refused = sent(f"{mine}submit/", secret, **said, took=["values.harmless.c"])
    assert assert_problem(refused, 400)["errors"].keys() == {"took"}
    taken = sent(f"{mine}submit/", secret, **said, took=["values.harmless.a", "values.polite.a"])
    assert taken.status_code == 200, taken.content
    made = Annotation.objects.get(origin="person")
    assert (made.suggestion_shown, made.suggested_by) == (True, run)
    over = [row.taken_over for row in made.values.all() if row.taken_over]
    assert over == [
        [batch.rubric_version.parsed().property("harmless").id]
    ]  # the other is no more as suggested
    assert asked(mine, secret).json()["said"]["took"] == ["values.harmless.a"]
    assert suggested.source not in str(given)
    assert asked(one, owner).json()["shown"] == 1


def test_a_task_is_its_annotators_alone():
    batch = make_batch()
    _user, secret = annotator_of(batch.study)
    make_task(batch)
    one = f"annotate/tasks/{sent(f'{here(batch)}next/', secret).json()['id']}/"
    others = [
        secret_of(make_member(batch.study, Role.OWNER)),
        annotator_of(batch.study)[1],
        secret_of(make_user()),
    ]
    acts = [("draft", "put"), ("submit", "post"), ("skip", "post"), ("release", "post")]
    for other in others:
        assert_problem(asked(one, other), 404)
        for act, method in acts:
            assert_problem(sent(f"{one}{act}/", other, method), 404)
    for act, method in acts:
        assert_problem(sent(f"{one}{act}/", "", method), 401)
    reader = secret_of(make_member(batch.study, Role.ANALYST))
    assert_problem(sent(f"{here(batch)}next/", reader), 403)
    assert_problem(sent(f"{here(batch)}next/", secret_of(make_user())), 404)
    assert asked("annotate/batches/", reader).json()["results"] == []
    assert Assignment.objects.get().state == "open"


def batch_of_file(study: Study, secret: str, number: int, overlap: int) -> Batch:
    """A rubric and an open batch by it, made by a coordinator's program."""
    rubric = sent(f"studies/{study.slug}/rubrics/", secret, rubric="two", document=TWO_PROPERTIES).json()
    lines = (
        {"query": f"Question {n}?", "response_1": f"First {n}.", "response_2": "So."} for n in range(number)
    )
    file = SimpleUploadedFile("pairs.jsonl", "\n".join(map(json.dumps, lines)).encode())
    given = {"title": "Pairs", "rubric": rubric["id"], "kind": "pair", "source": "file", "overlap": overlap}
    here = f"studies/{study.slug}/batches/"
    made = Client().post(BASE + here, given | {"file": file}, headers=bearer(secret))
    assert made.status_code == 201, made.content
    batch = study.batches.get()
    tasks.fill_batch(batch.pk)
    assert sent(f"{here}{batch.slug}/open/", secret).json()["progress"]["tasks"] == number
    return batch


def test_a_batch_is_made_annotated_compared_ruled_on_blind_then_seeing_and_exported(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    study = make_study()
    people = [annotator_of(study) for _ in range(2)]
    owner = secret_of(make_member(study, Role.OWNER))
    batch = batch_of_file(study, owner, number=3, overlap=2)
    for place, (_user, secret) in enumerate(people):
        while (task := sent(f"{here(batch)}next/", secret)).status_code == 200:
            apart = (
                3 * place
                if task.json()["query"] and Assignment.objects.get(pk=task.json()["id"]).task.number == 2
                else 2
            )
            level = {"a": apart, "b": apart}
            done = sent(f"annotate/tasks/{task.json()['id']}/submit/", secret, values={"clear": level})
            assert done.status_code == 200, done.content
    found = asked(f"{here(batch)}agreement/", owner).json()
    assert (found["annotations"], found["is_current"], found["of"]) == (6, True, "people")
    stored = agreement_reports.standing(batch, "people").report.document
    clear = next(one for one in found["report"]["properties"] if one["slug"] == "clear")
    assert clear["coefficients"] == stored["properties"][1]["coefficients"]
    assert clear["coefficients"]["percent"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert {tuple(one) for one in found["report"]["annotators"]} == {("code", "annotations", "is_excluded")}
    left_out = f"studies/{study.slug}/annotators/{coder(study)(people[1][0].pk)}/"
    assert sent(left_out, owner, "patch", excluded_for="no").status_code == 400
    assert sent(left_out, owner, "patch", excluded_for="clicks at random").json()["is_excluded"]
    alone = asked(f"{here(batch)}agreement/", owner).json()
    assert (alone["annotations"], alone["excluded"]) == (3, {"annotators": 1, "annotations": 3})
    assert len(alone["report"]["annotators"]) == 1
    every = asked(f"{here(batch)}agreement/", owner, excluded="with").json()
    assert (every["annotations"], every["with_excluded"]) == (6, True)
    assert every["report"]["properties"] == found["report"]["properties"]
    assert not sent(left_out, owner, "patch", excluded_for="").json()["is_excluded"]
    assert asked(f"{here(batch)}agreement/", owner, of="judges").json()["report"] is None
    assert "of" in assert_problem(asked(f"{here(batch)}agreement/", owner, of="cats"), 400)["errors"]

    assert sent(f"{here(batch)}contest-rule/", owner, "patch", least_range=3).json()["least_range"] == 3
    assert AuditEvent.objects.get(action="contest_rule.changed").detail["least_range"] == 3
    adjudicator = make_member(study, Role.ANNOTATOR, may_adjudicate=True)
    secret = secret_of(adjudicator)
    contests = asked(f"{here(batch)}contests/", secret).json()["results"]
    assert [(row["task"], row["side"], row["field"], row["is_ruled"]) for row in contests] == [
        (2, 1, "clear", False),
        (2, 2, "clear", False),
    ]
    page = asked(f"{here(batch)}contests/", secret, limit=1).json()
    assert [row["side"] for row in follow(page["next"], secret)["results"]] == [2]
    one = f"{here(batch)}contests/2/1/clear/"
    blind = asked(one, secret).json()
    assert (blind["said"], blind["second_opinion"], blind["look"], blind["rulings"]) == (None,) * 4
    assert blind["responses"].keys() == {"1", "2"}
    ruling = {"value": 0, "reason": "The first sentence is garbled.", "rule": "level:0"}
    assert "look" in assert_problem(sent(f"{one}rule/", secret, **ruling), 409)["detail"]
    assert "value" in assert_problem(sent(f"{one}look/", secret, value=9), 400)["errors"]
    seen = sent(f"{one}look/", secret, value=1).json()
    assert sorted(said["value"] for said in seen["said"]) == [0, 3]
    assert sent(f"{one}look/", secret, value=3).json()["look"]["value"] == 1  # the first stands
    assert "rule" in assert_problem(sent(f"{one}rule/", secret, **ruling | {"rule": "mood"}), 400)["errors"]
    ruled = sent(f"{one}rule/", secret, **ruling)
    assert (ruled.status_code, ruled.json()["rulings"][0]["by"]) == (201, coder(study)(adjudicator.pk))
    assert_problem(sent(f"{one}rule/", secret, **ruling), 409)  # without naming the one that holds
    newer = sent(f"{one}rule/", secret, **ruling | {"value": None, "replaces": ruled.json()["replaces"]})
    assert newer.status_code == 201, newer.content
    assert Ruling.objects.get(is_current=True).score is None
    assert [row["value"] for row in asked(f"{here(batch)}rulings/", secret).json()["results"]] == [None]
    assert len(asked(f"{here(batch)}rulings/", secret, replaced="with").json()["results"]) == 2
    assert [row["side"] for row in asked(f"{here(batch)}contests/", secret).json()["results"]] == [2]
    # Not who annotated it, even with the right; nor an annotator without it; nor a stranger.
    granted = study.memberships.get(user=people[0][0])
    granted.may_adjudicate = True
    granted.save()
    assert_problem(sent(f"{one}look/", people[0][1], value=1), 409)
    assert_problem(asked(one, people[1][1]), 403)
    assert_problem(asked(one, secret_of(make_user())), 404)
    assert_problem(asked(f"{here(batch)}contests/1/1/clear/", secret), 404)
    names = [user.email for user, _ in people]
    assert not any(name in str(seen) + str(found) for name in names)
    assert Contest.objects.count() == 2

    call_command("export", study.slug, "--format", "properties", "--out", str(tmp_path / "out"))
    with (tmp_path / "out" / "annotations.csv").open() as file:
        exported = list(csv.DictReader(file))
    code = coder(study)
    assert {row["annotator"] for row in exported if row["origin"] == "person"} == {
        code(user.pk) for user, _ in people
    }
    assert [row["annotator"] for row in exported if row["origin"] == "ruling"] == [code(adjudicator.pk)]
    marked = {(row["task"], row["side"], row["property"]) for row in exported if row["adjudicated"] == "t"}
    assert {(side, name) for _task, side, name in marked} == {("1", "clear")}


def test_a_judge_is_added_estimated_started_paused_capped_and_its_results_are_read(
    django_capture_on_commit_callbacks,
):
    with fakellm.running(seed=0, speed=1000.0) as url:
        batch = make_pairs(3)
        study = batch.study
        owner = make_member(study, Role.OWNER, may_export_full=True)
        secret, base = secret_of(owner), f"studies/{study.slug}/"
        model = make_judge(batch, url, model="judge;fail=invalid;times=2").model
        given = {"name": "strict", "model": model.name, "prompts": "preference", "most_tokens": 300}
        for field, value in (("model", "nobody"), ("prompts", "none"), ("temperature", 3)):
            assert (
                field
                in assert_problem(sent(f"{base}judges/", secret, **given | {field: value}), 400)["errors"]
            )
        assert sent(f"{base}judges/", secret, **given).json()["prompts_version"] == 1
        assert "name" in assert_problem(sent(f"{base}judges/", secret, **given), 400)["errors"]
        names = {row["prompts"] for row in asked(f"{base}judge-prompts/", secret).json()["results"]}
        assert names >= {"dissection", "preference"}
        wanted = {"batch": batch.slug, "judge": "strict"}
        estimate = sent(f"{base}judge-runs/estimate/", secret, **wanted).json()
        assert (estimate["tasks"], estimate["calls"]) == (3, 6)
        begun = sent(f"{base}judge-runs/", secret, **wanted, most_cost="1.5", lanes=2)
        assert begun.status_code == 201, begun.content
        assert begun.json()["estimate"]["calls"] == 6
        assert_problem(sent(f"{base}judge-runs/", secret, **wanted), 409)
        assert (
            "judge"
            in assert_problem(sent(f"{base}judge-runs/", secret, batch=batch.slug, judge="x"), 400)["errors"]
        )
        one = f"{base}judge-runs/{begun.json()['run']['id']}/"
        with django_capture_on_commit_callbacks() as waiting:
            assert sent(f"{one}start/", secret).json()["run"]["state"] == "running"
        assert len(waiting) == 1
        assert_problem(sent(f"{one}start/", secret), 409)
        assert sent(f"{one}pause/", secret).json()["figures"]["tasks"]["waiting"] == 3
        capped = sent(one, secret, "patch", most_tokens=1_000_000, most_cost=None).json()["run"]
        assert (capped["most_tokens"], capped["most_cost"], capped["lanes"]) == (1_000_000, None, 2)
        sent(f"{one}start/", secret)
        lanes.work(begun.json()["run"]["id"])
    now = asked(one, secret).json()
    assert (now["run"]["state"], now["figures"]["tasks"]["quarantined"]) == ("done", 1)
    assert now["figures"]["tokens_in"] > 0
    assert float(now["run"]["counted_cost"]) == pytest.approx(float(now["figures"]["cost"]))
    assert_problem(sent(f"{one}cancel/", secret), 409)
    (unusable,) = asked(f"{one}quarantine/", secret).json()["results"]
    assert (unusable["reply"], bool(unusable["reason"])) == (None, True)
    assert asked(f"{one}quarantine/", secret, text="with").json()["results"][0]["reply"] is not None
    (listed,) = asked(f"{base}judge-runs/", secret).json()["results"]
    assert (listed["tasks"], listed["done"]) == (3, 2)
    verdicts = [task["preferences"] for task in asked(f"{here(batch)}tasks/", secret).json()["results"]]
    assert sum("strict" in said for said in verdicts) == 2
    acts = set(AuditEvent.objects.filter(study=study, actor=owner).values_list("action", flat=True))
    assert acts >= {
        "judge.added",
        "judge_run.begun",
        "judge_run.started",
        "judge_run.paused",
        "judge_run.limited",
    }
    assert "secret" not in asked(f"{base}judges/", secret).content.decode()


def test_scenarios_are_grouped_corrected_and_suggested():
    batch = make_batch()
    make_task(batch)
    owner = secret_of(make_member(batch.study))
    listed = f"studies/{batch.study.slug}/scenario-groups/"
    groups = asked(listed, owner).json()
    assert (len(groups["groups"]), groups["classifier"]) == (11, None)
    assert sent(listed, owner, "put", document=groups["document"]).json() == {"moved": 0}
    assert "document" in assert_problem(sent(listed, owner, "put", document="classes: 3"), 400)["errors"]
    one = f"{here(batch)}scenarios/"
    group = groups["groups"][0]
    assert sent(one, owner, "patch", groups={"1": group}).json() == {"moved": 1}
    assert asked(one, owner).json() == {"tasks": 1, "without": 0, "groups": {group: 1}}
    task = asked(f"{here(batch)}tasks/1/", owner).json()
    assert (task["scenario_group"], task["scenario_source"]) == (group, "person")
    for wrong in ({"1": "nowhere"}, {"one": group}):
        assert "groups" in assert_problem(sent(one, owner, "patch", groups=wrong), 400)["errors"]
    assert sent(f"{one}suggest/", owner).status_code == 202
    tasks.suggest_scenarios(batch.pk)
    assert asked(one, owner).json()["groups"] == {group: 1}  # nothing replaces what a person said


def test_the_same_annotators_have_the_same_codes_in_lists_and_in_agreement_only_letters():
    batch = make_batch()
    user, secret = annotator_of(batch.study)
    make_annotation(make_assignment(make_task(batch), user), {1: [1, 1], 2: [1, 1]})
    owner = secret_of(make_member(batch.study))
    (row,) = asked(f"{here(batch)}annotations/", owner).json()["results"]
    assert row["annotator"] == coder(batch.study)(user.pk)
    (letter,) = asked(f"{here(batch)}agreement/", owner).json()["report"]["annotators"]
    assert letter["code"] == "A"
    asks = sent(f"{here(batch)}agreement/", owner, of="judges")
    assert (asks.status_code, asks.json()["is_awaited"]) == (202, True)
    assert_problem(asked(f"{here(batch)}agreement/", secret), 403)
