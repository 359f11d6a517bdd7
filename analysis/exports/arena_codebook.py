"""The codebook of an export of the arena: each column of each table, with type, origin and meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from analysis.exports.arena_schema import REASONS, SCHEMAS, Kind

NAME = "codebook.jsonl"
SIDE = re.compile(r"_[ab](?=_|$)")
# The first column of Prism's own in each table; those before it are compar:IA's.
OURS_FROM = {"conversations": "conversation", "votes": "voter", "reactions": "conversation", "turns": "voter"}
# Of columns of two sides once, with * for the side.
MEANINGS = {
    "attempts": "every response of the turn, replaced and failed ones too",
    "blind": "given before the models were revealed",
    "bold_*": "passages in bold that a reader sees",
    "both_equal": "true for both_good, both_bad and equal",
    "cached": "an answer was not made for this message",
    "categories": "compar:IA's name of category; of imported conversations what the dataset says",
    "category": "subject of the first message, read by rules",
    "characters_*": "characters that a reader sees",
    "choice": "a_better, b_better, both_good, both_bad or idk; of imported votes also equal",
    "chosen_model_name": "the winner; null on a tie or idk",
    "code_blocks_*": "blocks of code",
    "comment": "what the person wrote about it",
    "comparison_id": "the conversation; joins the other tables' conversation",
    "conv_*_id": "one side of the conversation",
    "conv_comments_*": "a comment on one side; Prism asks for one on both",
    "conv_turns": "messages of the person so far",
    "conversation": "the conversation, by its code in this release; joins all tables",
    "conversation_*": "the messages of this side",
    "conversation_pair_id": "the conversation, as both of its sides",
    "custom": "a model was picked by hand",
    "custom_models_selection": "the models picked by hand",
    "day": "of the vote, UTC",
    "disliked": "the reverse of liked",
    "draw_seed": "seed of the draw of the models",
    "draws": "draws made for this turn, with pool, weights and probabilities",
    "emoji_*": "emoji",
    "failed_*": "the answer is not whole: its call broke, it reached its greatest length, or was stopped",
    "first_text_ms_*": "milliseconds to the first text",
    "flagged": "signs of a machine or of voting without reading",
    "full_conversation_*": "the whole conversation, repeated on each of its rows",
    "headers_*": "headings",
    "id": "number of the row in its table",
    "is_unedited_prompt": "not recorded",
    "keywords": "as the makers of an imported dataset say",
    "language": "of the page",
    "languages": "written_in, as a list; of imported conversations what the dataset says",
    "leaked_*": "an answer of this side said who wrote it, in this turn or before",
    "leaks": "where answers said who wrote them, and by which rule that was found",
    "liked": "thumb up",
    "lists_*": "items of lists",
    "metadata": "tokens, times, mode and further measures of the turn",
    "mode": "how the pair was drawn",
    "model_*": "the model of this side",
    "model_*_active_params": "billions of parameters used for each token",
    "model_*_name": "the model of this side",
    "model_*_total_params": "billions of parameters",
    "model_pair_name": "both names, sorted",
    "model_pos": "the side of the answer",
    "ms_to_vote": "milliseconds from the later answer to the vote",
    "msg_index": "place of the answer in its side's messages, from 0, a system message counted",
    "msg_rank": "the turn, from 0",
    "opening_msg": "the first message",
    "question_content": "the message that was answered",
    "question_id": "conversation_pair_id and the turn",
    "reasons": "all reasons given",
    "reasons_*": "all reasons given for this side",
    "refers_to_conv_id": "the side of the conversation",
    "refers_to_model": "the model that answered",
    "replaced_*": "another model was asked first",
    "respondent": "not given here: answers to questionnaires are in other formats",
    "response_*": "message and answer of this turn; the message alone where the side did not answer",
    "response_content": "the answer",
    "response_id": "the turn",
    "revealed": "the person learnt who answered",
    "selected_category": "not recorded; see topic",
    "session_hash": "Prism keeps no sessions",
    "short_summary": "as the makers of an imported dataset say",
    "slot_order": "the models in the order of slots that the draw gave",
    "source": "live, or the name of the imported dataset",
    "source_row": "id of the row in its imported dataset",
    "study": "the arena in which it was given",
    "system_prompt": "of the model that answered",
    "system_prompt_*": "of this side's model",
    "timestamp": "start of the conversation, or of the vote or reaction; UTC without a zone",
    "topic": "of the suggestion that it began with; of imported ones their first category",
    "total_conv_*_kwh": "energy of this side's answers, in kilowatt-hours",
    "total_conv_*_output_tokens": "tokens of this side's answers",
    "total_ms_*": "milliseconds to the end of the answer",
    "truncated_*": "the answer ran into the greatest length; empty where its end is not known",
    "turn": "from 0",
    "visitor_id": "the person, as voter",
    "voter": "the person, by their code in this release",
    "votes": "number of votes in the conversation",
    "web_search_results": "models search nothing",
    "written_in": "language of the first message, read by rules",
    **dict.fromkeys(REASONS, "a reason that was given"),
    **dict.fromkeys((f"conv_{reason}_*" for reason in REASONS), "a reason that was given for this side"),
}
ENERGY = re.compile(r"(energy|total_conv)_\*_(wh|co2e_g)_(low|high)")
UNITS = {"wh": "watt-hours", "co2e_g": "grams of CO₂ equivalent"}


def rows() -> Iterator[dict[str, Any]]:
    """One row for each column, in the order of the tables."""
    for table, schema in SCHEMAS.items():
        names = list(schema)
        published = names[: names.index(OURS_FROM[table])]
        for name, kind in schema.items():
            yield {
                "table": table,
                "column": name,
                "type": spelt(kind),
                "defined_by": "compar:IA" if name in published else "Prism",
                "meaning": meaning(name),
            }


def meaning(column: str) -> str:
    """Raises KeyError for a column that nobody described."""
    pattern = SIDE.sub("_*", column, count=1)
    if energy := ENERGY.fullmatch(pattern):
        of = "the answer" if energy[1] == "energy" else "all answers"
        return f"{energy[3]} end of the estimated {UNITS[energy[2]]} of {of} of this side"
    return MEANINGS[pattern]


def spelt(kind: Kind) -> str:
    """A type of the schema in words, such as list of {name: text}."""
    if isinstance(kind, list):
        return f"list of {spelt(kind[0])}"
    if isinstance(kind, dict):
        return "{" + ", ".join(f"{name}: {spelt(inner)}" for name, inner in kind.items()) + "}"
    return str(kind)
