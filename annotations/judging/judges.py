"""Judges of a study, and the versions of the prompts they use."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from accounts.models import User
from annotations.judging.prompts import parse
from annotations.models import Judge, PromptSet
from annotations.prompts import KEYS, shipped
from surveys import audit
from surveys.models import Study
from surveys.models.study import sha256


class NameTaken(Exception):
    """The study has a judge of this name."""


def load_prompts(text: str, study: Study | None = None, by: User | None = None) -> PromptSet:
    """The version that holds exactly this text, made as the next one if it is new. Raises PromptsError.

    Without a study it is one that is shipped.
    """
    key, digest = parse(text).key, sha256(text)
    known = PromptSet.objects.filter(study=study, key=key, sha256=digest)
    if found := known.first():
        return found
    try:
        with transaction.atomic():
            number = newest_number(study, key) + 1
            return PromptSet.objects.create(
                study=study, key=key, number=number, text=text, sha256=digest, created_by=by
            )
    except IntegrityError:
        return known.get()  # another process stored it at this moment


def newest_number(study: Study | None, key: str) -> int:
    """0 where there is none."""
    numbers = PromptSet.objects.filter(study=study, key=key).order_by("-number")
    return numbers.values_list("number", flat=True).first() or 0


def shipped_prompts() -> list[PromptSet]:
    """The sets as this release has them, stored if they were not yet."""
    return [load_prompts(shipped(key)) for key in KEYS]


def prompts_for(study: Study) -> list[PromptSet]:
    """What its new judges may use: every version of its own sets, and the shipped ones of this release."""
    return [*PromptSet.objects.filter(study=study), *shipped_prompts()]


def add(judge: Judge, by: User | None) -> Judge:
    """Store a new judge. Raises NameTaken."""
    try:
        with transaction.atomic():
            judge.created_by = by
            judge.save()
            audit.record(
                by,
                "judge.added",
                study=judge.study,
                subject=judge.name,
                model=judge.model.name,
                prompts=str(judge.prompt_set),
            )
    except IntegrityError as error:
        raise NameTaken from error
    return judge
