"""Trying a model with one short call, over the very path that participants' answers take."""

import asyncio
import time
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from conversations.live import loop
from conversations.live.calls import Call, Ending, ProviderFailure
from conversations.models import LanguageModel
from prism.lib import addresses
from prism.lib.crypto import UnreadableSecret
from prism.lib.places import elsewhere
from surveys import audit

PROMPT = "Say hello in one short sentence."
SECONDS = 20.0
TOKENS = 32


@dataclass(frozen=True)
class Trial:
    """What came of it: the text, or the kind of failure; how long the whole call took in milliseconds."""

    text: str = ""
    failure: str = ""
    detail: str = ""
    total_ms: int = 0

    @property
    def summary(self) -> str:
        if self.failure:
            return _("failed: %(kind)s (%(detail)s)") % {"kind": self.failure, "detail": self.detail or "-"}
        return _("answered in %(ms)d ms: %(text)s") % {"ms": self.total_ms, "text": self.text}


def try_model(model: LanguageModel, by: User) -> Trial:
    """Call the model once, store and audit what came of it; never raises for what a provider does."""
    trial = called(model)
    result = trial.summary[:300]
    LanguageModel.objects.filter(pk=model.pk).update(tested_at=timezone.now(), test_result=result)
    audit.record(by, "model.tested", subject=model.name, failure=trial.failure, total_ms=trial.total_ms)
    return trial


def called(model: LanguageModel) -> Trial:
    """One short call; never raises for what a provider does."""
    begun = time.monotonic()
    try:
        addresses.check(model.provider.base_url)
        call = _call(model)
        with elsewhere():
            text = loop.run(_say(call))
    except addresses.AddressRefused as refusal:
        return Trial(failure="address", detail=str(refusal))
    except UnreadableSecret:
        return Trial(failure="key", detail=_("the stored key cannot be read; enter it again"))
    except ProviderFailure as failure:
        return Trial(failure=failure.kind, detail=failure.detail, total_ms=_since(begun))
    return Trial(text=text[:200], total_ms=_since(begun))


def _call(model: LanguageModel) -> Call:
    provider = model.provider
    limits = {"max_completion_tokens", "max_tokens"}
    limit = next((name for name in sorted(limits) if name in model.parameters), "max_tokens")
    return Call(
        base_url=provider.base_url,
        api_key=provider.api_key,
        model=model.identifier,
        messages=({"role": "user", "content": PROMPT},),
        parameters={**model.parameters, limit: TOKENS},
        seed=1,
        silence_seconds=min(provider.silence_seconds, SECONDS),
        attempt="trial",
        reach=provider.reach,
    )


async def _say(call: Call) -> str:
    """The whole short answer; raises ProviderFailure."""
    from conversations.live.provider import stream

    text = reasoning = ""
    try:
        # Around all of it: signs of life without text would keep the web process waiting for ever.
        async with asyncio.timeout(SECONDS):
            async for piece in stream(call, Ending()):
                text += piece.text
                reasoning += piece.reasoning
    except TimeoutError as error:
        raise ProviderFailure("silent", "not done in time") from error
    said = text.strip() or reasoning.strip()  # a few tokens may all go into reasoning
    if not said:
        raise ProviderFailure("empty", "the answer had no text")
    return said


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
