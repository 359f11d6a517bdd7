"""Judges of a study, and the versions of the prompts they use."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from accounts.models import User
from annotations.judging.prompts import parse
from annotations.models import Judge, PromptSet
from annotations.prompts import KEYS, shipped
from surveys import audit
from surveys.models.study import sha256


class NameTaken(Exception):
    """The study has a judge of this name."""


def load_prompts(text: str) -> PromptSet:
    """The version that holds exactly this text, made as the next one if it is new. Raises PromptsError."""
    key, digest = parse(text).key, sha256(text)
    known = PromptSet.objects.filter(key=key, sha256=digest)
    return known.first() or _stored(key, text, digest) or known.get()


def _stored(key: str, text: str, digest: str) -> PromptSet | None:
    """None where another process stored it at this moment."""
    latest = PromptSet.objects.filter(key=key).order_by("-number").first()
    try:
        with transaction.atomic():
            number = latest.number + 1 if latest else 1
            return PromptSet.objects.create(key=key, number=number, text=text, sha256=digest)
    except IntegrityError:
        return None


def shipped_prompts() -> list[PromptSet]:
    """The sets as this release has them, stored if they were not yet."""
    return [load_prompts(shipped(key)) for key in KEYS]


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
