"""A batch of invented pairs, and judges of them whose provider has faults of every kind."""

import secrets
from dataclasses import dataclass
from decimal import Decimal

from annotations.judging.judges import load_prompts
from annotations.models import Batch, Judge, Side, Task
from annotations.prompts import shipped
from annotations.rubric_versions import shipped_version
from conversations.fakellm.options import FAULTS
from conversations.models import LanguageModel, Provider
from surveys.models import Study

FAULTY = f"judge;first=0.02;rate=2000;retry=1;fail={'+'.join(FAULTS)};p=0.04"
SILENCE = 5.0  # seconds until a call that hangs is given up


@dataclass(frozen=True)
class Protocol:
    """What a judge is asked: `prompts` of this release, of a batch by this rubric."""

    name: str
    prompts: str
    rubric: str


PREFERENCE = Protocol("judge", "preference", "pairwise_preference")
DISSECTION = Protocol("dissecting", "dissection", "preference_dissection")


def make_batch(protocol: Protocol, pairs: int) -> Batch:
    name = f"bench-{protocol.name}-{secrets.token_hex(3)}"
    study = Study.objects.create(slug=name, title=name, kind=Study.Kind.DEMO, state=Study.State.OPEN)
    version = shipped_version(protocol.rubric)
    batch = Batch.objects.create(
        study=study, slug=name, title=name, rubric_version=version, kind="pair", source="file", state="open"
    )
    tasks = Task.objects.bulk_create(
        Task(batch=batch, number=number, key=str(number), query=f"Question {number}?")
        for number in range(1, pairs + 1)
    )
    Side.objects.bulk_create(
        Side(task=task, number=side, text=f"Answer {side} to {task.number}.")
        for task in tasks
        for side in (1, 2)
    )
    return batch


def make_judge(batch: Batch, protocol: Protocol, url: str) -> Judge:
    name = f"{batch.slug}-{secrets.token_hex(2)}"
    provider = Provider.objects.create(name=name, base_url=url, is_fake=True, silence_seconds=SILENCE)
    model = LanguageModel.objects.create(
        provider=provider,
        identifier=FAULTY,
        name=name,
        short_name=name,
        code="BENCH",
        price_in=Decimal(2),
        price_out=Decimal(10),
    )
    return Judge.objects.create(
        study=batch.study,
        name=name,
        model=model,
        prompt_set=load_prompts(shipped(protocol.prompts)),
        both_orders=True,
        most_tokens=2000,
    )
