"""Storing rubrics: those that are shipped, and the versions of a study's own."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from accounts.models import User
from annotations.models import Rubric, RubricVersion
from annotations.rubric_documents import parse, values_of
from annotations.rubrics import KEYS, shipped
from surveys.models import Study
from surveys.models.study import sha256


def load_version(rubric: Rubric, text: str, by: User | None = None) -> RubricVersion:
    """The version that holds exactly this text, made as the next one if it is new.

    The rubric takes the title of its text. Raises RubricError for a text that is none.
    """
    document, digest = parse(text), sha256(text)
    known = rubric.versions.filter(sha256=digest)
    version = known.first() or _stored(rubric, text, digest, by) or known.get()
    if rubric.title != document.title:
        rubric.title = document.title
        rubric.save(update_fields=["title"])
    return version


def _stored(rubric: Rubric, text: str, digest: str, by: User | None) -> RubricVersion | None:
    """None where another process stored it at this moment."""
    latest = rubric.newest()
    try:
        with transaction.atomic():
            return RubricVersion.objects.create(
                rubric=rubric,
                number=latest.number + 1 if latest else 1,
                text=text,
                document=values_of(text),
                sha256=digest,
                created_by=by,
            )
    except IntegrityError:
        return None


def shipped_version(key: str) -> RubricVersion:
    """The version of a shipped rubric as this release has it. Raises FileNotFoundError for an unknown key."""
    text = shipped(key)
    rubric, _made = Rubric.objects.get_or_create(study=None, slug=key, defaults={"title": parse(text).title})
    return load_version(rubric, text)


def newest_versions(study: Study) -> list[RubricVersion]:
    """The newest version of each rubric that the study may use, its own first."""
    shipped = sync()
    own = RubricVersion.objects.filter(rubric__study=study).select_related("rubric")
    newest = own.order_by("rubric_id", "-number").distinct("rubric_id")
    return [*sorted(newest, key=lambda version: version.rubric.title), *shipped]


def sync() -> list[RubricVersion]:
    """Store every shipped rubric that is not stored yet; the versions as this release has them."""
    return [shipped_version(key) for key in KEYS]
