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

from analysis.exports.arena_schema import SCHEMAS, TABLES
from analysis.imports import jobs, running
from analysis.imports.jobs import Wanted
from analysis.leaderboard import keeping
from analysis.leaderboard.choices import Choice
from analysis.leaderboard.documents import document
from analysis.leaderboard.frames import read
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
from surveys import erasure
from surveys.models import AuditEvent, Enrolment, Participant
from tests.analysis.arena_votes import make_arena, next_vote, some_votes, vote_in
from tests.analysis.releases import export_to
from tests.factories import make_conversation, make_enrolment, make_models, make_reaction, make_study

pytestmark = pytest.mark.django_db
ARENA = CHECKOUT.parent / "shared" / "data" / "arena"
LEGACY = ARENA / "legacy"


def said(text: str, answer: str | None = "An answer", **metadata: Any) -> list[dict[str, Any]]:
    asked = {"role": "user", "content": text, "reasoning_content": None, "metadata": {}}
    if answer is None:
        return [asked]
    told = {"generation_id": "gen-1", "output_tokens": 12, "duration": 1.5, **metadata}
    return [asked, {"role": "assistant", "content": answer, "reasoning_content": "Hm", "metadata": told}]


def first_generation(pair: str = "p1", **fields: Any) -> dict[str, Any]:
    """What every row of the three older tables has."""
    return {
        "id": 7,
        "timestamp": "2026-01-05T10:00:00.000000",
        "model_a_name": "alpha-1",
        "model_b_name": "beta-2",
        "model_pair_name": ["alpha-1", "beta-2"],
        "conversation_a": said("Bonjour", "# Salut **toi**"),
        "conversation_b": said("Bonjour", "I am Beta, made by Betaworks"),
        "conv_turns": 1,
        "conversation_pair_id": pair,
        "session_hash": "abcdef",
        "visitor_id": "c0ffee",
        "opening_msg": "Bonjour",
        **fields,
    }


def conversation(pair: str = "p1", **fields: Any) -> dict[str, Any]:
    told = {
        "mode": "small-models",
        "categories": ["Arts", "Sports"],
        "languages": ["fr"],
        "keywords": ["salut"],
        "short_summary": "Somebody says hello",
        "model_a_total_params": 8.0,
        "model_a_active_params": 8.0,
        "total_conv_a_kwh": 0.001,
    }
    return first_generation(pair, **(told | fields))


def vote(pair: str = "p1", **fields: Any) -> dict[str, Any]:
    told = {
        "chosen_model_name": "beta-2",
        "both_equal": False,
        "conv_useful_b": True,
        "conv_superficial_a": True,
        "conv_comments_a": "Too short",
        "conv_comments_b": "Good",
    }
    return first_generation(pair, **(told | fields))


def reaction(pair: str = "p1", **fields: Any) -> dict[str, Any]:
    told = {
        "model_pos": "a",
        "refers_to_model": "alpha-1",
        "msg_index": 1,
        "msg_rank": 0,
        "liked": True,
        "disliked": False,
        "creative": True,
        "comment": None,
    }
    return first_generation(pair, **(told | fields))


def turn(
    comparison: str = "q1", number: int = 0, choice: str | None = "both_bad", **fields: Any
) -> dict[str, Any]:
    def answered(text: str) -> list[dict[str, Any]]:
        return [
            {"role": "user", "content": "found pages\nHvad?", "user_content": "Hvad?"},
            {"role": "assistant", "content": text},
        ]

    return {
        "response_id": f"{comparison}-{number}",
        "choice": choice,
        "response_a": answered("Svar A"),
        "response_b": answered("Svar B"),
        "turn": number,
        "comparison_id": comparison,
        "model_a": "alpha-1",
        "model_b": "gamma-3",
        "timestamp": "2026-07-01T08:00:00",
        "full_conversation_a": [{"role": "system", "content": "Be kind"}, *answered("Svar A")],
        "full_conversation_b": answered("Svar B"),
        "metadata": {
            "tokens_a": 5,
            "latency_a": 0.25,
            "duration_a": 1.0,
            "time_to_vote": 4.5,
            "mode": "random",
            "languages": ["da"],
        },
        **fields,
    }


def write_tables(folder: Path, **tables: list[dict[str, Any]]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


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
    _says_nowhere(study, "c0ffee", "abcdef", "gen-1")


def _says_nowhere(study: Any, *words: str) -> None:
    """No column of any table holds one of these words."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f'SELECT count(*) FROM "{table}" AS row WHERE row::text LIKE ANY(%s)',
                [[f"%{w}%" for w in words]],
            )
            assert cursor.fetchone() == (0,), table
