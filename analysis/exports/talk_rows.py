"""What people said of whole conversations, and how reliable it is, in rows: beside the answers to the survey.

A second rating belongs to the conversation in which the answers stood first, and is none of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.exports.people import publishes_texts
from analysis.exports.release import NumberedPerson
from conversations.models import Conversation, Feedback, Opening, RepeatRating

Row = dict[str, Any]

FEEDBACK = "feedback.jsonl"
SECOND = "second_ratings.jsonl"
OPENINGS = "openings.jsonl"
FILES = (FEEDBACK, SECOND, OPENINGS)
TEXTS = {FEEDBACK: ["text"]}
WITHHELD = {FEEDBACK: {"text": "free text"}}
NOTES = [
    "feedback.jsonl has a row for each thing asked at the end of a conversation: `block` is performance, "
    "choice or open as in PRISM, or the key of the study's own question.",
    "second_ratings.jsonl has a row for each answer that a person rated once more, without being told: "
    "`repeat_of` is the conversation in which it stood first. A second rating is no conversation, turn or "
    "rating of its own in any file.",
    "openings.jsonl has a row for each conversation of which chance decided whether it begins with a "
    "message that several people get; `key` is null where it did not.",
]
NULL_MEANS = {
    "item": "the block has no parts",
    "value": "status says why, or it is text, or withheld",
    "text": "not in the person's own words, or withheld",
    "after": "the conversation before it is not in this release",
    "key": "chance left the person a message of their own",
}


def rows(batch: Sequence[NumberedPerson], *, with_texts: bool) -> Iterator[tuple[str, Row]]:
    """The rows of some people, each with the file it belongs to, in a fixed number of queries."""
    published = publishes_texts([person.pk for person in batch])
    shows = {person.pk: with_texts and published.get(person.pk, True) for person in batch}
    yield from ((FEEDBACK, row) for row in feedback_rows(batch, shows))
    yield from ((SECOND, row) for row in second_rows(batch))
    yield from ((OPENINGS, row) for row in opening_rows(batch))


def feedback_rows(batch: Sequence[NumberedPerson], shows_texts: Mapping[int, bool]) -> Iterator[Row]:
    """In the order of people and their conversations; `shows_texts` by enrolment."""
    given = Feedback.objects.select_related("conversation").in_bulk(
        [talk.pk for person in batch for talk in person.conversations], field_name="conversation_id"
    )
    for person in batch:
        for talk in person.conversations:
            if talk.pk in given:
                place = {"code": person.code, "conversation": talk.code}
                place["type"] = given[talk.pk].conversation.type
                for row in _answers(given[talk.pk]):
                    text = row["text"] if shows_texts[person.pk] else None
                    yield {**place, **row, "text": text}


def _answers(feedback: Feedback) -> Iterator[Row]:
    for block in ("performance", "choice"):
        for item, entry in getattr(feedback, block).items():
            yield _row(block, entry["value"], entry["status"], item=item)
    if feedback.text:
        yield _row("open", None, "answered", text=feedback.text)
    for key, entry in feedback.blocks.items():
        yield _row(key, entry["value"], entry["status"], text=feedback.texts.get(key))


def _row(block: str, value: Any, status: str, *, item: str | None = None, text: Any = None) -> Row:
    return {"block": block, "item": item, "status": status, "value": value, "text": text}


def second_rows(batch: Sequence[NumberedPerson]) -> Iterator[Row]:
    """In the order of people, conversations and slots."""
    codes = {talk.pk: (person.code, talk.code) for person in batch for talk in person.conversations}
    given = RepeatRating.objects.filter(response__turn__conversation__in=codes).select_related(
        "repeat__after", "response__model", "response__rating", "response__turn"
    )
    for row in sorted(given, key=lambda one: (codes[one.response.turn.conversation_id], one.slot)):
        code, talk = codes[row.response.turn.conversation_id]
        first = getattr(row.response, "rating", None)
        yield {
            "code": code,
            "repeat_of": talk,
            "after": codes.get(row.repeat.after_id, (None, None))[1],
            "turn": row.response.turn.number,
            "model": row.response.model.name,
            "slot_first": row.response.slot,
            "slot_second": row.slot,
            "score_first": first.score if first else None,
            "score_second": row.score,
            "place_first": first.rank if first else None,
            "place_second": row.rank,
            "chance": row.repeat.chance,
        }


def opening_rows(batch: Sequence[NumberedPerson]) -> Iterator[Row]:
    """In the order of people and conversations."""
    codes = {talk.pk: (person.code, talk.code) for person in batch for talk in person.conversations}
    found = {one.conversation_id: one for one in Opening.objects.filter(conversation__in=codes)}
    copied = set(
        Conversation.objects.filter(pk__in=found, turns__responses__copied_from__isnull=False).values_list(
            "pk", flat=True
        )
    )
    for pk, (code, talk) in codes.items():
        if pk in found:
            one = found[pk]
            yield {
                "code": code,
                "conversation": talk,
                "key": one.key or None,
                "language": one.language or None,
                "chance": one.chance,
                "pool": one.pool,
                "answers_stored": pk in copied,
            }
