"""Language models as annotators: what they are asked, what is stored, caps, repairs, faults."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.utils import timezone

from annotations.judging import claiming, lanes, reading, runs
from annotations.judging.asking import Protocol, Subject
from annotations.judging.prompts import Asks, PromptsError, parse
from annotations.models import Annotation, JudgeCall, JudgedTask, Quarantine, Task
from annotations.prompts import KEYS, shipped
from annotations.rubric_documents import parse as parse_rubric
from annotations.rubrics import shipped as shipped_rubric
from conversations.fakellm import server as fakellm
from tests.annotations.judged import make_judge, make_pairs, started

DISSECTION = Protocol(
    parse(shipped("dissection")), parse_rubric(shipped_rubric("preference_dissection")), True
)
PAIR = Subject("Secret query, in 3 words?", ("Alpha text", "Beta text"))
State = JudgeCall.State


@pytest.fixture(scope="module")
def url():
    with fakellm.running() as url:
        yield url


def answered(pair: Subject, facts: dict[str, Any]) -> dict[tuple[str, bool], Any]:
    """Answers of a judge that gives the first response 3 and the second 1, wherever they stand."""
    answers: dict[tuple[str, bool], Any] = {}
    while question := DISSECTION.next(pair, answers):
        answers[question.step.key, question.is_swapped] = reply(question, facts)
    return answers


def reply(question: Any, facts: dict[str, Any]) -> Any:
    if question.step.asks == Asks.FACTS:
        return facts
    if question.step.asks == Asks.REFERENCE:
        return {"text": "A reference."}
    said = {}
    for name, part in question.schema["properties"].items():
        is_first = (name == "response_1") != question.is_swapped
        if question.step.asks == Asks.ERRORS:
            error = {"type": "math", "severity": "severe", "description": "2 + 2"}
            said[name] = {"applicable": True, "errors": [] if is_first else [error]}
        else:
            said[name] = {slug: rated(given, is_first) for slug, given in part["properties"].items()}
    assert list(reading.faults(said, question.schema)) == []
    return said


def rated(schema: dict[str, Any], is_first: bool) -> Any:
    if schema["type"] == "object":
        return {number: rated(part, is_first) for number, part in schema["properties"].items()}
    return max(schema["enum"]) if is_first else min(schema["enum"])


FACTS = {
    "intent_clear": True,
    "feelings_voiced": False,
    "constraints": ["three words", "three words"],
    "stances": [],
    "mistakes": [],
}


def test_the_steps_follow_the_facts_and_what_is_hidden_is_never_told():
    answers = answered(PAIR, FACTS)
    assert set(answers) == {("query", False), ("reference", False)} | set(
        product(("specific", "aware", "free", "errors"), (False, True))
    )
    asked = answered(PAIR, FACTS | {"constraints": []})
    assert ("specific", False) not in asked
    free = DISSECTION.question(DISSECTION.prompts.asking(Asks.HIDDEN), PAIR, answers, is_swapped=True)
    assert "Secret" not in free.text
    assert free.text.index("Beta") < free.text.index("Alpha")
    assert len(free.schema["properties"]["response_1"]["properties"]) == 18
    aware = DISSECTION.question(DISSECTION.prompts.asking(Asks.SHOWN), PAIR, answers, is_swapped=False)
    assert set(aware.schema["properties"]["response_1"]["properties"]) == {"relevant", "novel"}
    assert "Secret query" in aware.text
    errors = DISSECTION.question(DISSECTION.prompts.asking(Asks.ERRORS), PAIR, answers, is_swapped=False)
    assert "A reference." in errors.text
    given = Subject("Why?", ("A",), reference="Known.")
    assert DISSECTION.question(DISSECTION.prompts.asking(Asks.REFERENCE), given, {}, is_swapped=False) is None
    leaky = shipped("dissection").replace("What follows was written by", "$query What follows was written by")
    with pytest.raises(PromptsError, match="query"):
        parse(leaky)


def test_both_orders_say_the_same_of_the_same_responses():
    answers = answered(PAIR, FACTS)
    first = reading.annotation(DISSECTION, PAIR, answers, is_swapped=False)
    second = reading.annotation(DISSECTION, PAIR, answers, is_swapped=True)
    assert first.values == second.values
    key = lambda row: (row["side"], row["position"], row["number"])  # noqa: E731
    assert sorted(first.items, key=key) == sorted(second.items, key=key)
    of_first, of_second = (next(row for row in first.values if row["side"] == side) for side in (1, 2))
    assert (of_first["scores"][16], of_second["scores"][16]) == (3, 0)
    assert (of_first["scores"][22], of_second["scores"][22]) == (0, 1)
    assert of_first["statuses"][23] == of_first["statuses"][28] == 3
    assert [row["text"] for row in first.items if row["position"] == 25 and row["side"] == 1] == [
        "three words"
    ] * 2
    facts = next(row for row in first.values if row["side"] == 0)
    assert facts["scores"][29:] == [1, 0, 2, 0, 0]


@pytest.mark.parametrize(
    ("text", "finish", "reason"),
    [
        ('{"better": "response_1"', "stop", "not JSON"),
        ('{"better": "response_3"}', "stop", "not as asked at better"),
        ('{"better": "tie", "why": "secret"}', "stop", "not as asked at why"),
        ('{"better": "tie"}', "length", "cut at the greatest length"),
    ],
)
def test_a_reply_that_is_not_as_asked_is_refused_without_quoting_it(text, finish, reason):
    protocol = Protocol(parse(shipped("preference")), DISSECTION.rubric, True)
    question = protocol.next(PAIR, {})
    assert reading.read(question, '```json\n{"better": "tie"}\n```', "stop") == {"better": "tie"}
    with pytest.raises(reading.NotValid) as refused:
        reading.read(question, text, finish)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("first", "swapped", "found"),
    [
        ("response_1", "response_2", "response_1"),
        ("response_2", "response_1", "response_2"),
        ("tie", "tie", "tie"),
        ("response_1", "response_1", "inconsistent"),
        ("tie", "response_1", "inconsistent"),
    ],
)
def test_a_preference_follows_the_response_and_not_its_place(first, swapped, found):
    protocol = Protocol(parse(shipped("preference")), DISSECTION.rubric, True)
    answers = {("preference", False): {"better": first}, ("preference", True): {"better": swapped}}
    assert reading.preference(protocol, PAIR, answers) == found


@pytest.mark.django_db
def test_a_judge_dissects_a_batch_into_the_rows_that_people_make(url):
    batch = make_pairs(3)
    Task.objects.filter(batch=batch, number=3).update(erased_at="2026-01-01T00:00Z", query="")
    judge = make_judge(batch, url, "dissection")
    run = started(batch, judge)
    assert not lanes.work(run.pk)
    run.refresh_from_db()
    assert run.state == "done"
    assert run.judged.count() == 2
    made = Annotation.objects.filter(task__batch=batch, origin="judge", source=judge.name)
    assert made.count() == 4
    assert {row.values.count() for row in made} == {3}
    fields = len(batch.rubric_version.parsed().fields)
    assert all(len(values.scores) == fields for row in made for values in row.values.all())
    assert {value for row in made for value in row.values.get(side=1).scores[:17]} <= {0, 1, 2, 3}
    calls = JudgeCall.objects.filter(judged__run=run)
    assert set(calls.values_list("state", flat=True)) == {"finished"}
    assert run.counted_cost == calls.aggregate(all=Sum("cost"))["all"] > 0
    assert run.counted_tokens == sum(call.tokens_in + call.tokens_out for call in calls)
    assert run.estimate["tasks"] == 2
    assert run.estimate["calls"] == 2 * 8  # two of the query alone, three of each order
    again = calls.first()
    again.pk, again.number = None, 9
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save()


@pytest.mark.django_db
@pytest.mark.parametrize("prompts", KEYS)
def test_a_reply_is_repaired_once_and_then_quarantined(url, prompts):
    batch = make_pairs(1)
    repaired = started(
        batch,
        make_judge(batch, url, prompts, f"judge;fail=invalid;times=1;rate={1000 + KEYS.index(prompts)}"),
    )
    lanes.work(repaired.pk)
    assert repaired.judged.get().state == "done"
    bad = JudgeCall.objects.get(judged__run=repaired, state=State.INVALID)
    assert bad.text
    assert JudgeCall.objects.get(judged=bad.judged, step=bad.step, is_swapped=False, number=2).answer
    hopeless = started(batch, make_judge(batch, url, prompts, "judge;fail=invalid"))
    lanes.work(hopeless.pk)
    hopeless.refresh_from_db()
    assert (hopeless.state, hopeless.judged.get().state) == ("done", "quarantined")
    kept = Quarantine.objects.get(judged__run=hopeless)
    assert kept.reason
    assert kept.call.text
    assert kept.call.number == 2
    assert not Annotation.objects.filter(source=hopeless.judge.name).exists()


@pytest.mark.django_db
def test_a_provider_that_refuses_pauses_the_run_and_charges_nothing(url):
    batch = make_pairs(2)
    run = started(batch, make_judge(batch, url, model="nobody"))
    lanes.work(run.pk)
    run.refresh_from_db()
    assert (run.state, run.counted_cost, run.counted_tokens) == ("paused", 0, 0)
    assert "404" in run.reason
    assert JudgeCall.objects.filter(judged__run=run).count() == 1
    type(run.judge.model).objects.filter(pk=run.judge.model_id).update(identifier="judge")
    assert runs.start(run, None)
    lanes.work(run.pk)
    run.refresh_from_db()
    assert run.state == "done"
    for task in batch.tasks.all():
        assert task.preferences[run.judge.name] == run.judged.get(task=task).preference


@pytest.mark.django_db(transaction=True)
def test_no_cap_is_passed_by_calls_that_begin_at_once(url):
    batch = make_pairs(12)
    judge = make_judge(batch, url, most_tokens=100, both_orders=True)
    run = started(batch, judge, most_cost=Decimal("0.006"), lanes=6)
    most = []

    def lane(_number: int) -> None:
        try:
            lanes.work(run.pk)
            most.append(type(run).objects.get(pk=run.pk).counted_cost)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lane, range(6)))
    run.refresh_from_db()
    assert run.state == "paused"
    assert "cap" in run.reason
    assert 0 < run.counted_cost <= Decimal("0.006")
    assert max(most) <= Decimal("0.006")
    calls = JudgeCall.objects.filter(judged__run=run)
    assert calls.aggregate(all=Sum("cost"))["all"] == run.counted_cost
    finished = set(calls.values_list("pk", flat=True))
    assert finished
    assert run.judged.filter(state="done").count() < 12
    assert runs.set_limits(run, runs.Limits(), None)
    assert runs.start(run, None)
    lanes.work(run.pk)
    run.refresh_from_db()
    assert run.state == "done"
    assert run.judged.filter(state="done").count() == 12
    assert calls.filter(state=State.FINISHED).count() == 24
    assert finished <= set(calls.values_list("pk", flat=True))


@pytest.mark.django_db
def test_who_lost_the_claim_writes_nothing_and_what_was_lost_stays_counted(url):
    batch = make_pairs(1)
    run = started(batch, make_judge(batch, url))
    first = claiming.claim(run.pk, "one")
    question = runs.protocol(run).next(runs.subject(first.task), {})
    claiming.begin(first, question, question.messages, {})
    assert claiming.claim(run.pk, "two") is None
    call = first.calls.get()
    assert runs.sweep() == {}
    assert runs.sweep(timezone.now() + claiming.LEASE) == {run.pk: 1}
    second = claiming.claim(run.pk, "two")
    with pytest.raises(claiming.LeaseLost):
        claiming.settle(first, call, State.FINISHED, lanes.Ending(), answer={})
    lanes.judge(second)
    call.refresh_from_db()
    run.refresh_from_db()
    assert call.state == State.LOST
    assert run.counted_cost > call.reserved_cost > 0
    again = JudgedTask.objects.get(pk=first.pk)
    assert (again.state, again.claims) == ("done", 2)
    assert list(again.calls.filter(step="preference", is_swapped=False).values_list("state", flat=True)) == [
        "lost",
        "finished",
    ]
