"""Writing a study's protocol: drafts, and versions that hold for whoever begins after them."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from conversations import protocols
from conversations.models import Protocol, ProtocolDraft
from conversations.studies import load_protocol
from surveys import audit
from surveys.editing import EditingError, StaleEdit
from surveys.models import Study
from surveys.questionnaires import Problem

MAXIMUM_TEXT = 500_000
BLANK = "prism"  # the shipped protocol that a study without one begins from


@dataclass(frozen=True)
class Writing:
    """What stands in a person's editor: the text, and the version it began from."""

    text: str
    base: Protocol | None
    is_draft: bool


@dataclass(frozen=True)
class Check:
    """Whether a text is a protocol: either the rules or the problems."""

    rules: protocols.Protocol | None
    problems: tuple[Problem, ...]


def check(text: str) -> Check:
    try:
        return Check(protocols.parse(text), ())
    except protocols.ProtocolError as error:
        return Check(None, error.problems)


def newest(study: Study) -> Protocol | None:
    return study.protocols.order_by("-version").first()


def version_of(study: Study, key: int | None) -> Protocol | None:
    """The version with this primary key; one of another study is none."""
    return study.protocols.filter(pk=key).first() if key is not None else None


def writing(study: Study, user: User) -> Writing:
    """The person's draft in this study, else the newest version, else a shipped protocol to begin with."""
    draft = ProtocolDraft.objects.select_related("base").filter(study=study, user=user).first()
    if draft:
        return Writing(draft.text, draft.base, True)
    latest = newest(study)
    return Writing(latest.document if latest else protocols.preset(BLANK), latest, False)


def keep(study: Study, user: User, text: str, base: Protocol | None) -> None:
    """Keep what is typed. Raises EditingError for a text that no protocol needs."""
    if len(text) > MAXIMUM_TEXT:
        raise EditingError(_("The text is too long to be kept: at most 500,000 characters fit here."))
    ProtocolDraft.objects.update_or_create(
        study=study, user=user, defaults={"text": text, "base": base, "updated_at": timezone.now()}
    )


def discard(study: Study, user: User) -> None:
    ProtocolDraft.objects.filter(study=study, user=user).delete()


def store(
    study: Study, user: User, text: str, base: Protocol | None, *, keeps_draft: bool = False
) -> Protocol:
    """Store the text as the newest version, which holds for whoever begins from now on.

    The person's draft, of which it is made in the editor, is dropped unless `keeps_draft`.
    Raises ProtocolError for a text that is none, StaleEdit when `base` is no longer the newest version.
    """
    with transaction.atomic():
        Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        latest = newest(study)
        if latest is not None and latest != base:
            raise StaleEdit(latest)
        version = load_protocol(study, text)
        if not keeps_draft:
            discard(study, user)
        if version != latest:
            audit.record(user, "protocol.stored", study=study, subject=version, sha256=version.sha256)
    return version
