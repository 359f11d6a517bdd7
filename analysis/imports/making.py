"""New rows of an imported conversation: its person, its models, its turns with their answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from analysis.imports.records import SIDES, Answer, Exchange, Talk
from conversations import protocols
from conversations.models import (
    Conversation,
    Dataset,
    Draw,
    ImportedPerson,
    LanguageModel,
    Protocol,
    Provider,
    Response,
    Turn,
)
from prism.lib.codes import random_number
from surveys.models import Device, Enrolment, Participant, Study
from surveys.models.study import sha256

TYPE = "imported"
WORKER = "import"
NOT_GIVEN = "not_given"  # the failure of an answer that the dataset does not have
NO_VERSION = 0  # lower than any that a study's conversations follow
PROVIDER = "Imported models"
UNKNOWN = (None, None)
NOWHERE = "https://imported.invalid/v1"
Sizes = Mapping[str, tuple[float | None, float | None]]
FINISHED = {Response.State.DONE, Response.State.FAILED, Response.State.STOPPED}


def protocol_of(study: Study) -> Protocol:
    """What imported conversations followed: no version of the study's own rules, and never the newest."""
    document = protocols.preset("arena")
    made, _ = Protocol.objects.get_or_create(
        study=study, version=NO_VERSION, defaults={"document": document, "sha256": sha256(document)}
    )
    return made


def sizes_in(records: Iterable[Talk]) -> dict[str, tuple[float | None, float | None]]:
    """The models that records name, with their billions of parameters where told: all, and active ones."""
    sizes: dict[str, tuple[float | None, float | None]] = {}
    for record in records:
        for side, name in record.models.items():
            if sizes.get(name, UNKNOWN) == UNKNOWN:
                sizes[name] = record.sizes.get(side, UNKNOWN)
        for turn in record.turns:
            called = [call["model"] for call in turn.calls]
            drawn = [one["model"] for draw in turn.draws for one in draw["pool"] or ()]
            for name in (*called, *drawn, *(name for draw in turn.draws for name in draw["slots"])):
                sizes.setdefault(name, UNKNOWN)
    return sizes


def models_named(sizes: Sizes, reason: str) -> tuple[dict[str, LanguageModel], int]:
    """The models of these names; those that the registry does not have are registered, archived.

    Also how many were new.
    """
    known = {model.name: model for model in LanguageModel.objects.filter(name__in=sizes)}
    missing = [name for name in sizes if name not in known]
    if not missing:
        return known, 0
    provider, _ = Provider.objects.get_or_create(
        name=PROVIDER, defaults={"base_url": NOWHERE, "is_on": False, "check_minutes": 0}
    )
    made = LanguageModel.objects.bulk_create(
        LanguageModel(
            provider=provider,
            identifier=name,
            name=name,
            short_name=name.rpartition("/")[2][:80],
            code=name.rpartition("/")[2][:12],
            billions=sizes[name][0],
            active_billions=sizes[name][1],
            status=LanguageModel.Status.ARCHIVED,
            status_reason=reason[:200],
        )
        for name in missing
    )
    return known | {model.name: model for model in made}, len(made)


def people(dataset: Dataset, arrivals: Mapping[str, Talk]) -> tuple[dict[str, tuple[Enrolment, Device]], int]:
    """By keyed hash of the pseudonym, each person with a browser that nobody has; and how many are new."""
    known = ImportedPerson.objects.filter(dataset=dataset, digest__in=arrivals)
    # Who is being erased now is waited for, and then known to be.
    known = known.select_related("enrolment__participant").order_by("enrolment")
    known = known.select_for_update(of=("enrolment",), no_key=True)
    found = {one.digest: one.enrolment for one in known}
    devices = {device.enrolment_id: device for device in Device.objects.filter(enrolment__in=found.values())}
    missing = [digest for digest in arrivals if digest not in found]
    made = _enrolments(dataset, [arrivals[digest] for digest in missing])
    ImportedPerson.objects.bulk_create(
        ImportedPerson(dataset=dataset, enrolment=enrolment, digest=digest)
        for digest, enrolment in zip(missing, made, strict=True)
    )
    for device in Device.objects.bulk_create(Device(enrolment=enrolment) for enrolment in made):
        devices[device.enrolment_id] = device
    found |= dict(zip(missing, made, strict=True))
    return {digest: (one, devices[one.pk]) for digest, one in found.items()}, len(made)


def _enrolments(dataset: Dataset, arrivals: Sequence[Talk]) -> list[Enrolment]:
    persons = Participant.objects.bulk_create(Participant() for _ in arrivals)
    numbers = _numbers(len(persons), Enrolment.objects.filter(study=dataset.study))
    return Enrolment.objects.bulk_create(
        Enrolment(
            participant=person,
            study=dataset.study,
            number=number,
            is_test=True,
            is_imported=True,
            stage=TYPE,
            outcome=Enrolment.Outcome.COMPLETE,
            outcome_at=dataset.created_at,
            arrived_at=talk.at or dataset.created_at,
            seen_at=talk.at or dataset.created_at,
        )
        for person, number, talk in zip(persons, numbers, arrivals, strict=True)
    )


def conversations(
    dataset: Dataset, new: Sequence[tuple[Talk, Enrolment, Device]], models: Mapping[str, LanguageModel]
) -> list[Conversation]:
    protocol = protocol_of(dataset.study)
    numbers = _numbers(len(new), Conversation.objects.filter(study=dataset.study))
    return Conversation.objects.bulk_create(
        Conversation(
            enrolment=enrolment,
            study=dataset.study,
            protocol=protocol,
            device=device,
            type=TYPE,
            number=number,
            state=Conversation.State.COMPLETE,
            started_at=talk.at or dataset.created_at,
            finished_at=talk.at or dataset.created_at,
            mode=talk.mode,
            picked=[models[name].pk for name in talk.picked if name in models],
            topic=talk.topic[:40],
            revealed_at=(talk.at or dataset.created_at) if talk.is_revealed else None,
        )
        for (talk, enrolment, device), number in zip(new, numbers, strict=True)
    )


def turns(
    new: Sequence[tuple[Conversation, Talk, Exchange]], models: Mapping[str, LanguageModel]
) -> list[Turn]:
    """Turns with draws and answers."""
    made = Turn.objects.bulk_create(
        Turn(
            conversation=talk,
            number=turn.number,
            key=f"{TYPE}-{turn.number}",
            text=turn.text,
            at=talk.started_at,
        )
        for talk, _, turn in new
    )
    told = list(zip(made, new, strict=True))
    draws = Draw.objects.bulk_create(
        Draw(turn=row, **_draw(draw, models), at=row.at) for row, (_, _, turn) in told for draw in turn.draws
    )
    opening = {draw.turn_id: draw for draw in draws if not draw.is_replacement}
    Response.objects.bulk_create(
        response
        for row, (_, talk, turn) in told
        for response in _responses(row, talk, turn, models, opening.get(row.pk))
    )
    return made


def _draw(draw: Mapping[str, Any], models: Mapping[str, LanguageModel]) -> dict[str, Any]:
    return {
        "seed": str(draw["seed"])[:64],
        "is_replacement": bool(draw["is_replacement"]),
        "rule": {"rule": TYPE},
        "pool": [{**one, "model": models[one["model"]].pk} for one in draw["pool"] or ()],
        "drawn": [models[name].pk for name in draw["slots"]],
    }


def _responses(
    row: Turn, talk: Talk, turn: Exchange, models: Mapping[str, LanguageModel], draw: Draw | None
) -> list[Response]:
    calls = [call for call in turn.calls if call["slot"] in ("A", "B")]
    found = [_response(row, _of_call(call, models, turn), draw) for call in calls]
    shown = {response.slot for response in found if not response.is_replaced}
    for side in SIDES:
        if side.upper() not in shown:
            fields = _of_answer(turn.answers.get(side))
            found.append(
                _response(row, {"slot": side.upper(), "model": models[talk.models[side]], **fields}, draw)
            )
    return found


def _response(row: Turn, fields: dict[str, Any], draw: Draw | None) -> Response:
    at = row.at
    return Response(
        turn=row, draw=draw, seed=0, worker=WORKER, enqueued_at=at, created_at=at, finished_at=at, **fields
    )


def _of_answer(answer: Answer | None) -> dict[str, Any]:
    if answer is None:
        return {"state": Response.State.FAILED, "failure": NOT_GIVEN}
    return {
        "state": Response.State.DONE,
        "text": answer.text,
        "reasoning": answer.reasoning,
        "tokens_out": answer.tokens,
        "first_text_ms": answer.first_ms,
        "total_ms": answer.total_ms,
    }


def _of_call(call: Mapping[str, Any], models: Mapping[str, LanguageModel], turn: Exchange) -> dict[str, Any]:
    """As Prism's own tables of turns tell of every call; the text is that of the side."""
    answer = None if call["is_replaced"] else turn.answers.get(call["slot"].lower())
    return {
        "slot": call["slot"],
        "model": models[call["model"]],
        "state": call["state"] if call["state"] in FINISHED else Response.State.FAILED,
        "failure": (call["failure"] or "")[:30],
        "finish_reason": (call["finish_reason"] or "")[:30],
        "is_replaced": bool(call["is_replaced"]),
        "depth": call["depth"] or 0,
        "attempt": call["calls"] or 0,
        "text": answer.text if answer else "",
        "reasoning": answer.reasoning if answer else "",
        **{name: call[name] for name in ("first_text_ms", "total_ms", "tokens_in", "tokens_out")},
    }


def _numbers(count: int, taken: QuerySet[Any]) -> list[int]:
    """So many random numbers, none of them among those of `taken`."""
    found: set[int] = set()
    while len(found) < count:
        new = {random_number() for _ in range(count - len(found))} - found
        found |= new - set(taken.filter(number__in=new).values_list("number", flat=True))
    return list(found)
