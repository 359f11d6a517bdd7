"""Judges, their runs and their workers, for tests; the provider is the fake one."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from itertools import count
from typing import Any

from annotations.judging import runs
from annotations.judging.judges import load_prompts
from annotations.judging.runs import Limits
from annotations.models import Batch, Judge, JudgeRun
from annotations.prompts import shipped
from annotations.rubric_versions import shipped_version
from conversations.models import LanguageModel, Provider
from prism.lib.processes import CHECKOUT, worker_command
from tests.annotations.making import make_batch, make_task

_numbers = count(1)


def make_judge(
    batch: Batch, url: str, prompts: str = "preference", model: str = "judge", **fields: Any
) -> Judge:
    number = next(_numbers)
    provider = Provider.objects.create(
        name=f"Judging {number}", base_url=url, is_fake=True, silence_seconds=20
    )
    language_model = LanguageModel.objects.create(
        provider=provider,
        identifier=model,
        name=f"maker/judge-{number}",
        short_name=f"judge-{number}",
        code=f"J{number}",
        price_in=Decimal(2),
        price_out=Decimal(10),
    )
    given = {"name": f"judge-{number}", "most_tokens": 500, **fields}
    return Judge.objects.create(
        study=batch.study, model=language_model, prompt_set=load_prompts(shipped(prompts)), **given
    )


def make_pairs(number: int, rubric: str = "preference_dissection") -> Batch:
    batch = make_batch(rubric_version=shipped_version(rubric))
    for place in range(1, number + 1):
        make_task(batch, query=f"Question {place}?", texts=[f"First {place}.", f"Second {place}."])
    return batch


def started(batch: Batch, judge: Judge, **limits: Any) -> JudgeRun:
    run = runs.begin(batch, judge, Limits(**limits), None)
    assert runs.start(run, None)
    run.refresh_from_db()
    return run


def bulk_worker(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """A process as production has it, to be killed."""
    return subprocess.Popen(
        worker_command("bulk", 8),
        env=environment,
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=sys.stderr,
        start_new_session=True,
    )
