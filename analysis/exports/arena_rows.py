"""The rows of an export of the arena: one conversation with two sides in, rows of four tables out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from analysis.exports import arena_energy, arena_prompts
from analysis.exports.arena_schema import MEASURED, REASONS, SIDES
from analysis.leaderboard.public_rows import FLAGS, row_of
from analysis.subjects.published import published
from conversations.ballots import CUSTOM
from conversations.models import Conversation, ImportedTalk, LanguageModel, Response, Turn, Vote
from conversations.models.imported import LIVE

Row = dict[str, Any]
Names = Mapping[int, str]  # of models, by id
TIES = (Vote.Choice.BOTH_GOOD, Vote.Choice.BOTH_BAD, Vote.Choice.EQUAL)
FACTS = ("short_summary", "keywords", "categories", "languages")  # of live ones the last two alone


@dataclass(frozen=True)
class Talk:
    """A released conversation. Its turns have all their responses as `answers`, in the order of slots."""

    code: str
    voter: str
    conversation: Conversation
    turns: Sequence[Any]

    def side(self, side: str) -> str:
        """The id of one of its two halves."""
        return f"{self.code}{side}"

    @property
    def pair(self) -> str:
        return f"{self.side('a')}-{self.side('b')}"

    def model(self, side: str) -> LanguageModel | None:
        """Who answers on this side; after a replacement the one that stood in."""
        found = [shown(turn, side) for turn in self.turns]
        return next((response.model for response in reversed(found) if response), None)

    def tokens(self, side: str) -> int | None:
        """Of all answers; null unless each is known."""
        counted = [response.tokens_out if response else None for response in self.answers(side)]
        known = [tokens for tokens in counted if tokens is not None]
        return sum(known) if known and len(known) == len(counted) else None

    @property
    def imported(self) -> ImportedTalk | None:
        return getattr(self.conversation, "imported", None)

    def header(self, side: str, until: int | None = None) -> str:
        """The system prompt: as the dataset has it, or as sent with the last answer (up to a turn)."""
        if self.imported:
            return str(getattr(self.imported, f"system_{side}"))
        turns = [turn for turn in self.turns if until is None or turn.number <= until]
        found = next((response for turn in reversed(turns) if (response := shown(turn, side))), None)
        return arena_prompts.prompt(found, self.conversation) if found else ""

    def facts(self, *names: str) -> Row:
        """What the makers of a dataset say of the conversation, or our rules do; null where nobody does."""
        told = (
            self.imported.facts if self.imported else published(getattr(self.conversation, "subject", None))
        )
        return {name: told.get(name) for name in names}

    def origin(self, table: str, place: str) -> Row:
        if self.imported is None:
            return {"source": LIVE, "source_row": None}
        return {"source": self.imported.dataset.key, "source_row": self.imported.row_id(table, place)}

    def answers(self, side: str) -> list[Response | None]:
        return [answer(turn, side) for turn in self.turns]


def shown(turn: Any, side: str) -> Response | None:
    found = (response for response in turn.answers if not response.is_replaced)
    return next((response for response in found if response.slot == side.upper()), None)


def answer(turn: Any, side: str) -> Response | None:
    """What a person could read on this side."""
    response = shown(turn, side)
    return response if response and response.is_rateable else None


def conversation_row(talk: Talk, number: int, names: Names) -> Row:
    conversation = talk.conversation
    row = _common(talk, number, conversation.started_at)
    row["model_pair_name"] = json.dumps(row["model_pair_name"], ensure_ascii=False)
    for side in SIDES:
        model = talk.model(side)
        row |= {
            f"total_conv_{side}_output_tokens": talk.tokens(side),
            f"model_{side}_total_params": model.billions if model else None,
            f"model_{side}_active_params": (model.active_billions or model.billions) if model else None,
        }
    return row | {
        "mode": conversation.mode or None,
        "custom_models_selection": _picked(conversation, names),
        **talk.facts(*FACTS),
        **arena_energy.of_talk(talk),
        "conversation": talk.code,
        "voter": talk.voter,
        "custom": conversation.mode == CUSTOM,
        "topic": conversation.topic or None,
        "revealed": conversation.revealed_at is not None,
        "votes": sum(1 for turn in talk.turns if vote_on(turn)),
        **talk.origin("conversations", "all"),
    }


def vote_rows(talk: Talk, first: int, names: Names) -> Iterator[Row]:
    """One row for each vote, numbered from `first`; the messages up to the turn that was voted on."""
    for turn in talk.turns:
        if vote := vote_on(turn):
            row = _common(talk, first, vote.at, until=turn.number)
            row |= {"chosen_model_name": _winner(vote), "both_equal": vote.choice in TIES}
            row |= {
                f"conv_{reason}_{side}": reason in getattr(vote, f"reasons_{side}")
                for reason in REASONS
                for side in SIDES
            }
            public = row_of(vote, talk.voter, talk.code)
            origin = talk.origin("votes", str(turn.number))
            yield row | public | _judged(vote) | _truncated(turn) | _drawn(vote, names) | origin
            first += 1


def vote_on(turn: Any) -> Vote | None:
    """The vote on a turn, unless it was erased."""
    vote: Vote | None = getattr(turn, "vote", None)
    return vote if vote and vote.choice else None


def reaction_rows(talk: Talk, first: int) -> Iterator[Row]:
    """One row for each answer that somebody still likes or dislikes, numbered from `first`."""
    for rank, turn in enumerate(talk.turns):
        for response in turn.answers:
            reaction = max(response.reactions.all(), key=lambda one: one.pk, default=None)
            if reaction is None or reaction.liked is None or response.is_replaced:
                continue
            side = response.slot.lower()
            said = messages(talk, side, turn.number)
            yield _common(talk, first, reaction.at, until=turn.number) | {
                "system_prompt": talk.header(side, turn.number) or None,
                "model_pos": side,
                "refers_to_model": response.model.name,
                "refers_to_conv_id": talk.side(side),
                "msg_index": len(said) - 1,
                "msg_rank": rank,
                "question_id": f"{talk.pair}-{rank}",
                "response_content": response.text,
                "question_content": turn.text,
                "liked": reaction.liked,
                "disliked": not reaction.liked,
                **{reason: reason in reaction.reasons for reason in REASONS},
                "comment": reaction.comment or None,
                "conversation": talk.code,
                "voter": talk.voter,
                "blind": reaction.blind,
                "reasons": reaction.reasons,
                **talk.origin("reactions", f"{side}{turn.number}"),
            }
            first += 1


def turn_rows(talk: Talk, names: Names) -> Iterator[Row]:
    for rank, turn in enumerate(talk.turns):
        vote = vote_on(turn)
        yield {
            "response_id": f"{talk.code}t{rank}",
            "choice": vote.choice if vote else None,
            **{f"response_{side}": _exchange(turn, side) for side in SIDES},
            "turn": rank,
            "comparison_id": talk.code,
            **{f"model_{side}": _name(shown(turn, side)) for side in SIDES},
            "timestamp": stamp(talk.conversation.started_at),
            **{f"full_conversation_{side}": messages(talk, side) for side in SIDES},
            "metadata": _measured(talk, turn, vote, names),
            "voter": talk.voter,
            **(_judged(vote) if vote else {}),
            **({"language": vote.language, "topic": vote.topic} if vote else {}),
            "draws": [_draw(draw, names) for draw in turn.draws.all()],
            "attempts": [_attempt(response) for response in turn.answers],
            **arena_energy.of_turn(talk, {side: answer(turn, side) for side in SIDES}),
            **talk.origin("turns", str(turn.number)),
        }


def messages(talk: Talk, side: str, until: int | None = None) -> list[Row]:
    """What this side's model was told and said, up to a turn or all of it."""
    header = talk.header(side, until)
    said = [_message("system", header)] if header else []
    for turn in talk.turns:
        if until is not None and turn.number > until:
            break
        said.append(_message("user", turn.text))
        if response := answer(turn, side):
            tokens, duration = response.tokens_out, _seconds(response.total_ms)
            said.append(_message("assistant", response.text, response.reasoning, tokens, duration))
    return said


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def _message(
    role: str, text: str, reasoning: str = "", tokens: int | None = None, duration: float | None = None
) -> Row:
    return {
        "role": role,
        "content": text,
        "reasoning_content": reasoning or None,
        "metadata": {"generation_id": None, "output_tokens": tokens, "duration": duration},
    }


def _exchange(turn: Turn, side: str) -> list[Row]:
    asked = {"role": "user", "content": turn.text, "user_content": turn.text, "reasoning_content": None}
    response = answer(turn, side)
    if response is None:
        return [asked]
    thoughts = response.reasoning or None
    return [
        asked,
        {
            "role": "assistant",
            "content": response.text,
            "user_content": None,
            "reasoning_content": thoughts,
        },
    ]


def _common(talk: Talk, number: int, at: datetime, until: int | None = None) -> Row:
    a, b = (talk.model(side) for side in SIDES)
    return {
        "id": number,
        "timestamp": stamp(at),
        "model_a_name": a.name if a else None,
        "model_b_name": b.name if b else None,
        "model_pair_name": sorted(model.name for model in (a, b) if model),
        "conversation_a": messages(talk, "a", until),
        "conversation_b": messages(talk, "b", until),
        "conv_turns": sum(1 for turn in talk.turns if until is None or turn.number <= until),
        "conversation_pair_id": talk.pair,
        "conv_a_id": talk.side("a"),
        "conv_b_id": talk.side("b"),
        "visitor_id": talk.voter,
        "opening_msg": talk.turns[0].text,
        **{f"system_prompt_{side}": talk.header(side, until) or None for side in SIDES},
    }


def _winner(vote: Vote) -> str | None:
    models = {Vote.Choice.A_BETTER: vote.model_a, Vote.Choice.B_BETTER: vote.model_b}
    winner = models.get(Vote.Choice(vote.choice))
    return winner.name if winner else None


def _judged(vote: Vote) -> Row:
    """What a vote says beside the choice, in types of its own."""
    return {
        **{flag: getattr(vote, flag) for flag in FLAGS},
        "reasons_a": vote.reasons_a,
        "reasons_b": vote.reasons_b,
        "comment": vote.comment or None,
        "leaks": vote.leaks,
    }


def _truncated(turn: Any) -> Row:
    """Whether each answer ran into the greatest length; null where its end is not known."""
    answers = {side: shown(turn, side) for side in SIDES}
    return {
        f"truncated_{side}": found.is_truncated if found and found.finish_reason else None
        for side, found in answers.items()
    }


def _drawn(vote: Vote, names: Names) -> Row:
    if vote.draw is None:
        return {"draw_seed": None, "slot_order": None}
    return {"draw_seed": vote.draw.seed, "slot_order": [names[pk] for pk in vote.draw.drawn]}


def _draw(draw: Any, names: Names) -> Row:
    return {
        "seed": draw.seed,
        "is_replacement": draw.is_replacement,
        "slots": [names[pk] for pk in draw.drawn],
        "pool": [{**one, "model": names[one["model"]]} for one in draw.pool],
    }


def _attempt(response: Any) -> Row:
    return {
        "slot": response.slot,
        "model": response.model.name,
        "state": response.state,
        "failure": response.failure or None,
        "finish_reason": response.finish_reason or None,
        "is_replaced": response.is_replaced,
        "depth": response.depth,
        "calls": response.attempt,
        "first_text_ms": response.first_text_ms,
        "total_ms": response.total_ms,
        "tokens_in": response.tokens_in,
        "tokens_out": response.tokens_out,
    }


def _measured(talk: Talk, turn: Turn, vote: Vote | None, names: Names) -> Row:
    measured: Row = dict.fromkeys(name for name, _ in MEASURED)
    measured |= talk.facts("short_summary", "categories", "languages")
    for side in SIDES:
        if response := answer(turn, side):
            first, total = response.first_text_ms, response.total_ms
            measured |= {
                f"tokens_{side}": response.tokens_out,
                f"latency_{side}": _seconds(first),
                f"duration_{side}": _seconds(total - first)
                if total is not None and first is not None
                else None,
            }
        measured[f"total_tokens_{side}"] = talk.tokens(side)
    measured |= arena_energy.measured(talk, {side: answer(turn, side) for side in SIDES})
    return measured | {
        "time_to_vote": _seconds(vote.ms_to_vote) if vote else None,
        "mode": talk.conversation.mode or None,
        "custom_models_selection": _picked(talk.conversation, names),
    }


def _picked(conversation: Conversation, names: Names) -> list[str] | None:
    return [names[pk] for pk in conversation.picked] or None


def _name(response: Response | None) -> str | None:
    return response.model.name if response else None


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
