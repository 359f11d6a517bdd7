"""`manage.py import_arena --study`: tables of other arenas become rows that stand apart from live ones."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from analysis.exports.arena_schema import TABLES
from analysis.imports import jobs, running
from analysis.imports.jobs import Wanted
from analysis.leaderboard import keeping
from analysis.leaderboard.choices import Choice
from analysis.models import Import, ImportFault
from conversations.drawing import eligible, exposures
from conversations.models import (
    Conversation,
    Dataset,
    ImportedTalk,
    LanguageModel,
    Reaction,
    Response,
    Turn,
    Vote,
)
from prism.lib.processes import CHECKOUT
from surveys.erasure import append_only_lifted
from surveys.models import AuditEvent, Enrolment
from tests.analysis.arena_tables import (
    conversation,
    reaction,
    said,
    turn,
    vote,
    write_tables,
)
from tests.analysis.arena_votes import make_arena, next_vote, some_votes, vote_in
from tests.analysis.releases import export_to
from tests.factories import make_enrolment, make_reaction, make_study

pytestmark = pytest.mark.django_db
ARENA = CHECKOUT.parent / "shared" / "data" / "arena"
LEGACY = ARENA / "legacy"


def imported(folder: Path, study: Any, *arguments: str) -> dict[str, Any]:
    told = StringIO()
    options = ("--study", study.slug, "--dataset", "compar-ia", "--licence", "Etalab 2.0", "--json")
    call_command("import_arena", str(folder), *options, *arguments, stdout=told)
    return json.loads(told.getvalue())


@pytest.fixture
def arena(settings: Any, tmp_path: Path):
    settings.EXPORT_DIR = tmp_path / "exports"
    return make_arena()


def test_the_older_tables_become_conversations_votes_and_reactions_that_count_nowhere(arena, tmp_path):
    study, models = arena
    live = vote_in(study, models[:2])
    before = exposures(live.turn.conversation)
    folder = write_tables(
        tmp_path / "tables",
        conversations=[conversation(), conversation("p2", visitor_id="c0ffee", id=8)],
        votes=[vote(), vote("p2", both_equal=True, chosen_model_name=None)],
        reactions=[reaction(), reaction(model_pos="b", refers_to_model="beta-2", liked=False, disliked=True)],
    )
    found = imported(folder, study)
    assert found["made"] == {
        "models": 2,
        "people": 1,
        "conversations": 2,
        "turns": 2,
        "votes": 2,
        "reactions": 2,
    }
    first = ImportedTalk.objects.get(name="p1").conversation
    assert (first.mode, first.topic, first.imported.facts["languages"]) == ("small", "Arts", ["fr"])
    given = first.turns.get().vote
    assert (given.choice, given.model_b.name, given.reasons_a, given.reasons_b) == (
        "b_better",
        "beta-2",
        ["superficial"],
        ["useful"],
    )
    assert given.comment == "A: Too short\n\nB: Good"
    assert (given.style_a["headers"], given.style_a["bold"], given.leaked_a, given.leaked_b) == (
        1,
        1,
        False,
        True,
    )
    assert given.language == "fr"
    answer = given.response_a
    assert (answer.text, answer.reasoning, answer.tokens_out, answer.total_ms) == (
        "# Salut **toi**",
        "Hm",
        12,
        1500,
    )
    assert ImportedTalk.objects.get(name="p2").conversation.turns.get().vote.choice == "equal"
    assert sorted(Reaction.objects.values_list("liked", flat=True)) == [False, True]
    alpha = LanguageModel.objects.get(name="alpha-1")
    assert (alpha.status, alpha.billions, alpha.provider.is_on) == ("archived", 8.0, False)
    person = Enrolment.objects.get(is_imported=True)
    assert person.conversations.count() == 2
    assert not hasattr(person.participant, "identity")
    # Nothing of it is among what is live.
    assert list(study.enrolments.counted()) == [live.turn.conversation.enrolment]
    assert exposures(live.turn.conversation) == before
    assert alpha.pk not in eligible(study.pk)
    assert study.protocols.order_by("-version").first().version == 1
    _says_nowhere("c0ffee", "abcdef", "gen-1")


def _says_nowhere(*words: str) -> None:
    """No column of any table holds one of these words."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            wanted = [f"%{word}%" for word in words]
            cursor.execute(f'SELECT count(*) FROM "{table}" AS row WHERE row::text LIKE ANY(%s)', [wanted])
            assert cursor.fetchone() == (0,), table


def test_the_same_rows_twice_are_one_and_more_rows_join_them(arena, tmp_path):
    study, _ = arena
    tables = {"conversations": [conversation()], "votes": [vote(), vote()], "reactions": [reaction()]}
    folder = write_tables(tmp_path / "tables", **tables)
    first = imported(folder, study)
    assert (first["votes"]["stored"], first["votes"]["known"]) == (1, 1)
    again = imported(folder, study)
    assert [again[name]["known"] for name in ("conversations", "votes", "reactions")] == [1, 2, 1]
    assert "made" not in again or not again["made"]
    write_tables(folder, votes=[vote(), vote("p9", visitor_id=None)])
    more = imported(folder, study)
    assert more["made"] == {"people": 1, "conversations": 1, "turns": 1, "votes": 1}
    assert Dataset.objects.get().talks.count() == 2
    other = imported(folder, study, "--dataset", "another")
    assert other["made"]["votes"] == 2


def test_a_vote_belongs_to_the_turn_that_its_row_counts_up_to(arena, tmp_path):
    study, _ = arena
    longer = {"conversation_a": said("A") + said("B"), "conversation_b": said("A") + said("B")}
    early, late = vote("p1", **longer), vote("p2", **longer, conv_turns=2)
    imported(write_tables(tmp_path / "tables", votes=[early, late]), study)
    placed = Vote.objects.values_list("turn__conversation__imported__name", "turn__number")
    assert dict(placed) == {"p1": 0, "p2": 1}
    assert Turn.objects.count() == 4


def test_faulty_rows_are_told_by_number_and_a_trial_stores_nothing(arena, tmp_path):
    study, _ = arena
    votes = [
        vote(),
        vote(id=8),
        vote("p2", model_b_name="alpha-1"),
        vote("p3", chosen_model_name="nobody"),
        vote("p4", conversation_b=said("Bonjour", " ")),
        vote("p5", timestamp="yesterday"),
        vote("p6", model_a_name="x" * 300),
        vote("p7", conversation_a="text"),
        vote(model_b_name="delta-4", chosen_model_name="delta-4", id=9),
        vote("p10", conversation_a=said("A\x00\ud800")),
    ]
    folder = write_tables(tmp_path / "tables", votes=votes)
    with (folder / "votes.jsonl").open("a") as file:
        file.write("nonsense\n[]\n" + json.dumps({"id": 1}) + "\n")
    before = {model: model.objects.count() for model in (Conversation, Vote, Enrolment, LanguageModel)}
    trial = imported(folder, study, "--dry-run")
    assert before == {model: model.objects.count() for model in before}
    assert ImportFault.objects.count() == 11
    found = imported(folder, study)
    assert (found["made"], found["votes"]) == (trial["made"], trial["votes"])
    assert found["votes"]["refused"] == {
        "duplicate": 1,
        "a model against itself": 1,
        "the winner is neither model": 1,
        "an empty answer": 1,
        "no time that can be read": 1,
        "not in the form of its table": 2,
        "other models than its conversation": 1,
        "no JSON": 1,
        "no object": 1,
        "no column model_a_name": 1,
    }
    told = Import.objects.get(code=found["import"]).faults.values_list("row", "reason")
    assert dict(told)[9] == "other models than its conversation"
    assert Turn.objects.get(conversation__imported__name="p10").text == "A?"
    printed = StringIO()
    call_command("import_arena", str(folder), "--study", study.slug, "--dataset", "compar-ia", stdout=printed)
    assert "votes: 13 rows read, 0 stored, 2 known before, 11 refused" in printed.getvalue()
    assert "duplicate (row 2)" in printed.getvalue()


def test_turns_of_the_newer_table_bring_times_choices_and_silent_sides(arena, tmp_path):
    study, _ = arena
    silent = turn(number=1, choice=None, response_b=[{"role": "user", "content": "x", "user_content": "x"}])
    chosen = turn(number=2, choice="a_better", response_b=silent["response_b"])
    folder = write_tables(tmp_path / "tables", turns=[turn(), silent, chosen, turn("q2", choice="best")])
    found = imported(folder, study)
    assert found["choices"]["refused"] == {"a side has no answer": 1, "unknown choice": 1}
    talk = ImportedTalk.objects.get(name="q1").conversation
    assert talk.imported.system_a == "Be kind"
    first, second, _third = talk.turns.all()
    assert (first.text, first.vote.choice, first.vote.ms_to_vote) == ("Hvad?", "both_bad", 4500)
    a = first.responses.get(slot="A")
    assert (a.text, a.tokens_out, a.first_text_ms, a.total_ms) == ("Svar A", 5, 250, 1250)
    assert first.vote.first_text_ms_a == 250
    assert [answer.state for answer in second.responses.order_by("slot")] == ["done", "failed"]


def everything(folder: Path, study: Any, **wanted: Any) -> dict[str, list[dict[str, Any]]]:
    export_to(folder, study, format="arena", **wanted)
    return {
        table: [json.loads(line) for line in (folder / f"{table}.jsonl").read_text().splitlines()]
        for table in TABLES
    }


OWN = {"id", "visitor_id", "voter", "conversation", "conversation_pair_id", "conv_a_id", "conv_b_id"}
OWN |= {"comparison_id", "response_id", "question_id", "refers_to_conv_id", "source", "source_row", "study"}


def plain(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    """Rows without the codes of their release, in no order."""
    return {
        table: sorted(json.dumps({k: v for k, v in row.items() if k not in OWN}) for row in rows)
        for table, rows in tables.items()
    }


def test_an_export_of_an_import_is_the_export_that_was_imported(arena, tmp_path):
    study, models = arena
    some_votes(study, models)
    person = make_enrolment(study)
    vote = vote_in(
        study,
        models[:2],
        "b_better",
        enrolment=person,
        reasons_a=["useful"],
        comment="So",
        ms_to_vote=5,
        leaked_a=True,
        leaks=[{"slot": "A", "turn": 0, "start": 0, "end": 4, "rule": "name"}],
    )
    next_vote(vote, "idk", blind=False)
    next_vote(
        vote_in(study, models[1:], "both_bad", enrolment=person, mode="custom", custom=True), "a_better"
    )
    make_reaction(vote.response_a, False, reasons=["useful"], comment="No")
    Response.objects.filter(pk=vote.response_b.pk).update(state="stopped", tokens_out=7, finish_reason="stop")
    with append_only_lifted():
        Turn.objects.filter(pk=vote.turn_id).update(text="Give me a recipe for a cake with rice please")
    first = everything(tmp_path / "first", study)
    told = next(row for row in first["conversations"] if "recipe" in row["opening_msg"])
    assert (told["categories"], told["languages"]) == (["Food & Drink & Cooking"], ["en"])
    turns = [row for row in first["turns"] if row["comparison_id"] == told["conversation"]]
    assert [row["metadata"]["categories"] for row in turns] == [told["categories"]] * 2
    other = make_study(questionnaire=None)
    found = imported(tmp_path / "first", other)
    assert not [counts["refused"] for name, counts in found.items() if name in TABLES and counts["refused"]]
    assert found["made"]["people"] == len({row["voter"] for row in first["votes"]})
    assert "models" not in found["made"]
    second = everything(tmp_path / "second", other, source="compar-ia")
    assert plain(first) == plain(second)
    assert {row["source"] for rows in second.values() for row in rows} == {"compar-ia"}
    codes = [{row["conversation"] for row in first["votes"]}, {row["source_row"] for row in second["votes"]}]
    assert codes[0] == codes[1]
    assert [len({row["voter"] for row in tables["votes"]}) for tables in (first, second)] == [13, 13]
    assert everything(tmp_path / "none", other)["votes"] == []
    manifest = json.loads((tmp_path / "second" / "manifest.json").read_text())
    assert manifest["sources"] == [{"key": "compar-ia", "title": "", "licence": "Etalab 2.0", "link": ""}]
    assert manifest["filters"]["source"] == "compar-ia"
    # What was imported once comes in no second time by way of a later release.
    assert imported(tmp_path / "first", other)["votes"]["known"] == len(first["votes"])


def test_an_import_goes_on_where_it_was_left(arena, tmp_path, monkeypatch):
    study, _ = arena
    monkeypatch.setattr(running, "AT_ONCE", 2)
    rows = [vote(f"p{number}", id=number, visitor_id=f"v{number}") for number in range(7)]
    folder = write_tables(tmp_path / "tables", votes=rows)
    asked = jobs.request_import(Wanted(study, "slices"), None)
    slices = 0
    while (row := jobs.run(asked.pk, folder, seconds=0)) and row.state != Import.State.DONE:
        slices += 1
        asked.refresh_from_db()
        assert (asked.state, asked.rows_done) == ("waiting", min(2 * slices, 7))
        assert asked.pk in jobs.lost() or asked.requested_at > timezone.now() - jobs.PICK_UP
    assert slices >= 3
    assert (Vote.objects.count(), asked.dataset.people.count()) == (7, 7)
    # A worker that dies leaves a batch whole or not there; another takes over when its lease has run out.
    late = jobs.request_import(Wanted(study, "lost"), None)
    run = next(iter(running.Run(jobs._claim(late.pk), folder, jobs._keep).batches()))
    assert run is None
    assert jobs.run(late.pk, folder) is None
    Import.objects.filter(pk=late.pk).update(lease_at=timezone.now() - jobs.LEASE * 2)
    assert jobs.lost() == [late.pk]
    assert jobs.run(late.pk, folder).counts["votes"] == {"read": 7, "stored": 7, "known": 0, "refused": {}}
    assert Vote.objects.count() == 14


def test_who_is_erased_does_not_come_back(arena, tmp_path):
    study, _ = arena
    folder = write_tables(
        tmp_path / "tables", conversations=[conversation()], votes=[vote()], reactions=[reaction()]
    )
    imported(folder, study)
    person = Enrolment.objects.get(is_imported=True)
    call_command("erase", study.slug, person.code, "--reason", "asked", stdout=StringIO())
    _says_nowhere("Bonjour", "Salut", "Too short", "Somebody says hello", "p1")
    write_tables(folder, conversations=[conversation(), conversation("p2", id=9)])
    found = imported(folder, study)
    assert not found.get("made")
    reasons = [found[name]["refused"] for name in ("conversations", "votes", "reactions")]
    assert reasons == [{"its person was erased here": rows} for rows in (2, 1, 1)]
    assert everything(tmp_path / "out", study, source="all")["votes"] == []


def test_what_cannot_be_imported_is_said_before_anything_is_stored(arena, tmp_path):
    study, _ = arena
    folder = write_tables(tmp_path / "tables", votes=[vote()])

    def failure(*arguments: str) -> str:
        with pytest.raises(CommandError) as failed:
            call_command("import_arena", str(folder), *arguments, stdout=StringIO())
        return str(failed.value)

    assert "no study “nowhere”" in failure("--study", "nowhere", "--dataset", "x")
    assert "--dataset names what is imported" in failure("--study", study.slug)
    assert "not live, imported, all" in failure("--study", study.slug, "--dataset", "all")
    bare = make_study(questionnaire=None)
    bare.protocols.all().delete()
    assert "has no conversations" in failure("--study", bare.slug, "--dataset", "x")
    (folder / "votes.jsonl").rename(folder / "reactions.jsonl")
    assert "reactions.jsonl, row 1: there is no column model_pos" in failure(
        "--study", study.slug, "--dataset", "x"
    )
    assert not ImportedTalk.objects.exists()
    assert Import.objects.get().state == Import.State.FAILED
    assert AuditEvent.objects.filter(action="import.failed").exists()


def test_the_leaderboard_counts_imported_votes_only_for_who_asks_for_their_source(arena, tmp_path, client):
    study, models = arena
    some_votes(study, models)
    live = keeping.table(keeping.recompute(), Choice()).document
    pairs = [vote(f"p{n}", id=n, visitor_id=f"v{n}", conversation_b=said("A", "B")) for n in range(6)]
    imported(write_tables(tmp_path / "tables", votes=pairs), study)
    assert keeping.newest() == keeping.recompute()  # not offered: no row of the public file changed
    Dataset.objects.update(is_public=True, title="The French one")
    board = keeping.recompute()
    by_source = {
        source: keeping.table(board, Choice(source=source)).document for source in ("", "compar-ia", "all")
    }
    assert [(row["item"], row["n"]) for row in by_source[""]["rows"]] == [
        (row["item"], row["n"]) for row in live["rows"]
    ]
    assert {row["item"] for row in by_source["compar-ia"]["rows"]} == {"alpha-1", "beta-2"}
    assert [row["n"] for row in by_source["compar-ia"]["rows"]] == [6, 6]
    assert {row["item"] for row in by_source["all"]["rows"]} == {
        "alpha-1",
        "beta-2",
        *(model.name for model in models),
    }
    page = client.get("/leaderboard/", {"source": "compar-ia", "least": "0"}).content.decode()
    assert "The French one (6)" in page
    assert "beta-2" in page
    assert "beta-2" not in client.get("/leaderboard/").content.decode()
    # The export of the same source has the very rows that the table counts.
    rows = everything(tmp_path / "out", study, source="compar-ia")["votes"]
    assert [row["chosen_model_name"] for row in rows] == ["beta-2"] * 6
    assert {row["source"] for row in rows} == {"compar-ia"}


@pytest.mark.skipif(not LEGACY.is_dir(), reason="compar:IA's sample tables are not on this machine")
def test_the_samples_of_the_old_tables_come_into_a_study(arena, tmp_path):
    study, _ = arena
    folder = tmp_path / "legacy"
    folder.mkdir()
    for path in LEGACY.glob("sample_*.parquet"):
        (folder / path.name).symlink_to(path)
    found = imported(folder, study)
    assert (found["votes"]["stored"], found["reactions"]["stored"]) == (10, 5)
    assert found["conversations"]["refused"] == {"no model": 15}
    votes = pl.read_parquet(LEGACY / "sample_votes.parquet")
    assert Vote.objects.filter(choice="equal").count() == int(votes["both_equal"].sum())
    won = sorted(votes["chosen_model_name"].drop_nulls())
    rows = everything(tmp_path / "out", study, source="compar-ia")["votes"]
    assert sorted(row["chosen_model_name"] for row in rows if row["chosen_model_name"]) == won
    assert sorted(row["source_row"] for row in rows) == sorted(map(str, votes["id"]))
    _says_nowhere(*votes["visitor_id"].drop_nulls()[:3])
