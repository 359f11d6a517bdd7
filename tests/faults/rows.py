"""The rows behind a test: a study and the arena whose models speak slowly, and what came of their answers."""

from __future__ import annotations

from collections.abc import Iterable

from conversations.arena.visiting import make_arena
from conversations.models import Attempt, LanguageModel, PoolEntry, Provider, Response
from surveys.models import Study
from tests.factories import make_study

MODELS = ("aurora-7b", "basalt-70b", "cirrus-mini", "delta-chat-13b")
CHUNKS = 100  # of every answer


def make_slow_study(provider_url: str, *, rate: int = 10) -> Study:
    """A study of conversations only; each answer has CHUNKS pieces, `rate` of them a second."""
    study = make_study(kind=Study.Kind.DEMO, questionnaire=None, consent_document=None)
    _add_slow_models(study, provider_url, rate)
    return study


def make_slow_arena(provider_url: str, *, rate: int = 10) -> Study:
    """The arena, with models of its own that answer so."""
    arena = make_arena("The arena", kind=Study.Kind.DEMO, state=Study.State.OPEN)
    _add_slow_models(arena, provider_url, rate)
    return arena


def _add_slow_models(study: Study, provider_url: str, rate: int) -> None:
    provider = Provider.objects.create(name=f"Slow {study.slug}", base_url=provider_url, is_fake=True)
    for persona in MODELS:
        model = LanguageModel.objects.create(
            provider=provider,
            identifier=f"{persona};first=0.2;rate={rate};chunks={CHUNKS}",
            name=f"{study.slug}/{persona}",
            short_name=persona,
            code=persona[:4],
        )
        PoolEntry.objects.create(study=study, model=model)


def responses(*studies: Study) -> list[Response]:
    """Every response of the studies, oldest first."""
    return list(Response.objects.filter(turn__conversation__study__in=studies).order_by("pk"))


def texts(code: str) -> dict[str, str]:
    """What is stored of a conversation's newest answers, by slot."""
    rows = Response.objects.shown().filter(turn__conversation__number=int(code[1:]))
    newest = max(row.turn_id for row in rows)
    return {row.slot: row.text for row in rows if row.turn_id == newest}


def attempts(*studies: Study, state: str = "") -> list[Attempt]:
    """The attempts of the studies, or those in one state."""
    rows = Attempt.objects.filter(response__turn__conversation__study__in=studies)
    rows = rows.order_by("response", "number")
    return list(rows.filter(state=state) if state else rows)


def are_in_mid_stream(*studies: Study, count: int) -> bool:
    """So many answers have begun, and part of each is in PostgreSQL."""
    rows = responses(*studies)
    return len(rows) == count and all(row.state == Response.State.STREAMING and row.text for row in rows)


def are_taken(*studies: Study) -> bool:
    """No response waits for a worker."""
    return not any(row.state == Response.State.WAITING for row in responses(*studies))


def names(found: Iterable[Attempt]) -> list[str]:
    """Attempts as the provider is told of them."""
    return sorted(f"{attempt.response_id}.{attempt.number}" for attempt in found)


def calls_for(calls: Iterable[str], *studies: Study) -> list[str]:
    """Those of the provider's calls that were made for the studies."""
    ours = {str(row.pk) for row in responses(*studies)}
    return sorted(call for call in calls if call.partition(".")[0] in ours)
