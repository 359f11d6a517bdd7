"""Imports beside one another and beside erasure, with real connections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analysis.imports import jobs
from analysis.imports.jobs import NotImportable, Wanted
from analysis.models import Import
from conversations.models import ImportedTalk, Response, Turn, Vote
from surveys import erasure
from surveys.models import Participant
from tests.analysis.arena_tables import conversation, vote, write_tables
from tests.analysis.arena_votes import make_arena
from tests.conversations.talking import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_imports_at_once_one_is_taken_and_of_two_workers_one_runs_it(tmp_path: Path):
    study, _ = make_arena()
    votes = [vote(f"p{number}", id=number) for number in range(50)]
    folder = write_tables(tmp_path / "tables", votes=votes)
    asked = at_once(*[lambda: jobs.request_import(Wanted(study, "one"), None)] * 3)
    assert sum(isinstance(one, NotImportable) for one in asked) == 2
    (row,) = Import.objects.all()
    done = at_once(*[lambda: jobs.run(row.pk, folder)] * 3)
    assert [one for one in done if one is not None] == [row]
    row.refresh_from_db()
    assert (row.state, row.counts["votes"]["stored"], Vote.objects.count()) == ("done", 50, 50)


def test_whoever_is_erased_while_more_of_them_comes_in_leaves_no_text(tmp_path: Path):
    study, _ = make_arena()

    def imported(*rows: dict[str, Any]) -> None:
        folder = write_tables(tmp_path / rows[0]["conversation_pair_id"], conversations=list(rows))
        done = jobs.run(jobs.request_import(Wanted(study, "one"), None, by_command=True).pk, folder)
        assert done is not None
        assert done.state == Import.State.DONE, done.failure

    for number in range(4):
        first, second = f"first{number}", f"second{number}"
        imported(conversation(first, visitor_id=f"v{number}"))
        person = Participant.objects.get(enrolments__conversations__imported__name=first)
        more = conversation(second, visitor_id=f"v{number}")
        results = at_once(
            lambda who=person: erasure.erase(who, reason="asked"), lambda row=more: imported(row)
        )
        assert not [one for one in results if isinstance(one, Exception)], results
    assert Turn.objects.count() >= 4
    assert not Turn.objects.exclude(text="").exists()
    assert not Response.objects.exclude(text="").exists()
    assert not ImportedTalk.objects.exclude(name="").exists()
