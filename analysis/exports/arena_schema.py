"""The columns of an export of the arena, with their types in Parquet.

Names that compar:IA has too come first, in the order of its tables and with their meaning; Prism's own
follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.exports import arena_energy
from analysis.leaderboard.public_rows import COLUMNS as PUBLIC
from analysis.leaderboard.public_rows import FLAGS, WORDS

Kind = Any
Schema = Mapping[str, Kind]

CONVERSATIONS, VOTES, REACTIONS, TURNS = TABLES = ("conversations", "votes", "reactions", "turns")
REASONS = (
    "useful",
    "complete",
    "creative",
    "clear_formatting",
    "incorrect",
    "superficial",
    "instructions_not_followed",
)
SIDES = ("a", "b")
# A type is one of these words, [a list of one], or {a structure}.
TEXT, WHOLE, NUMBER, TRUTH = "text", "whole", "number", "truth"
MOMENT = "moment"  # without a zone, as in compar:IA's tables; UTC
TEXTS = [TEXT]

_SAID = {"generation_id": TEXT, "output_tokens": WHOLE, "duration": NUMBER}
MESSAGES = [{"role": TEXT, "content": TEXT, "reasoning_content": TEXT, "metadata": _SAID}]
EXCHANGE = [{"role": TEXT, "content": TEXT, "user_content": TEXT, "reasoning_content": TEXT}]
FOUND = [{"name": TEXT, "url": TEXT, "content": TEXT}]
LEAKS = [{"slot": TEXT, "turn": WHOLE, "start": WHOLE, "end": WHOLE, "rule": TEXT}]
POOL = [{"model": TEXT, "exposure": NUMBER, "weight": NUMBER, "inclusion": NUMBER}]
DRAWS = [{"seed": TEXT, "is_replacement": TRUTH, "slots": TEXTS, "pool": POOL}]
CALLS = [
    {
        "slot": TEXT,
        "model": TEXT,
        "state": TEXT,
        "failure": TEXT,
        "finish_reason": TEXT,
        "is_replaced": TRUTH,
        "depth": WHOLE,
        "calls": WHOLE,
        "first_text_ms": WHOLE,
        "total_ms": WHOLE,
        "tokens_in": WHOLE,
        "tokens_out": WHOLE,
    }
]
MEASURED = (
    *((f"{name}_{side}", kind) for name, kind in (("tokens", WHOLE), ("conso", NUMBER)) for side in SIDES),
    *((f"{name}_{side}", NUMBER) for name in ("latency", "duration") for side in SIDES),
    ("time_to_vote", NUMBER),
    ("mode", TEXT),
    ("custom_models_selection", TEXTS),
    ("categories", TEXTS),
    ("languages", TEXTS),
    ("short_summary", TEXT),
    *((f"total_tokens_{side}", WHOLE) for side in SIDES),
    *((f"total_conso_{side}", NUMBER) for side in SIDES),
)


def _common(*, names: Any = TEXTS, with_sides: bool = True) -> dict[str, Any]:
    return {
        "id": WHOLE,
        "timestamp": MOMENT,
        "model_a_name": TEXT,
        "model_b_name": TEXT,
        "model_pair_name": names,
        "conversation_a": MESSAGES,
        "conversation_b": MESSAGES,
        "conv_turns": WHOLE,
        "conversation_pair_id": TEXT,
        **({"conv_a_id": TEXT, "conv_b_id": TEXT} if with_sides else {}),
        "session_hash": TEXT,
        "visitor_id": TEXT,
        "opening_msg": TEXT,
    }


def _public() -> dict[str, Any]:
    """The columns of the public rows of the leaderboard, flags and reasons in types of their own."""
    kinds: dict[str, Kind] = {**dict.fromkeys(WORDS, TEXT), **dict.fromkeys(FLAGS, TRUTH)}
    kinds |= {"reasons_a": TEXTS, "reasons_b": TEXTS}
    return {name: kinds.get(name, WHOLE) for name in PUBLIC}


# Where a row comes from: "live", or the key of an imported dataset and the id of the row in it.
_ORIGIN = {"source": TEXT, "source_row": TEXT}
_PROMPTS = {"system_prompt_a": TEXT, "system_prompt_b": TEXT}

SCHEMAS: Mapping[str, Schema] = {
    CONVERSATIONS: {
        **_common(names=TEXT),
        **_PROMPTS,
        "mode": TEXT,
        "custom_models_selection": TEXTS,
        "short_summary": TEXT,
        "keywords": TEXTS,
        "categories": TEXTS,
        "languages": TEXTS,
        **{f"total_conv_{side}_output_tokens": WHOLE for side in SIDES},
        **{f"model_{side}_{kind}_params": NUMBER for kind in ("total", "active") for side in SIDES},
        **{f"total_conv_{side}_kwh": NUMBER for side in SIDES},
        "conversation": TEXT,
        "voter": TEXT,
        "custom": TRUTH,
        "topic": TEXT,
        "revealed": TRUTH,
        "votes": WHOLE,
        **dict.fromkeys(arena_energy.columns("total_conv_"), NUMBER),
        **_ORIGIN,
    },
    VOTES: {
        **_common(with_sides=False),
        **_PROMPTS,
        "chosen_model_name": TEXT,
        "both_equal": TRUTH,
        **{f"conv_{reason}_{side}": TRUTH for reason in REASONS for side in SIDES},
        "conv_comments_a": TEXT,
        "conv_comments_b": TEXT,
        "selected_category": TEXT,
        "is_unedited_prompt": TRUTH,
        **_public(),
        "comment": TEXT,
        "leaks": LEAKS,
        **{f"truncated_{side}": TRUTH for side in SIDES},
        "draw_seed": TEXT,
        "slot_order": TEXTS,
        **_ORIGIN,
    },
    REACTIONS: {
        **_common(),
        "system_prompt": TEXT,
        "model_pos": TEXT,
        "refers_to_model": TEXT,
        "refers_to_conv_id": TEXT,
        "msg_index": WHOLE,
        "msg_rank": WHOLE,
        "question_id": TEXT,
        "response_content": TEXT,
        "question_content": TEXT,
        "liked": TRUTH,
        "disliked": TRUTH,
        **dict.fromkeys(REASONS, TRUTH),
        "comment": TEXT,
        "conversation": TEXT,
        "voter": TEXT,
        "blind": TRUTH,
        "reasons": TEXTS,
        **_ORIGIN,
    },
    TURNS: {
        "response_id": TEXT,
        "choice": TEXT,
        "response_a": EXCHANGE,
        "response_b": EXCHANGE,
        "web_search_results": FOUND,
        "turn": WHOLE,
        "comparison_id": TEXT,
        "model_a": TEXT,
        "model_b": TEXT,
        "timestamp": MOMENT,
        "full_conversation_a": MESSAGES,
        "full_conversation_b": MESSAGES,
        "metadata": dict(MEASURED),
        "respondent": TEXT,
        "voter": TEXT,
        **dict.fromkeys(FLAGS, TRUTH),
        "leaks": LEAKS,
        "reasons_a": TEXTS,
        "reasons_b": TEXTS,
        "comment": TEXT,
        "language": TEXT,
        "topic": TEXT,
        "draws": DRAWS,
        "attempts": CALLS,
        **dict.fromkeys(arena_energy.columns("energy_"), NUMBER),
        **_ORIGIN,
    },
}
