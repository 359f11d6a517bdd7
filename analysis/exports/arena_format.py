"""An export of the arena: conversations, votes, reactions and turns, each as JSON lines and as Parquet.

Where compar:IA's published tables have a column, it has its name and meaning here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from django.db.models import Prefetch

from analysis.exports import arena_codebook, arena_energy, arena_prompts, arena_rows, release
from analysis.exports.arena_rows import Row, Talk
from analysis.exports.arena_schema import CONVERSATIONS, REACTIONS, SCHEMAS, TABLES, TURNS, VOTES
from analysis.exports.gate import Gate
from analysis.exports.lines import JsonLines
from analysis.exports.parquet import write_parquet
from analysis.exports.people import publishes_texts
from analysis.exports.release import CHOSEN_CONVERSATIONS, NumberedPerson, Scope
from analysis.leaderboard.public_rows import votes_in
from analysis.subjects import reading
from conversations.models import Conversation, LanguageModel, Reaction, Response, Turn

SCHEMA_VERSION = "1"
FILES = (*(f"{table}.{kind}" for table in TABLES for kind in ("jsonl", "parquet")), arena_codebook.NAME)

_HALVES = [f"conversation_{side}[].{part}" for side in "ab" for part in ("content", "reasoning_content")]
_TABLES = {
    CONVERSATIONS: [*_HALVES, "opening_msg"],
    VOTES: [*_HALVES, "opening_msg", "comment"],
    REACTIONS: [*_HALVES, "opening_msg", "response_content", "question_content", "comment"],
    TURNS: [
        *(f"full_{column}" for column in _HALVES),
        *(
            f"response_{side}[].{part}"
            for side in "ab"
            for part in ("content", "user_content", "reasoning_content")
        ),
        "comment",
    ],
}
# Where people wrote, or models answered them.
TEXTS = {f"{table}.jsonl": columns for table, columns in _TABLES.items()}
WITHHELD = {
    name: {**dict.fromkeys(columns, "free text"), "timestamp": "date and time"}
    for name, columns in TEXTS.items()
}

_SESSION = "Prism keeps no sessions; a comparison is conversation_pair_id"
_ANALYSED = "no language model looks through conversations"
NOT_COMPUTED = {
    "conversations": {
        "session_hash": _SESSION,
        **dict.fromkeys(("short_summary", "keywords"), _ANALYSED),
        "conversation_*[].metadata.generation_id": "a provider's id names the provider",
    },
    "votes": {
        "session_hash": _SESSION,
        "conv_comments_*": "Prism asks for one comment on a vote: comment",
        "selected_category": "see topic",
        "is_unedited_prompt": "not recorded",
    },
    "reactions": {"session_hash": _SESSION},
    "turns": {
        "web_search_results": "models search nothing",
        "metadata.short_summary": _ANALYSED,
        "respondent": "answers to questionnaires are in the formats prism and answers",
    },
}
MEANING: dict[str, Any] = {
    "schema_version": SCHEMA_VERSION,
    "not_computed": NOT_COMPUTED,
    "null_means": {
        "choice": "no vote on this turn; so are the flags, reasons, language and topic of the row",
        "chosen_model_name": "a tie or “I don't know”: choice says which",
        "model_*_params": "the registry does not know the size",
        "*tokens*": "the provider did not tell, or there is no answer",
        "*latency*, *duration*, *_ms_*": "there is no answer",
        "custom_models_selection": "no model was picked by hand",
        "comment": "nothing typed; or withheld",
        "categories": "nobody voted in the conversation, or no word of its first message tells the subject",
        "languages": "nobody voted in the conversation, or its first message is too short to tell",
        "*kwh, *conso_*, *_wh_*, *_co2e_g_*": arena_energy.NULL,
    },
    "notes": [
        "A table's Parquet file has the rows of its JSON lines. Timestamps have no zone and are UTC.",
        "Ids are codes of this release: visitor_id and voter of the person, conversation and comparison_id "
        "of the conversation; with a release seed they cannot be tied to another release. Rows are sorted by "
        "code: order tells no time.",
        "A vote belongs to a turn. both_equal is true for both_good and both_bad. The public leaderboard is "
        "computed from the rows of votes, without include_test and include_excluded: it has other codes for "
        "people and conversations, 1 and 0 for the flags, and joins reasons by spaces. day, which is public "
        "there, stays in a de-identified release.",
        "A reaction is feedback on one answer and never a vote; withdrawn ones are left out.",
        "full_conversation_* repeats the whole conversation on every row of turns: never sum over rows.",
        "attempts names every response of a turn, replaced and failed ones too; calls counts its calls.",
        arena_energy.NOTE,
        "Where people were asked whether what they write may be published, the texts of those who did not "
        "agree are null in every release, and so are the answers to them.",
    ],
}

Without = Mapping[str, Sequence[str]]


def meaning(scope: Scope) -> dict[str, Any]:
    """What the manifest says of these files."""
    notes = [*MEANING["notes"], *arena_prompts.notes()]
    return {**MEANING, "notes": notes, "withheld": {} if scope.is_full else WITHHELD}


def write(
    scope: Scope, folder: Path, progress: Callable[[int, int], None], gate: Gate
) -> dict[str, dict[str, Any]]:
    """Write the files of the release that is chosen now; rows, bytes and SHA-256 of each."""
    reading.read([scope.study])
    names = dict(LanguageModel.objects.values_list("pk", "name"))
    withheld: Mapping[str, Any] = {} if scope.is_full else WITHHELD
    expected = _expected()
    with ExitStack() as stack:
        files = {
            table: stack.enter_context(
                JsonLines(folder / f"{table}.jsonl", [*withheld.get(f"{table}.jsonl", ())], gate)
            )
            for table in TABLES
        }
        for batch in stack.enter_context(closing(release.numbered_people())):
            for talk, without in talks(batch):
                _write_talk(talk, files, without, names)
            progress(sum(file.rows for file in files.values()), expected)
    return _with_parquet(folder, files) | {arena_codebook.NAME: _codebook(folder)}


def _codebook(folder: Path) -> dict[str, Any]:
    with JsonLines(folder / arena_codebook.NAME) as file:
        for row in arena_codebook.rows():
            file.write(row)
    return file.facts()


def _with_parquet(folder: Path, files: Mapping[str, JsonLines]) -> dict[str, dict[str, Any]]:
    facts: dict[str, dict[str, Any]] = {}
    for table, file in files.items():
        lines, packed = f"{table}.jsonl", f"{table}.parquet"
        facts[lines] = file.facts()
        facts[packed] = {
            "rows": file.rows,
            **write_parquet(folder / lines, folder / packed, SCHEMAS[table]),
        }
    return facts


def _write_talk(
    talk: Talk, files: Mapping[str, JsonLines], without: Without, names: Mapping[int, str]
) -> None:
    def write_rows(table: str, rows: Iterator[Row]) -> None:
        for row in rows:
            ordered = {column: row.get(column) for column in SCHEMAS[table]}
            files[table].write(ordered, without.get(f"{table}.jsonl", ()))

    first = {table: file.rows + 1 for table, file in files.items()}
    write_rows(CONVERSATIONS, iter([arena_rows.conversation_row(talk, first[CONVERSATIONS], names)]))
    write_rows(VOTES, arena_rows.vote_rows(talk, first[VOTES], names))
    write_rows(REACTIONS, arena_rows.reaction_rows(talk, first[REACTIONS]))
    write_rows(TURNS, arena_rows.turn_rows(talk, names))


def talks(batch: Sequence[NumberedPerson]) -> Iterator[tuple[Talk, Without]]:
    """The conversations of some people, each with what is withheld of it, in a fixed number of queries."""
    loaded = _loaded([talk.pk for person in batch for talk in person.conversations])
    published = publishes_texts([person.pk for person in batch])
    for person in batch:
        without = {} if published.get(person.pk, True) else TEXTS
        for numbered in person.conversations:
            conversation = loaded[numbered.pk]
            yield Talk(numbered.code, person.code, conversation, conversation.asked), without


def _loaded(pks: Sequence[int]) -> dict[int, Any]:
    responses = Response.objects.select_related("model__provider").prefetch_related("reactions")
    turns = Turn.objects.order_by("number").prefetch_related(
        Prefetch(
            "responses", arena_prompts.with_prompts(responses).order_by("slot", "id"), to_attr="answers"
        ),
        Prefetch("vote", votes_in(pks)),
        "draws",
    )
    talks = Conversation.objects.select_related("study", "protocol", "subject", "imported__dataset")
    return talks.prefetch_related(Prefetch("turns", turns, to_attr="asked")).in_bulk(list(pks))


def _expected() -> int:
    size = release.size()
    judged = votes_in(CHOSEN_CONVERSATIONS).count()
    reacted = Reaction.objects.filter(response__turn__conversation__in=CHOSEN_CONVERSATIONS)
    return size.conversations + size.turns + judged + reacted.values("response").distinct().count()
