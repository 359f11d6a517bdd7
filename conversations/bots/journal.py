"""What a bot sent, and the comparison with what is stored of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from conversations.bots.answering import Pairs, expected_answers
from conversations.bots.pages import Field, Form

SHIPPED = ("performance", "choice")  # blocks of sliders that PRISM's form has
NOTHING: tuple[Any, ...] = (None, "", [], {})


@dataclass
class SentTurn:
    """A message, the text that was streamed for each slot once all were complete, and what was made of it."""

    text: str
    streamed: dict[str, str] = field(default_factory=dict)
    scores: dict[str, int] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    tie: str = ""
    chosen: str = ""
    is_asked: bool = False  # the page wants to know with which answer to go on


@dataclass
class SentConversation:
    type: str
    turns: list[SentTurn] = field(default_factory=list)
    feedback: dict[str, Any] | None = None


@dataclass
class SentAnnotation:
    """What was said of one task: the level chosen, by the question, in the words of the page."""

    answers: dict[str, str]
    comment: str


@dataclass
class Journal:
    """Everything that a bot sent and the server took. `pages` counts the pages of the questionnaire."""

    consent: dict[str, bool] | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    pages: int = 0
    conversations: dict[str, SentConversation] = field(default_factory=dict)
    second: list[SentTurn] = field(default_factory=list)  # answers of before that were rated once more
    annotations: list[SentAnnotation] = field(default_factory=list)

    @property
    def turns(self) -> list[SentTurn]:
        return [turn for talk in self.conversations.values() for turn in talk.turns]

    @property
    def characters(self) -> int:
        """Characters of the models' text that arrived as a stream."""
        return sum(len(text) for turn in self.turns for text in turn.streamed.values())


@dataclass(frozen=True)
class Check:
    """One thing that was sent beside what is stored in its place."""

    kind: str
    where: str
    sent: Any
    stored: Any

    @property
    def is_kept(self) -> bool:
        return bool(self.sent == self.stored)


def compare(journal: Journal, record: dict[str, Any]) -> list[Check]:
    """Everything sent beside everything stored (`my-data.json`), the other way round too: what is stored
    without having been sent stands there as well, with None as sent."""
    return [
        *_compare_consents(journal, record.get("consents", [])),
        *_compare_answers(journal.answers, record.get("answers", {})),
        *_compare_conversations(journal.conversations, record.get("conversations", [])),
        *_compare_second(journal.second, record.get("second_ratings", [])),
        *_compare_annotations(journal.annotations, record.get("annotations", [])),
    ]


def _compare_consents(journal: Journal, stored: list[dict[str, Any]]) -> Iterator[Check]:
    sent = [] if journal.consent is None else [journal.consent]
    for place in range(max(len(sent), len(stored))):
        boxes = stored[place]["boxes"] if place < len(stored) else None
        yield Check("consent", f"consent {place + 1}", sent[place] if place < len(sent) else None, boxes)


def _compare_answers(sent: dict[str, Any], stored: dict[str, Any]) -> Iterator[Check]:
    for key in sorted(sent.keys() | stored.keys()):
        given, kept = _plain(sent.get(key)), _plain(stored.get(key, {}).get("value"))
        if given is not None or kept is not None:
            yield Check("answer", key, given, kept)


def _plain(value: Any) -> Any:
    if value in NOTHING:
        return None
    return sorted(value) if isinstance(value, list) else value


def _compare_conversations(
    sent: dict[str, SentConversation], stored: list[dict[str, Any]]
) -> Iterator[Check]:
    kept = {talk["code"]: talk for talk in stored}
    for code in sorted(sent.keys() | kept.keys()):
        talk, row = sent.get(code), kept.get(code)
        yield Check("conversation", code, talk and talk.type, row and row["type"])
        if talk and row:
            yield from _compare_turns(code, talk.turns, row["turns"])
            yield from _compare_feedback(code, talk.feedback, row["feedback"])


def _compare_second(sent: list[SentTurn], stored: list[dict[str, Any]]) -> Iterator[Check]:
    """In the order in which they were given."""
    yield Check("second rating", "sets", len(sent), len(stored))
    for place, (turn, row) in enumerate(zip(sent, stored, strict=False), 1):
        answers = row["answers"]
        for slot in sorted(turn.scores.keys() | turn.places.keys() | answers.keys()):
            kept = answers.get(slot, {})
            given = (turn.scores.get(slot), turn.places.get(slot))
            yield Check("second rating", f"{place} {slot}", given, (kept.get("score"), kept.get("place")))


def _compare_annotations(sent: list[SentAnnotation], stored: list[dict[str, Any]]) -> Iterator[Check]:
    """Of each task the newest: a double click stores it once more, as a correction. Drafts are none."""
    newest = {(row["batch"], row["task"]): row for row in stored if "draft" not in row}
    if sent or newest:
        yield Check("annotation", "tasks", len(sent), len(newest))
    for place, (one, row) in enumerate(zip(sent, newest.values(), strict=False), 1):
        yield Check("annotation", f"{place} comment", one.comment, row["comment"])
        lines = row["answers"][:-1] if row["comment"] else row["answers"]  # it stands there too, last
        kept = {line["question"]: line["answer"] for line in lines}
        for question in sorted(one.answers.keys() | kept.keys()):
            yield Check("annotation", f"{place} {question}", one.answers.get(question), kept.get(question))


def _compare_turns(code: str, sent: list[SentTurn], stored: list[dict[str, Any]]) -> Iterator[Check]:
    for number in range(max(len(sent), len(stored))):
        turn = sent[number] if number < len(sent) else None
        row = stored[number] if number < len(stored) else None
        where = f"{code} message {number + 1}"
        yield Check("message", where, turn and turn.text, row and row["text"])
        if turn and row:
            yield from _compare_slots(where, turn, row)


def _compare_slots(where: str, turn: SentTurn, row: dict[str, Any]) -> Iterator[Check]:
    answers = row["answers"]
    for slot, text in sorted(turn.streamed.items()):
        yield Check("streamed text", f"{where} {slot}", text, answers.get(slot, {}).get("text"))
    stored = {slot: answer["score"] for slot, answer in answers.items() if answer["score"] is not None}
    for slot in sorted(turn.scores.keys() | stored.keys()):
        yield Check("score", f"{where} {slot}", turn.scores.get(slot), stored.get(slot))
    for slot, place in sorted(turn.places.items()):
        answer = answers.get(slot, {})
        yield Check("place", f"{where} {slot}", (place, turn.tie), (answer.get("place"), answer.get("tie")))
    expected = _winner(turn)
    if expected:
        yield Check("choice", where, expected, row["chosen"])


def _winner(turn: SentTurn) -> str:
    """The slot that must have won; empty where the server decides a tie, or the person has not chosen yet."""
    if turn.chosen or turn.is_asked:
        return turn.chosen
    worth = turn.scores or {slot: -place for slot, place in turn.places.items()}
    best = [slot for slot, value in worth.items() if value == max(worth.values())]
    return best[0] if len(best) == 1 else ""


def _compare_feedback(
    code: str, sent: dict[str, Any] | None, stored: dict[str, Any] | None
) -> Iterator[Check]:
    if sent is None and stored is None:
        return
    given, kept = sent or {}, stored or {}
    yield Check("feedback", f"{code} text", given.get("text"), kept.get("text"))
    for block in ("performance", "choice"):
        for key in sorted(given.get(block, {}).keys() | kept.get(block, {}).keys()):
            yield Check(
                "feedback",
                f"{code} {block} {key}",
                given.get(block, {}).get(key),
                _without_trace(kept.get(block, {}).get(key)),
            )
    yield from _compare_blocks(code, given.get("blocks", {}), kept)


def _compare_blocks(code: str, sent: dict[str, Any], kept: dict[str, Any]) -> Iterator[Check]:
    """The study's own questions; what was typed stands apart from what was chosen."""
    chosen = {key: block["value"] for key, block in kept.get("blocks", {}).items()}
    stored = chosen | kept.get("texts", {})
    for key in sorted(sent.keys() | stored.keys()):
        yield Check("feedback", f"{code} {key}", _plain(sent.get(key)), _plain(stored.get(key)))


def _without_trace(stored: dict[str, Any] | None) -> dict[str, Any] | None:
    return stored and {"value": stored.get("value"), "status": stored.get("status")}


def expected_feedback(form: Form, pairs: Pairs) -> dict[str, Any]:
    """What must be stored of the feedback form: {block: {attribute: …}} and the text."""
    given = dict(pairs)
    expected: dict[str, Any] = {"text": given.get("open_feedback", "").strip()}
    own: dict[str, Field] = {}
    for name, found in form.fields.items():
        block, _, attribute = name.partition(".")
        if block in SHIPPED:
            expected.setdefault(block, {})[attribute] = _slider(name, given)
        elif name != "open_feedback":
            own[name] = found
    return expected | {"blocks": expected_answers(replace(form, fields=own), pairs)}


def _slider(name: str, given: dict[str, str]) -> dict[str, Any]:
    if given.get(f"{name}__na") == "on":
        return {"value": None, "status": "not_applicable"}
    value = given.get(name, "")
    return {"value": int(value), "status": "answered"} if value else {"value": None, "status": "untouched"}
