"""Exports of the arena: four tables with compar:IA's columns and what those leave out."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from analysis.exports import jobs
from analysis.exports.arena_format import FILES
from analysis.exports.arena_prompts import prompt, with_prompts
from analysis.exports.arena_schema import REASONS, SCHEMAS, TABLES
from analysis.exports.release import Scope
from analysis.leaderboard import keeping
from analysis.leaderboard.choices import Choice
from analysis.leaderboard.documents import document
from analysis.leaderboard.frames import read
from analysis.leaderboard.public_rows import COLUMNS
from analysis.models import Export
from conversations.models import Attempt, LanguageModel, Response, SystemPrompt, Turn
from conversations.models.prompt import digest
from surveys import withdrawal
from surveys.consent_documents import PUBLICATION
from surveys.erasure import append_only_lifted
from surveys.models import Consent, ConsentDocument, Decision, Enrolment
from surveys.models.people import Role
from tests.analysis.arena_votes import make_arena, next_vote, some_votes, vote_in
from tests.analysis.releases import export_to, manifest_of, study_with_talks
from tests.factories import CONSENT_BOXES, make_enrolment, make_member, make_reaction, make_response

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators"),
]
Tables = dict[str, list[dict[str, Any]]]
EMAIL = "amina.khan@orange.fr"


@pytest.fixture(autouse=True)
def export_dir(settings: Any, tmp_path: Path) -> Path:
    settings.EXPORT_DIR = tmp_path / "exports"
    return tmp_path / "exports"


@pytest.fixture
def arena():
    return make_arena()


def exported(directory: Path, study: Any, **wanted: Any) -> Tables:
    export_to(directory, study, format="arena", **wanted)
    return {
        table: [
            json.loads(line)
            for line in (directory / f"{table}.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        for table in TABLES
    }


def test_a_vote_comes_out_with_all_that_is_known_of_it(arena, tmp_path):
    study, models = arena
    leaks = [{"slot": "A", "turn": 0, "start": 0, "end": 4, "rule": "name"}]
    vote = vote_in(
        study,
        models[:2],
        "b_better",
        reasons_a=["superficial"],
        reasons_b=["useful", "own_reason"],
        comment="B is right",
        leaks=leaks,
        leaked_a=True,
        first_text_ms_a=250,
        ms_to_vote=4000,
    )
    (row,) = exported(tmp_path, study)["votes"]
    assert list(row) == list(SCHEMAS["votes"])
    assert (row["model_a_name"], row["model_b_name"]) == (models[0].name, models[1].name)
    assert (row["chosen_model_name"], row["both_equal"]) == (models[1].name, False)
    true = {name for name in row if name.startswith("conv_") and row[name] is True}
    assert true == {"conv_superficial_a", "conv_useful_b"}
    assert row["reasons_b"] == ["useful", "own_reason"]
    assert (row["comment"], row["leaks"], row["leaked_a"], row["blind"]) == ("B is right", leaks, True, True)
    assert (row["first_text_ms_a"], row["ms_to_vote"], row["cached"], row["custom"]) == (
        250,
        4000,
        False,
        False,
    )
    assert (row["draw_seed"], row["slot_order"]) == ("seed", [model.name for model in models[:2]])
    assert row["visitor_id"] == row["voter"] == vote.turn.conversation.enrolment.code
    assert row["timestamp"] == vote.at.strftime("%Y-%m-%dT%H:%M:%S.%f")
    assert [said["role"] for said in row["conversation_a"]] == ["user", "assistant"]
    assert row["opening_msg"] == row["conversation_a"][0]["content"] == vote.turn.text
    assert (row["session_hash"], row["conv_comments_a"]) == (None, None)


def test_five_choices_stay_apart(arena, tmp_path):
    study, models = arena
    first, second = models[0].name, models[1].name
    choices = {
        "a_better": (first, False),
        "b_better": (second, False),
        "both_good": (None, True),
        "both_bad": (None, True),
        "idk": (None, False),
    }
    for choice in choices:
        vote_in(study, models[:2], choice)
    rows = exported(tmp_path, study)["votes"]
    assert len(rows) == 5
    assert {row["choice"]: (row["chosen_model_name"], row["both_equal"]) for row in rows} == choices


def test_votes_are_the_very_rows_that_the_leaderboard_is_computed_from(arena, tmp_path):
    study, models = arena
    some_votes(study, models)
    next_vote(vote_in(study, models[:2], "idk", enrolment=make_enrolment(study)), "a_better", blind=False)
    vote_in(study, models[:2], enrolment=make_enrolment(study, is_test=True))
    gone = make_enrolment(study, outcome=Enrolment.Outcome.WITHDRAWN, outcome_at=timezone.now())
    vote_in(study, models[:2], enrolment=gone)
    turned_away = make_enrolment(study, outcome=Enrolment.Outcome.NO_CONSENT, outcome_at=timezone.now())
    vote_in(study, models[:2], enrolment=turned_away)
    excluded = vote_in(study, models[:2]).turn.conversation.enrolment
    Decision.objects.create(
        enrolment=excluded,
        matter="inclusion",
        value=Decision.Value.EXCLUDE,
        reason="A bot",
        by=make_member(study),
    )
    board = keeping.recompute()
    mine = exported(tmp_path, study, release_seed="s", is_full=False)["votes"]
    as_file = tmp_path / "rows.csv"
    with as_file.open("w", newline="") as file:
        written = csv.writer(file, lineterminator="\n")
        written.writerow(COLUMNS)
        written.writerows([cell(row[column]) for column in COLUMNS] for row in mine)
    assert without_names(as_file) == without_names(keeping.rows_file(board))
    assert len(mine) == board.rows_total == 14
    for choice in (Choice(), Choice(turns="all", ties="half", including=("not_blind",))):
        ours, theirs = document(read(as_file), choice, board.seed), keeping.table(board, choice).document
        assert ours["left_out"] == theirs["left_out"]
        assert [(row["item"], row["n"]) for row in ours["rows"]] == [
            (row["item"], row["n"]) for row in theirs["rows"]
        ]
        assert [row["score"] for row in ours["rows"]] == pytest.approx(
            [row["score"] for row in theirs["rows"]]
        )


def cell(value: Any) -> Any:
    """A value of the export as the leaderboard's file has it."""
    if isinstance(value, list):
        return " ".join(value)
    return int(value) if isinstance(value, bool) else value


def without_names(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return sorted(
            [value for name, value in zip(COLUMNS, row, strict=True) if name not in ("voter", "conversation")]
            for row in csv.reader(file)
        )


def test_parquet_has_the_rows_and_names_of_the_json_lines(arena, tmp_path):
    study, models = arena
    some_votes(study, models)
    make_reaction(Response.objects.earliest("pk"), reasons=["useful"])
    tables = exported(tmp_path, study)
    for table in TABLES:
        frame = pl.read_parquet(tmp_path / f"{table}.parquet")
        assert frame.columns == list(SCHEMAS[table])
        rows = frame.to_dicts()
        for row in rows:
            row["timestamp"] = row["timestamp"].strftime("%Y-%m-%dT%H:%M:%S.%f")
        assert rows == tables[table]
        assert len(rows) == manifest_of(tmp_path)["files"][f"{table}.parquet"]["rows"] > 0


def test_an_empty_arena_has_empty_tables_of_the_same_columns(arena, tmp_path):
    assert exported(tmp_path, arena[0]) == {table: [] for table in TABLES}
    assert pl.read_parquet(tmp_path / "turns.parquet").columns == list(SCHEMAS["turns"])


def test_turns_hold_failed_and_replaced_answers_and_the_draw(arena, tmp_path):
    study, models = arena
    vote = vote_in(study, models[:2], replaced_b=True)
    turn = vote.turn
    make_response(
        turn, "B", models[2], is_replaced=True, state=Response.State.FAILED, text="", failure="timeout"
    )
    with append_only_lifted():
        turn.draws.update(
            pool=[{"model": model.pk, "exposure": 0, "weight": 1.0, "inclusion": 0.5} for model in models]
        )
    Turn.objects.create(conversation=turn.conversation, number=1, key="later", text="And then?")
    turn.responses.filter(slot="A").update(finish_reason="length")
    tables = exported(tmp_path, study)
    first, second = tables["turns"]
    assert [(row["truncated_a"], row["truncated_b"]) for row in tables["votes"]] == [(True, None)]
    assert list(first) == list(SCHEMAS["turns"])
    calls = [(one["slot"], one["model"], one["state"], one["is_replaced"]) for one in first["attempts"]]
    assert ("B", models[2].name, "failed", True) in calls
    assert len(calls) == 3
    assert first["draws"][0]["pool"][2] == {
        "model": models[2].name,
        "exposure": 0,
        "weight": 1.0,
        "inclusion": 0.5,
    }
    assert (first["metadata"]["latency_a"], first["metadata"]["duration_a"]) == (0.3, 1.7)
    assert (first["choice"], first["replaced_b"], first["blind"]) == ("a_better", True, True)
    assert (second["choice"], second["blind"], second["turn"]) == (None, None, 1)
    assert [said["role"] for said in second["response_a"]] == ["user"]
    assert len(second["full_conversation_a"]) == 3


def test_a_reaction_points_at_its_answer_and_is_no_vote(arena, tmp_path):
    study, models = arena
    models[1].header = "Be brief."
    models[1].save(update_fields=["header"])
    turn = next_vote(vote_in(study, models[:2]), "idk").turn
    liked, other = turn.responses.get(slot="B"), turn.responses.get(slot="A")
    make_reaction(liked, False)
    make_reaction(liked, True, reasons=["creative"], comment="Nice")
    make_reaction(other, True)
    make_reaction(other, None)
    tables = exported(tmp_path, study)
    (row,) = tables["reactions"]
    assert len(tables["votes"]) == 2
    assert list(row) == list(SCHEMAS["reactions"])
    assert (row["liked"], row["disliked"], row["comment"], row["blind"]) == (True, False, "Nice", True)
    assert [reason for reason in REASONS if row[reason]] == ["creative"]
    assert (row["model_pos"], row["refers_to_model"], row["msg_rank"]) == ("b", models[1].name, 1)
    assert row["conversation_b"][0]["role"] == "system"
    assert row["conversation_b"][row["msg_index"]]["content"] == row["response_content"] == liked.text
    assert row["question_id"] == f"{row['conversation_pair_id']}-1"


def test_prompts_are_those_that_were_sent_whatever_the_registry_says_now(arena, tmp_path):
    study, models = arena
    vote = vote_in(study, models[:2])
    later = next_vote(vote, "idk").turn
    told = dict(
        zip([*vote.turn.responses.all(), *later.responses.all()], ["Old.", "", "New.", ""], strict=True)
    )
    SystemPrompt.objects.keep(filter(None, told.values()))
    for answer, text in told.items():
        request = {"system_sha256": digest(text) if text else None}
        Attempt.objects.create(response=answer, number=1, prompt_sha256="x" * 64, request=request)
    LanguageModel.objects.update(header="Edited since.")
    tables = exported(tmp_path, study)
    assert "Edited since." not in json.dumps(tables)
    first, second = sorted(tables["votes"], key=lambda row: row["turn"])
    assert (first["system_prompt_a"], first["system_prompt_b"]) == ("Old.", None)
    assert second["system_prompt_a"] == second["conversation_a"][0]["content"] == "New."
    assert tables["turns"][0]["full_conversation_a"][0] == second["conversation_a"][0]
    assert second["conversation_b"][0]["role"] == "user"
    assert "before Prism kept" not in json.dumps(manifest_of(tmp_path)["notes"])
    old = Attempt.objects.filter(response=vote.turn.responses.all()[1])
    old.update(request={})
    first = min(exported(tmp_path, study)["votes"], key=lambda row: row["turn"])
    assert (first["system_prompt_a"], first["system_prompt_b"]) == ("Old.", "Edited since.")
    assert "before Prism kept system prompts: 1." in json.dumps(manifest_of(tmp_path)["notes"])
    copied = make_response(later, "C", models[1], copied_from=later.responses.get(slot="A"))
    assert prompt(with_prompts(Response.objects.all()).get(pk=copied.pk), later.conversation) == "New."


def test_personal_data_are_masked_wherever_somebody_wrote(arena, tmp_path):
    study, models = arena
    vote = vote_in(study, models[:2], comment=f"Ask {EMAIL}")
    make_reaction(vote.response_a, comment=f"Or {EMAIL}")
    with append_only_lifted():
        Turn.objects.update(text=f"I am {EMAIL}")
        Response.objects.update(text=f"Hello {EMAIL}", reasoning=f"They are {EMAIL}")
    tables = exported(tmp_path, study)
    assert EMAIL not in json.dumps(tables)
    assert tables["votes"][0]["comment"] == "Ask [EMAIL]"
    assert tables["turns"][0]["response_a"][0]["user_content"] == "I am [EMAIL]"
    frame = pl.read_parquet(tmp_path / "turns.parquet")
    assert EMAIL not in str(frame.to_dicts())
    found = manifest_of(tmp_path)["personal_data"]["texts"]
    assert found["reactions.jsonl"]["comment"]["found"] == {"email": 1}


def test_de_identified_it_has_no_text_and_no_time(arena, tmp_path):
    study, models = arena
    vote = vote_in(study, models[:2], comment="Secret words")
    make_reaction(vote.response_a, comment="Secret words")
    tables = exported(tmp_path, study, is_full=False)
    everything = json.dumps(tables)
    assert "Secret" not in everything
    assert vote.turn.text not in everything
    assert vote.response_a.text not in everything
    assert {row["timestamp"] for rows in tables.values() for row in rows} == {None}
    assert "timestamp" in manifest_of(tmp_path)["withheld"]["votes.jsonl"]
    assert tables["votes"][0]["choice"] == "a_better"


def test_words_of_people_who_did_not_agree_to_publication_are_null(arena, tmp_path):
    study, models = arena
    vote = vote_in(study, models[:2], comment="Mine alone")
    asks = [*CONSENT_BOXES, {"key": PUBLICATION, "label": "Publish my words", "required": False}]
    paper = ConsentDocument.load("asks", "Taking part", "Text.", asks)
    Consent.objects.create(
        enrolment=vote.turn.conversation.enrolment,
        document=paper,
        document_sha256=paper.sha256,
        agreed=True,
        boxes={PUBLICATION: False},
    )
    other = vote_in(study, models[:2], comment="For everybody")
    tables = exported(tmp_path, study)
    assert sorted(row["comment"] or "" for row in tables["votes"]) == ["", "For everybody"]
    texts = [said["content"] for row in tables["turns"] for said in row["full_conversation_a"]]
    assert sorted(text or "" for text in texts) == ["", "", *sorted([other.turn.text, other.response_a.text])]


def test_a_release_seed_draws_codes_and_the_same_data_give_the_same_bytes(arena, tmp_path):
    study, models = arena
    some_votes(study, models)
    for name in ("a", "b"):
        exported(tmp_path / name, study, release_seed="s")
    for name in (*FILES, "manifest.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    voters = {row["voter"] for row in exported(tmp_path / "c", study, release_seed="t")["votes"]}
    assert len(voters) == 12
    here = {row["voter"] for row in exported(tmp_path / "d", study, release_seed="s")["votes"]}
    assert not voters & here
    assert not here & {person.code for person in Enrolment.objects.all()}


def test_conversations_with_more_than_two_sides_are_not_in_it(tmp_path):
    study, _talker = study_with_talks()
    assert exported(tmp_path, study)["conversations"] == []


def test_the_queries_do_not_grow_with_the_votes(arena, tmp_path):
    study, models = arena

    def asked(name: str) -> int:
        with CaptureQueriesContext(connection) as found:
            exported(tmp_path / name, study)
        return len(found)

    vote_in(study, models[:2])
    few = asked("few")
    some_votes(study, models)
    assert asked("many") <= few + 1


def test_a_withdrawal_deletes_it(arena, django_capture_on_commit_callbacks):
    study, models = arena
    vote = vote_in(study, models[:2])
    vote_in(study, models[:2])
    export = jobs.run(jobs.request_export(Scope(study, format="arena"), None).pk)
    assert export is not None
    assert export.state == Export.State.DONE
    with django_capture_on_commit_callbacks(execute=True):
        assert withdrawal.withdraw(vote.turn.conversation.enrolment)
    export.refresh_from_db()
    assert (export.state, export.people_erased) == (Export.State.DELETED, 1)
    assert not jobs.folder(export).exists()


def test_a_page_starts_one_and_gives_its_files(arena):
    study, models = arena
    vote_in(study, models[:2])
    client = Client()
    client.force_login(make_member(study, Role.OWNER, may_export_full=True))
    at = reverse("analysis:exports", args=[study.slug])
    assert client.post(at, {"format": "arena", "content": "full"}).status_code == 302
    export = Export.objects.get()
    jobs.run(export.pk)
    page = client.get(at).text
    assert "of the arena" in page
    for name in FILES:
        assert f"{name}</a>" in page
        got = client.get(reverse("analysis:export_file", args=[study.slug, export.code, name]))
        assert b"".join(got) == (jobs.folder(export) / name).read_bytes()


def test_the_command_writes_its_files(arena, tmp_path):
    study, models = arena
    vote_in(study, models[:2])
    call_command("export", study.slug, "--format", "arena", "--out", str(tmp_path / "new"))
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted([*FILES, "manifest.json"])
    manifest = manifest_of(tmp_path / "new")
    assert (manifest["format"], manifest["files"]["votes.jsonl"]["rows"]) == ("arena", 1)


def test_every_column_is_documented():
    documented = (settings.BASE_DIR / "docs" / "exports.md").read_text(encoding="utf-8")
    chapter = documented.partition("## The files of `arena`")[2]
    columns = {column for schema in SCHEMAS.values() for column in schema}
    assert not [column for column in sorted(columns) if f"`{column}`" not in chapter]
