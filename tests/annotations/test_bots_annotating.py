"""Bots in a study whose participants annotate get to its end, and all they chose is stored as chosen."""

import asyncio
import copy
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import Any

import httpx2
import pytest
from django.test import Client

from annotations.models import Annotation, Assignment
from annotations.rubric_versions import shipped_version
from conversations import own
from conversations.bots.journal import compare
from conversations.bots.people import crowd
from conversations.bots.playing import Outcome, Site, play
from surveys.entry import test_token as token_for
from surveys.models import Study
from tests.annotations.making import make_task
from tests.annotations.test_recruited import batch_of, judging_study

Asked = Queue[Any]  # of a browser, its request and the box for the answer; None at the end


def browser_of(visitor: Client, asked: Asked) -> httpx2.AsyncClient:
    def answer(request: httpx2.Request) -> httpx2.Response:
        box: Queue[httpx2.Response] = Queue()
        asked.put((visitor, request, box))
        return box.get()

    return httpx2.AsyncClient(transport=httpx2.MockTransport(answer))


def answered(visitor: Client, request: httpx2.Request) -> httpx2.Response:
    kind = request.headers.get("Content-Type", "application/octet-stream")
    path = request.url.raw_path.decode()
    said = visitor.generic(request.method, path, request.content, content_type=kind)
    return httpx2.Response(said.status_code, headers=dict(said.items()), content=said.content)


def played(study: Study, number: int) -> list[Outcome]:
    """The bots go in a thread of their own, and this one, which has the database, answers them."""
    asked: Asked = Queue()
    site = Site("http://testserver", study.slug, token_for(study))

    async def all_of_them() -> list[Outcome]:
        try:
            return [await play(site, one, browser_of(Client(), asked), 0.0) for one in crowd(number, seed=3)]
        finally:
            asked.put(None)

    with ThreadPoolExecutor(1) as bots:
        outcomes = bots.submit(lambda: asyncio.run(all_of_them()))
        while (next_one := asked.get()) is not None:
            visitor, request, box = next_one
            box.put(answered(visitor, request))
        return outcomes.result()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rubric", "kind"),
    [("preference_dissection", "pair"), ("pairwise_preference", "pair"), ("helpful_harmless", "single")],
)
def test_bots_annotate_and_what_they_chose_is_what_is_stored(rubric, kind):
    study = judging_study(tasks=2, rubric_version=shipped_version(rubric), kind=kind, order_seed=8)
    batch = batch_of(study)
    gold = {"harmless": [1, 1] if kind == "pair" else 1} if rubric != "pairwise_preference" else {}
    make_task(batch, is_training=True, needed=0, gold=gold or None)
    for _number in range(3):
        make_task(batch)
    outcomes = played(study, 2)
    assert [(one.error, one.ended) for one in outcomes] == [("", "complete")] * 2
    assert [one.lost for one in outcomes] == [[]] * 2
    assert [len(one.journal.annotations) for one in outcomes] == [3] * 2
    chosen = [said for one in outcomes for said in one.journal.annotations]
    assert all(said.answers for said in chosen)
    assert Assignment.objects.filter(is_swapped=True).exists() == (kind == "pair")
    kept = Annotation.objects.filter(assignment__state="submitted", revision=0)
    assert kept.count() == len(chosen)
    assert len({str(said.answers) for said in chosen}) > 1

    first = outcomes[0]
    record = own.record(study.enrolments.coded(first.enrolment).get())
    assert all(check.is_kept for check in compare(first.journal, record))
    for damage in ({"answers": []}, {"comment": "Another."}):
        wrong = copy.deepcopy(record)
        wrong["annotations"][-1] |= damage
        assert not all(check.is_kept for check in compare(first.journal, wrong))
    record["annotations"] = record["annotations"][:1]
    assert not all(check.is_kept for check in compare(first.journal, record))
