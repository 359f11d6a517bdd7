"""Records of other arenas' tables as rows of a study: each once, and nobody back who was erased."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from analysis.imports import making
from analysis.imports.records import SIDES, Ballot, Talk, Thumb
from conversations.arena.voting import names
from conversations.ballots import CUSTOM
from conversations.leaks import leaks
from conversations.models import (
    Conversation,
    Dataset,
    Draw,
    ImportedTalk,
    LanguageModel,
    Reaction,
    Response,
    Turn,
    Vote,
)
from conversations.style import style
from prism.lib.crypto import keyed_hash

KNOWN = "known"  # no fault: this very row was read before
DUPLICATE = "duplicate"
ERASED = "its person was erased here"
NO_TURN = "no such turn in its conversation"
OTHER_MODELS = "other models than its conversation"
ONE_SIDE = "a side has no answer"
NOTED = ("rows", "facts")
NOTE = """
UPDATE conversations_importedtalk talk SET rows = noted.rows::jsonb, facts = noted.facts::jsonb
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS noted (id, rows, facts) WHERE talk.id = noted.id
"""
Outcome = str | None  # why a record was not stored; None where it was


@dataclass
class Held:
    """A conversation that is in the database, its turns by number and their answers by side."""

    talk: ImportedTalk | None  # None: its person was erased before it came
    is_erased: bool
    turns: dict[int, int] = field(default_factory=dict)
    answers: dict[int, dict[str, Response]] = field(default_factory=dict)

    def claim(self, table: str, place: str, row: str) -> Outcome:
        """Note that this row tells of this place; why it does not, where another or the same did before."""
        if self.is_erased or self.talk is None:
            return ERASED
        noted = self.talk.rows.setdefault(table, {})
        if place in noted:
            return KNOWN if noted[place] == row else DUPLICATE
        noted[place] = row
        return None


class Keeper:
    """Stores batches of records in a dataset; `made` counts new rows.

    Call it within a transaction that holds the row of the dataset.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.made: Counter[str] = Counter()
        self._models: dict[str, LanguageModel] = {}

    def start_again(self, made: Counter[str]) -> None:
        """After what was stored last was taken back: models that were new are not there any more."""
        self.made = made
        self._models.clear()

    def keep_talks(self, records: Sequence[Talk]) -> list[Outcome]:
        held = self._hold(records)
        found = [held[record.name].claim("conversations", "all", record.row) for record in records]
        new = [(held[r.name].talk, r) for r, outcome in zip(records, found, strict=True) if outcome is None]
        self._complete([(talk, record) for talk, record in new if talk])
        self._note(held)
        return found

    def keep_turns(self, records: Sequence[Talk]) -> list[Outcome]:
        """Each record has one turn."""
        held = self._hold(records)
        found = [
            held[record.name].claim("turns", str(record.turns[0].number), record.turns[0].row)
            for record in records
        ]
        self._note(held)
        return found

    def keep_ballots(self, records: Sequence[Ballot]) -> list[Outcome]:
        held = self._hold([record.talk for record in records])
        self._look_up_answers(held)
        draws = self._draws(held)
        found: list[Outcome] = []
        votes: list[Vote] = []
        for record in records:
            here = held[record.talk.name]
            outcome = self._misfit(here, record) or here.claim("votes", str(record.number), record.row)
            found.append(outcome)
            if outcome is None and here.talk:
                votes.append(self._vote(here, here.talk.conversation, record, draws))
        self.made["votes"] += len(Vote.objects.bulk_create(votes))
        self._note(held)
        return found

    def keep_thumbs(self, records: Sequence[Thumb]) -> list[Outcome]:
        held = self._hold([record.talk for record in records])
        self._look_up_answers(held)
        found: list[Outcome] = []
        reactions: list[Reaction] = []
        for record in records:
            here = held[record.talk.name]
            answer = here.answers.get(record.number, {}).get(record.side)
            outcome = None if answer or here.is_erased else NO_TURN
            outcome = outcome or here.claim("reactions", f"{record.side}{record.number}", record.row)
            found.append(outcome)
            if outcome is None and answer:
                reactions.append(_reaction(answer, record, self.dataset))
        self.made["reactions"] += len(Reaction.objects.bulk_create(reactions))
        self._note(held)
        return found

    def _hold(self, records: Iterable[Talk]) -> dict[str, Held]:
        """The conversations of these records by name; what is not there yet is made."""
        told = _merged(records)
        self._know(told.values())
        held = self._found(told)
        held |= self._made([talk for name, talk in told.items() if name not in held])
        by_talk = _by_talk(held)
        missing = [
            (here.talk.conversation, told[name], turn)
            for name, here in held.items()
            if here.talk and not here.is_erased
            for turn in told[name].turns
            if turn.number not in here.turns
        ]
        for turn in making.turns(missing, self._models):
            by_talk[turn.conversation_id].turns[turn.number] = turn.pk
        self.made["turns"] += len(missing)
        return held

    def _found(self, told: dict[str, Talk]) -> dict[str, Held]:
        digests = {self._digest("talk", name): name for name in told}
        known = ImportedTalk.objects.filter(dataset=self.dataset, digest__in=digests)
        held = {
            digests[talk.digest]: Held(talk, _is_erased(talk.conversation.enrolment))
            for talk in _with_people_held(known)
        }
        by_talk = _by_talk(held)
        turns = Turn.objects.filter(conversation__in=by_talk)
        for pk, talk, number in turns.values_list("pk", "conversation", "number"):
            by_talk[talk].turns[number] = pk
        return held

    def _made(self, records: Sequence[Talk]) -> dict[str, Held]:
        """New conversations, without turns yet; none for people who were erased.

        Their origin is stored by `_note`, when it is known which rows tell of them.
        """
        who = [self._visitor(record) for record in records]
        people, new = making.people(self.dataset, dict(zip(who, records, strict=True)))
        self.made["people"] += new
        arrived = [(record, *people[digest]) for record, digest in zip(records, who, strict=True)]
        living = [one for one in arrived if not _is_erased(one[1])]
        talks = making.conversations(self.dataset, living, self._models)
        self.made["conversations"] += len(talks)
        rows = [self._origin(talk, record) for talk, (record, _, _) in zip(talks, living, strict=True)]
        held = {record.name: Held(None, is_erased=True) for record in records}
        return held | {
            record.name: Held(row, is_erased=False) for row, (record, _, _) in zip(rows, living, strict=True)
        }

    def _origin(self, talk: Conversation, record: Talk) -> ImportedTalk:
        return ImportedTalk(
            dataset=self.dataset,
            conversation=talk,
            digest=self._digest("talk", record.name),
            name=record.name,
            facts=dict(record.facts),
            **{f"system_{side}": record.system.get(side, "") for side in SIDES},
        )

    def _look_up_answers(self, held: dict[str, Held]) -> None:
        """Those that were shown, by turn and side."""
        numbers = {pk: (here, number) for here in held.values() for number, pk in here.turns.items()}
        for answer in Response.objects.shown().filter(turn__in=numbers).defer("text", "reasoning"):
            here, number = numbers[answer.turn_id]
            here.answers.setdefault(number, {})[answer.slot.lower()] = answer

    def _know(self, records: Iterable[Talk]) -> None:
        """Find the models of these records in the registry, or register them."""
        sizes = making.sizes_in(records)
        unknown = {name: size for name, size in sizes.items() if name not in self._models}
        if unknown:
            found, new = making.models_named(unknown, f"Imported with {self.dataset.key}; it answers nowhere")
            self._models |= found
            self.made["models"] += new

    def _misfit(self, here: Held, record: Ballot) -> Outcome:
        """Why a vote cannot stand on its turn."""
        if here.is_erased:
            return None  # told by the claim
        answers = here.answers.get(record.number, {})
        if len(answers) < len(SIDES):
            return NO_TURN
        if any(self._models[record.models[side]].pk != answers[side].model_id for side in SIDES):
            return OTHER_MODELS
        return ONE_SIDE if any(answer.failure == making.NOT_GIVEN for answer in answers.values()) else None

    def _vote(self, here: Held, talk: Conversation, record: Ballot, draws: dict[int, Draw]) -> Vote:
        a, b = (here.answers[record.number][side] for side in SIDES)
        given = {
            "blind": True,
            "mode": talk.mode,
            "custom": talk.mode == CUSTOM,
            "topic": talk.topic,
            "language": next(iter(here.talk.facts.get("languages", ())) if here.talk else iter(()), ""),
            **self._looks(record),
            **record.given,
        }
        return Vote(
            turn_id=here.turns[record.number],
            choice=record.choice,
            response_a=a,
            response_b=b,
            model_a_id=a.model_id,
            model_b_id=b.model_id,
            draw=draws.get(talk.pk),
            reasons_a=record.reasons["a"],
            reasons_b=record.reasons["b"],
            comment=record.comment,
            at=record.at or self.dataset.created_at,
            **given,
        )

    def _looks(self, record: Ballot) -> dict[str, Any]:
        """Style and leaks, counted here where the row does not state them."""
        found: dict[str, Any] = {}
        said = {turn.number: turn.answers for turn in record.talk.turns if turn.number <= record.number}
        if "style_a" not in record.given:
            for side in SIDES:
                answer = said.get(record.number, {}).get(side)
                found[f"style_{side}"] = style(answer.text) if answer else {}
        if "leaks" not in record.given:
            found["leaks"] = [
                {"slot": side.upper(), "turn": number, **asdict(leak)}
                for number, answers in said.items()
                for side, answer in answers.items()
                if answer
                for leak in leaks(answer.text, names(self._models[record.models[side]]))
            ]
            slots = {leak["slot"] for leak in found["leaks"]}
            found |= {f"leaked_{side}": side.upper() in slots for side in SIDES}
        return found

    def _draws(self, held: dict[str, Held]) -> dict[int, Draw]:
        """The newest draw of the first turn of each conversation, as for votes given here."""
        talks = [one.talk.conversation_id for one in held.values() if one.talk]
        drawn = Draw.objects.filter(turn__conversation__in=talks, turn__number=0).order_by("pk")
        return {draw.turn.conversation_id: draw for draw in drawn.select_related("turn")}

    def _complete(self, new: Sequence[tuple[ImportedTalk, Talk]]) -> None:
        """What a table of conversations adds to what others told of them."""
        known = [(row, record) for row, record in new if row.pk is not None]
        for row, record in known:
            row.facts = {**record.facts, **row.facts}
            talk = row.conversation
            talk.topic = talk.topic or record.topic
            talk.mode = talk.mode or record.mode
            talk.picked = talk.picked or [self._models[n].pk for n in record.picked if n in self._models]
            if record.is_revealed and talk.revealed_at is None:
                talk.revealed_at = talk.started_at
        Conversation.objects.bulk_update(
            [row.conversation for row, _ in known], ["topic", "mode", "picked", "revealed_at"], batch_size=100
        )

    def _note(self, held: dict[str, Held]) -> None:
        """Store which rows tell of each conversation; with bulk_update half of an import went there."""
        rows = [one.talk for one in held.values() if one.talk and not one.is_erased]
        known = [row for row in rows if row.pk is not None]
        ImportedTalk.objects.bulk_create(row for row in rows if row.pk is None)
        told: list[Any] = [[row.pk for row in known]]
        told += [[json.dumps(getattr(row, name)) for row in known] for name in NOTED]
        with connection.cursor() as cursor:
            cursor.execute(NOTE, told)

    def _digest(self, kind: str, name: str) -> str:
        return keyed_hash("import", kind, str(self.dataset.pk), name)

    def _visitor(self, record: Talk) -> str:
        """Who has no pseudonym is somebody else in every conversation."""
        return self._digest("visitor", record.visitor) if record.visitor else self._digest("one", record.name)


def _merged(records: Iterable[Talk]) -> dict[str, Talk]:
    """One record a conversation, with the turns that all of its records tell; the first one holds."""
    told: dict[str, Talk] = {}
    for record in records:
        known = told.get(record.name)
        if known is None:
            told[record.name] = record
        else:
            there = {turn.number for turn in known.turns}
            more = [turn for turn in record.turns if turn.number not in there]
            told[record.name] = replace(known, turns=[*known.turns, *more])
    return told


def _by_talk(held: dict[str, Held]) -> dict[int, Held]:
    return {one.talk.conversation_id: one for one in held.values() if one.talk}


def _with_people_held(talks: QuerySet[ImportedTalk]) -> QuerySet[ImportedTalk]:
    """Who is being erased now is waited for, and then known to be."""
    held = talks.select_related("conversation__enrolment__participant").order_by("conversation__enrolment")
    return held.select_for_update(of=("conversation__enrolment",), no_key=True)


def _is_erased(enrolment: Any) -> bool:
    gone = (enrolment.participant.erased_at, enrolment.erased_at, enrolment.texts_erased_at)
    return any(gone) or enrolment.outcome == enrolment.Outcome.WITHDRAWN


def _reaction(answer: Response, record: Thumb, dataset: Dataset) -> Reaction:
    return Reaction(
        response=answer,
        liked=record.is_liked,
        reasons=record.reasons,
        comment=record.comment,
        blind=record.is_blind,
        at=record.at or dataset.created_at,
    )
