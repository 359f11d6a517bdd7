"""Writing a study's rubric: drafts, and versions that batches choose from."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotations.models import Rubric, RubricDraft, RubricVersion
from annotations.rubric_documents import RubricDocument, RubricError, parse
from annotations.rubric_versions import load_version
from surveys import audit
from surveys.editing import MAXIMUM_TEXT, EditingError, StaleEdit
from surveys.models import Study
from surveys.questionnaires import Problem


@dataclass(frozen=True)
class Writing:
    """What stands in a person's editor: the text, and the version it began from."""

    text: str
    base: RubricVersion | None
    is_draft: bool


@dataclass(frozen=True)
class Check:
    """Whether a text is a rubric: either the document or the problems."""

    document: RubricDocument | None
    problems: tuple[Problem, ...]


def check(text: str) -> Check:
    try:
        return Check(parse(text), ())
    except RubricError as error:
        return Check(None, error.problems)


def newest(rubric: Rubric) -> RubricVersion | None:
    return rubric.newest()


def version_of(rubric: Rubric, key: int | None) -> RubricVersion | None:
    """The version with this primary key; one of another rubric is none."""
    return rubric.versions.filter(pk=key).first() if key is not None else None


def writing(rubric: Rubric, user: User) -> Writing:
    """The person's draft of this rubric, else its newest version."""
    draft = RubricDraft.objects.select_related("base").filter(rubric=rubric, user=user).first()
    if draft:
        return Writing(draft.text, draft.base, True)
    latest = newest(rubric)
    return Writing(latest.text if latest else "", latest, False)


def keep(rubric: Rubric, user: User, text: str, base: RubricVersion | None) -> None:
    """Keep what is typed. Raises EditingError for a text that no rubric needs."""
    if len(text) > MAXIMUM_TEXT:
        raise EditingError(_("The text is too long to be kept: at most 500,000 characters fit here."))
    RubricDraft.objects.update_or_create(
        rubric=rubric, user=user, defaults={"text": text, "base": base, "updated_at": timezone.now()}
    )


def discard(rubric: Rubric, user: User) -> None:
    RubricDraft.objects.filter(rubric=rubric, user=user).delete()


def store(
    rubric: Rubric, user: User, text: str, base: RubricVersion | None, *, keeps_draft: bool = False
) -> RubricVersion:
    """Store the text as the newest version and drop the person's draft; batches keep the one they have.

    A program that stores a text leaves alone what its person writes in the editor.

    Raises RubricError for a text that is none, StaleEdit when `base` is no longer the newest version.
    """
    with transaction.atomic():
        Rubric.objects.select_for_update(no_key=True).get(pk=rubric.pk)
        latest = newest(rubric)
        if latest is not None and latest != base:
            raise StaleEdit(latest)
        version = load_version(rubric, text, user)
        if not keeps_draft:
            discard(rubric, user)
        if version != latest:
            audit.record(user, "rubric.stored", study=rubric.study, subject=version, sha256=version.sha256)
    return version


def begin(study: Study, user: User, slug: str, text: str) -> Rubric:
    """A rubric of the study's own that begins with this text.

    Raises RubricError for a text that is none, EditingError where the study has a rubric of this name.
    """
    title = parse(text).title
    try:
        with transaction.atomic():
            rubric = Rubric.objects.create(study=study, slug=slug, title=title)
            first = load_version(rubric, text, user)
            audit.record(user, "rubric.stored", study=study, subject=first, sha256=first.sha256)
    except IntegrityError as error:
        raise EditingError(_("The study has a rubric of this name already. Choose another.")) from error
    return rubric
