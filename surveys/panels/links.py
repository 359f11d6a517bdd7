"""Links for one person each: used once, or by a label that always leads back to the same person.

The address carries the label, signed; stored is only its keyed hash. Whoever has the table can neither make a
link nor say whose it was, and nobody can guess a label that has no link.
"""

from collections.abc import Iterable
from itertools import count

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from prism.lib.codes import random_key
from prism.lib.crypto import keyed_hash
from surveys import audit
from surveys.models import EntryLink, Study
from surveys.panels.arriving import Arrival
from surveys.panels.errors import EntryError

SALT = "surveys.entry-link"
MOST = 5000
LABEL_LENGTH = 100


class LinksError(Exception):
    """The links were not made; the message says why and what to do."""


def make(study: Study, number: int, by: User) -> list[tuple[EntryLink, str]]:
    """New single-use links with their addresses, which are shown this once."""
    return _store(study, [random_key() for _ in range(number)], by, is_labelled=False)


def make_labelled(study: Study, labels: Iterable[str], by: User) -> list[tuple[EntryLink, str]]:
    """A link for each label; a label that has one keeps it. Raises LinksError for a list that cannot be."""
    wanted = list(dict.fromkeys(label.strip() for label in labels if label.strip()))
    if any(len(label) > LABEL_LENGTH or "\x00" in label for label in wanted):
        raise LinksError(_("A label has more than %s characters. Nothing was made.") % LABEL_LENGTH)
    return _store(study, wanted, by, is_labelled=True)


def _store(study: Study, labels: list[str], by: User, *, is_labelled: bool) -> list[tuple[EntryLink, str]]:
    if not 1 <= len(labels) <= MOST:
        raise LinksError(_("Ask for 1 to %s links at a time. Nothing was made.") % MOST)
    with transaction.atomic():
        rows = add(study, labels, is_labelled=is_labelled)
        audit.record(by, "links.made", study=study, number=len(rows), labelled=is_labelled)
    return [(row, address(study, label)) for row, label in zip(rows, labels, strict=True)]


def add(study: Study, labels: list[str], *, is_labelled: bool) -> list[EntryLink]:
    """The rows of these labels in their order; those that are new get the study's next numbers."""
    Study.objects.select_for_update().get(pk=study.pk)  # one list at a time numbers its links
    digests = [_digest(study, label) for label in labels]
    known = set(study.entry_links.filter(digest__in=digests).values_list("digest", flat=True))
    numbers = count((study.entry_links.aggregate(last=Max("number"))["last"] or 0) + 1)
    EntryLink.objects.bulk_create(
        EntryLink(study=study, number=next(numbers), digest=digest, is_labelled=is_labelled)
        for digest in digests
        if digest not in known
    )
    stored = {link.digest: link for link in study.entry_links.filter(digest__in=digests)}
    return [stored[digest] for digest in digests]


def address(study: Study, label: str) -> str:
    """The whole link. The label stands in the query, which no log keeps."""
    token = signing.Signer(salt=SALT).sign_object([study.pk, label], compress=True)
    return f"{settings.PUBLIC_URL}{study.get_absolute_url()}?link={token}"


def read(study: Study, token: str) -> tuple[EntryLink, str]:
    """The link behind a token of this study, and its label; raises EntryError when it opens nothing."""
    try:
        pk, label = signing.Signer(salt=SALT).unsign_object(token[:1000])
        link = study.entry_links.filter(digest=_digest(study, str(label))).first() if pk == study.pk else None
    except (signing.BadSignature, ValueError, TypeError):
        link = None
    if link is None:
        raise EntryError(_("The link is damaged or was never one of this study."))
    if link.revoked_at:
        raise EntryError(_("This link was withdrawn."))
    return link, str(label)


def arrival_by(study: Study, token: str, door_key: str = "") -> Arrival:
    """Who comes by the link; raises EntryError when it opens nothing.

    `door_key` names the page whose button was pressed: the second press of a double click is let in again.
    """
    link, label = read(study, token)
    return Arrival(
        panel=f"links {study.pk}", participant=label, session=str(link.number), link=link, door_key=door_key
    )


def revoke(link: EntryLink, by: User) -> bool:
    """Withdraw a link that nobody used; a used one stays, and so does its enrolment."""
    with transaction.atomic():
        unused = EntryLink.objects.filter(pk=link.pk, used_at=None, revoked_at=None)
        if not unused.update(revoked_at=timezone.now()):
            return False
        audit.record(by, "link.revoked", study=link.study, subject=link.number)
    return True


def _digest(study: Study, label: str) -> str:
    return keyed_hash("entry link", str(study.pk), label)
