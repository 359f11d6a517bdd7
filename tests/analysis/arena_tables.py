"""Rows of the tables that other arenas publish, made up, and files of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


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
        (folder / f"{name}.jsonl").write_text(lines(rows))
    return folder


def lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)
