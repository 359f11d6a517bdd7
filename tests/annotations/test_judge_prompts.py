"""Prompts of judges as versions that a study writes, and judges that say which kind of request a query is."""

import pytest
from django.test import Client
from django.urls import reverse

from annotations.judging import judges, lanes, runs
from annotations.judging.prompts import PromptsError, parse
from annotations.models import Judge, JudgeCall, PromptSet, Task
from annotations.prompts import shipped
from annotations.scenarios.suggesting import groups_of, suggest
from conversations.fakellm import server as fakellm
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.annotations.judged import make_judge, make_pairs, started
from tests.factories import make_member, make_study, make_user
from tests.surveys.programs import asked, assert_problem, secret_of, sent

pytestmark = pytest.mark.django_db


def client_of(study, role: str) -> Client:
    client = Client()
    client.force_login(make_member(study, role))
    return client


def at(study, name: str, *args: object) -> str:
    return reverse(f"annotating:{name}", args=[study.slug, *args])


def test_prompts_are_written_checked_shown_on_a_task_and_stored_as_versions_that_judges_keep():
    batch = make_pairs(1)
    Task.objects.update(query="Is <b>rye</b> a cereal?", context=[{"role": "user", "text": "Hello."}])
    study = batch.study
    client = client_of(study, Role.COORDINATOR)
    listed = client.get(at(study, "prompts")).content.decode()
    assert all(title in listed for title in ("dissection v1", "preference v1", "scenario v1"))
    dissection = PromptSet.objects.get(study=None, key="dissection")
    here = at(study, "prompt_set", dissection.pk)
    page = client.get(here)
    text = page.context["text"]
    assert "\nkey: own-dissection\n" in text
    assert text.replace("own-", "", 1) == dissection.text
    assert page.context["base"] == 0
    chosen = {"base": "0", "batch": batch.slug, "number": "1"}

    preview = client.post(here, chosen | {"text": text, "check": "1"})
    steps = preview.context["steps"]
    assert [one["step"].key for one in steps] == ["query", "specific", "aware", "free", "reference", "errors"]
    assert not PromptSet.objects.filter(study=study).exists()
    shown = preview.content.decode()
    assert "Is &lt;b&gt;rye&lt;/b&gt; a cereal?" in shown
    assert "Hello." in steps[0]["text"]
    assert "rye" not in steps[3]["text"]
    assert "satisfies_constraints" in steps[1]["schema"]
    assert (
        "no task of that number" in client.post(here, chosen | {"text": text, "number": "9"}).content.decode()
    )

    leaky = text.replace("What follows was written by an assistant. What", "$query What")
    refused = client.post(here, chosen | {"text": leaky, "store": "1"})
    assert refused.status_code == 422
    assert "may not be told: query" in refused.content.decode()
    assert "$query What it replies to" in refused.content.decode()  # nothing typed is lost
    taken = client.post(here, chosen | {"text": dissection.text, "store": "1"})
    assert "shipped set" in taken.content.decode()
    assert not PromptSet.objects.filter(study=study).exists()

    stored = client.post(here, chosen | {"text": text, "store": "1"})
    first = PromptSet.objects.get(study=study)
    assert stored["Location"] == at(study, "prompt_set", first.pk)
    assert AuditEvent.objects.get(action="prompts.stored").subject == "own-dissection v1"
    judge = make_judge(batch, "http://127.0.0.1:1/v1")
    fields = {"name": "ours", "model": judge.model_id, "temperature": "0", "seed": "1", "most_tokens": "300"}
    assert client.post(at(study, "add_judge"), fields | {"prompt_set": first.pk}).status_code == 302
    own = at(study, "prompt_set", first.pk)
    shorter = text.replace("short phrases", "brief phrases")
    assert client.post(own, {"base": "1", "text": shorter, "store": "1"}).status_code == 302
    assert client.post(own, {"base": "1", "text": shorter, "store": "1"}).status_code == 302  # twice is once
    late = client.post(own, {"base": "1", "text": text + "\n", "store": "1"})
    assert (late.status_code, "newer version" in late.content.decode()) == (422, True)
    assert [one.number for one in PromptSet.objects.filter(study=study)] == [2, 1]
    assert Judge.objects.get(name="ours").prompt_set == first
    assert first.text == text

    analyst = client_of(study, Role.ANALYST)
    assert "<textarea" not in analyst.get(own).content.decode()
    assert "textarea" not in analyst.post(own, {"text": shorter, "store": "1"}).content.decode()
    assert PromptSet.objects.filter(study=study).count() == 2
    stranger, elsewhere = Client(), make_study()
    stranger.force_login(make_user())
    assert stranger.get(own).status_code == 404
    assert client_of(elsewhere, Role.OWNER).get(at(elsewhere, "prompt_set", first.pk)).status_code == 404
    assert first.pk not in [one.pk for one in judges.prompts_for(elsewhere)]


def test_a_program_lists_reads_checks_and_writes_prompts_as_the_page_does():
    study = make_study()
    owner = make_member(study, Role.OWNER)
    secret, here = secret_of(owner), f"studies/{study.slug}/judge-prompts/"
    rows = {row["prompts"]: row for row in asked(here, secret).json()["results"]}
    assert {"dissection", "preference", "scenario"} <= rows.keys()
    assert rows["preference"]["is_shipped"]
    read = asked(f"{here}{rows['preference']['id']}/", secret).json()
    assert (read["document"], read["steps"]) == (shipped("preference"), ["preference"])
    text = shipped("preference").replace("\nkey: preference\n", "\nkey: taste\n")
    assert sent(f"{here}check/", secret, document=text).json()["is_valid"]
    broken = text.replace("$responses", "")
    assert sent(f"{here}check/", secret, document=broken).json()["problems"] == [
        "Step “preference” needs: $responses."
    ]
    refused = assert_problem(sent(here, secret, document=broken), 400)
    assert "needs: $responses" in refused["errors"]["document"][0]
    taken = assert_problem(sent(here, secret, document=shipped("preference")), 400)
    assert "shipped set" in taken["errors"]["document"][0]
    assert not PromptSet.objects.filter(study=study).exists()
    first = sent(here, secret, document=text, after=0)
    assert (first.status_code, first.json()["prompts"], first.json()["version"]) == (201, "taste", 1)
    assert sent(here, secret, document=text).status_code == 200  # twice is once
    second = sent(here, secret, document=text + "\n", after=1)
    assert (second.status_code, second.json()["version"]) == (201, 2)
    assert_problem(sent(here, secret, document=text + "\n\n", after=1), 409)
    assert "after" in assert_problem(sent(here, secret, document=text, after=-1), 400)["errors"]
    own = [row["version"] for row in asked(here, secret).json()["results"] if row["prompts"] == "taste"]
    assert own == [1, 2]
    events = AuditEvent.objects.filter(action="prompts.stored", actor=owner, study=study)
    assert [event.subject for event in events.order_by("pk")] == ["taste v1", "taste v2"]
    elsewhere = make_study()
    other = secret_of(make_member(elsewhere, Role.OWNER))
    assert_problem(asked(f"studies/{elsewhere.slug}/judge-prompts/{first.json()['id']}/", other), 404)


@pytest.mark.parametrize(
    ("given", "changed", "fault"),
    [
        ("$responses\n\n      Choose", "Choose", r"“preference” needs: \$responses"),
        ("$responses", "$response_1 $response_3", "may not be told: response_3"),
        ("toss a coin", "pay $5", r"Write \$\$"),
        ("  - key: preference", "  - key: Of Taste", "is no key"),
        ("format: prism", "format: other", "should begin with"),
        ("steps:", "steps: [", "near line"),
    ],
)
def test_prompts_that_cannot_work_are_refused_with_the_reason(given, changed, fault):
    with pytest.raises(PromptsError, match=fault):
        parse(shipped("preference").replace(given, changed, 1))
    both = shipped("preference").replace("$responses", "$response_1 and $response_2")
    assert parse(both).steps[0].asks == "preference"


def test_a_judge_says_the_scenario_where_nobody_decided_and_what_a_tag_calls_unsafe_is_never_asked():
    batch = make_pairs(5)
    group = {"scenario_group": "Code", "scenario": "code_generation"}
    tasks = batch.tasks
    tasks.filter(number=1).update(tags=["toxic"])
    tasks.filter(number=2).update(scenario_source="person", **group)
    tasks.filter(number=3).update(scenario_source="classifier", **group)
    tasks.filter(number=4).update(scenario_source="import", **group)
    with fakellm.running() as url:
        run = started(batch, make_judge(batch, url, "scenario"))
        lanes.work(run.pk)
    run.refresh_from_db()
    assert run.state == "done"
    sources = tasks.order_by("number").values_list("scenario_source", flat=True)
    assert list(sources) == ["tag", "person", "judge", "import", "judge"]
    assert tasks.get(number=1).scenario_group == groups_of(batch.study).unsafe
    assert JudgeCall.objects.filter(judged__run=run).count() == 2
    for task in tasks.filter(number__in=[3, 5]):
        said = run.judged.get(task=task).scenario
        assert (task.scenario, task.scenario_group) == (said, groups_of(batch.study).group_of(said))
    assert dict(runs.figures(run)["scenarios"])
    page = client_of(batch.study, Role.OWNER).get(at(batch.study, "judge_run", run.pk)).content.decode()
    assert tasks.get(number=5).scenario in page
    before = list(tasks.values_list("scenario_group", flat=True))
    suggest(batch)  # the classifier takes nothing from a judge
    assert list(tasks.values_list("scenario_group", flat=True)) == before
