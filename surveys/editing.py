"""Writing a study's questionnaire: drafts, versions, and which of them the study uses."""

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from surveys import audit
from surveys.models import EditorDraft, Questionnaire, StoredVersion, Study
from surveys.questionnaires import FORMAT, Problem, QuestionnaireError, parse
from surveys.questionnaires import Questionnaire as Document

MAXIMUM_TEXT = 500_000
BLANK = f"""\
format: {FORMAT}
key: survey
title: A new survey
language: en

pages:
  - key: first
    title: The first page
    minutes: 1
    questions:
      - key: opinion
        type: single
        text: What do you think?
        options: [Good, Bad, Unsure]
"""


class EditingError(Exception):
    """The change was refused; the message says why and what to do."""


class StaleEdit(EditingError):
    """Somebody else stored a version in between; `newest` is theirs."""

    def __init__(self, newest: Any) -> None:
        self.newest = newest
        super().__init__(
            _("Somebody else stored a version since you began. Look at what they changed, then store again.")
        )


@dataclass(frozen=True)
class Writing:
    """What stands in a person's editor: the text, and the version it began from."""

    text: str
    base: Questionnaire | None
    is_draft: bool


@dataclass(frozen=True)
class Check:
    """Whether a text is a questionnaire: either the document or the problems."""

    document: Document | None
    problems: tuple[Problem, ...]


def check(text: str) -> Check:
    try:
        return Check(parse(text), ())
    except QuestionnaireError as error:
        return Check(None, error.problems)


def version_of(study: Study, key: int | None) -> Questionnaire | None:
    """The version with this primary key; one of another study is none."""
    return history(study).filter(pk=key).first() if key is not None else None


def history(study: Study) -> QuerySet[Questionnaire]:
    """The versions that belong to the study: stored in it, used by it, or answered in it; in no order yet.

    A key may be shared with other studies; their versions are none of this study's business.
    """
    answered = Questionnaire.objects.filter(pagesubmission__enrolment__study=study).values("pk")
    return Questionnaire.objects.filter(
        Q(stored_in__study=study) | Q(pk=study.questionnaire_id) | Q(pk__in=answered)
    ).distinct()


def newest(study: Study) -> Questionnaire | None:
    return history(study).order_by("-pk").first()


def began(study: Study) -> dict[int, int]:
    """How many people, without test data, began each version: {questionnaire id: people}."""
    begun = study.enrolments.counted().exclude(page_submissions=None)
    counted = begun.values("page_submissions__questionnaire").annotate(people=Count("pk", distinct=True))
    return {row["page_submissions__questionnaire"]: row["people"] for row in counted}


def writing(study: Study, user: User) -> Writing:
    """The person's draft in this study, else the newest version, else a first page to begin with."""
    draft = EditorDraft.objects.select_related("base").filter(study=study, user=user).first()
    if draft:
        return Writing(draft.text, draft.base, True)
    latest = newest(study)
    return Writing(latest.document if latest else BLANK, latest, False)


def keep(study: Study, user: User, text: str, base: Questionnaire | None) -> None:
    """Keep what is typed. Raises EditingError for a text that no questionnaire needs."""
    if len(text) > MAXIMUM_TEXT:
        raise EditingError(_("The text is too long to be kept: at most 500,000 characters fit here."))
    EditorDraft.objects.update_or_create(
        study=study,
        user=user,
        defaults={"text": text, "base": base, "updated_at": timezone.now()},
    )


def discard(study: Study, user: User) -> None:
    EditorDraft.objects.filter(study=study, user=user).delete()


def store(study: Study, user: User, text: str, base: Questionnaire | None) -> Questionnaire:
    """Store the text as a version and drop the person's draft; the study goes on with the one it uses.

    Raises QuestionnaireError for a text that is none, StaleEdit when `base` is no longer the newest version.
    """
    with transaction.atomic():
        Study.objects.select_for_update().get(pk=study.pk)
        latest = newest(study)
        if latest is not None and latest != base:
            raise StaleEdit(latest)
        version = _loaded(text)
        _made, is_new = StoredVersion.objects.get_or_create(
            study=study, questionnaire=version, defaults={"by": user}
        )
        discard(study, user)
        if is_new:
            audit.record(user, "questionnaire.stored", study=study, subject=version, sha256=version.sha256)
    return version


def _loaded(text: str) -> Questionnaire:
    """The version with this text. Another study may take the same number of a shared key at this moment."""
    for _attempt in range(5):
        try:
            with transaction.atomic():
                return Questionnaire.load(text)
        except IntegrityError:
            continue
    raise EditingError(_("The version could not be stored just now. Nothing is lost; please try again."))


def use(study: Study, user: User, version: Questionnaire, instead_of: int | None) -> None:
    """Let the study use a version of its history; people who have begun keep theirs.

    Raises EditingError when the study uses another version than `instead_of` (an id) by now.
    """
    with transaction.atomic():
        same = Study.objects.filter(pk=study.pk, questionnaire=instead_of)
        if not same.update(questionnaire=version):
            raise EditingError(_("Somebody else changed which version is used. Look at the list again."))
        if instead_of is not None:
            StoredVersion.objects.get_or_create(study=study, questionnaire_id=instead_of)
        audit.record(
            user, "questionnaire.used", study=study, subject=version, sha256=version.sha256, before=instead_of
        )
