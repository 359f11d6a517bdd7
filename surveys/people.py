"""Who runs a study: inviting, joining, changing roles, leaving. Every step writes an audit event."""

from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from prism.lib.codes import random_key
from surveys import audit
from surveys.models import Invitation, Membership, Study
from surveys.models.people import Role
from surveys.models.study import sha256

INVITATION_DAYS = 7


class PeopleError(Exception):
    """The change was refused; the message says why and what to do."""


def invite(study: Study, email: str, role: str, by: User) -> Invitation:
    """Send an invitation by e-mail; an earlier one to the same address stops working.

    Raises PeopleError when the person is a member already or the mail cannot be sent (then nothing is kept).
    """
    email = email.strip().lower()
    if study.memberships.filter(user__email=email).exists():
        raise PeopleError(
            _("%(email)s is a member already. Change the role in the list instead.") % {"email": email}
        )
    token = random_key()
    with transaction.atomic():
        study.invitations.filter(email=email, accepted_at=None, revoked_at=None).update(
            revoked_at=timezone.now()
        )
        invitation = Invitation.objects.create(
            study=study,
            email=email,
            role=role,
            digest=sha256(token),
            invited_by=by,
            expires_at=timezone.now() + timedelta(days=INVITATION_DAYS),
        )
        audit.record(by, "invitation.sent", study=study, subject=email, role=role)
        _send(invitation, token)
    return invitation


def invitation_path(token: str) -> str:
    """The secret stands in the query, which no log keeps."""
    return f"{reverse('coordinate:invitation')}?link={token}"


def _send(invitation: Invitation, token: str) -> None:
    context = {
        "invitation": invitation,
        "study": invitation.study,
        "link": settings.PUBLIC_URL + invitation_path(token),
        "days": INVITATION_DAYS,
    }
    subject = _("Invitation to the study “%(title)s”") % {"title": " ".join(invitation.study.title.split())}
    text = render_to_string("surveys/mail/invitation.txt", context)
    try:
        send_mail(subject, text, None, [invitation.email])
    except (OSError, SMTPException) as error:
        raise PeopleError(
            _("The mail could not be sent, so no invitation was made. Try again later.")
        ) from error


def find_invitation(token: str) -> Invitation | None:
    return Invitation.objects.select_related("study", "invited_by").filter(digest=sha256(token)).first()


def accept(invitation: Invitation, user: User) -> Membership:
    """Make the invited person a member, once. Raises PeopleError when the link is used up or not theirs."""
    if user.email.lower() != invitation.email.lower():
        raise PeopleError(_("This invitation is for %(email)s.") % {"email": invitation.email})
    with transaction.atomic():
        now = timezone.now()
        is_first = Invitation.objects.filter(
            pk=invitation.pk, accepted_at=None, revoked_at=None, expires_at__gt=now
        ).update(accepted_at=now)
        if not is_first:
            raise PeopleError(_("This invitation was used, withdrawn or has expired."))
        membership, _made = Membership.objects.get_or_create(
            study=invitation.study, user=user, defaults={"role": invitation.role}
        )
        audit.record(
            user, "invitation.accepted", study=invitation.study, subject=user.email, role=membership.role
        )
    return membership


def revoke(invitation: Invitation, by: User) -> None:
    """Withdraw an invitation that nobody accepted yet; a used one stays as it is."""
    with transaction.atomic():
        open_one = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
        if open_one.update(revoked_at=timezone.now()):
            audit.record(by, "invitation.revoked", study=invitation.study, subject=invitation.email)


def change(
    membership: Membership,
    by: User,
    *,
    role: str,
    may_reidentify: bool,
    may_export_full: bool,
    may_adjudicate: bool,
) -> None:
    """Set role and the extra rights. Raises PeopleError when the study would lose its last owner."""
    with transaction.atomic():
        current = _locked(membership)
        if current.role == Role.OWNER and role != Role.OWNER:
            _refuse_without_owner(current)
        wanted = {
            "role": role,
            "may_reidentify": may_reidentify,
            "may_export_full": may_export_full,
            "may_adjudicate": may_adjudicate,
        }
        changes = {key: value for key, value in wanted.items() if getattr(current, key) != value}
        if changes:
            Membership.objects.filter(pk=current.pk).update(**changes)
            audit.record(by, "member.changed", study=current.study, subject=current.user.email, **changes)


def remove(membership: Membership, by: User) -> None:
    """End a membership. Raises PeopleError when the study would lose its last owner."""
    with transaction.atomic():
        current = _locked(membership)
        if current.role == Role.OWNER:
            _refuse_without_owner(current)
        audit.record(by, "member.removed", study=current.study, subject=current.user.email, role=current.role)
        current.delete()


def add_owner(study: Study, email: str) -> Membership:
    """Make the person with this address, new or known, an owner; for the operator's command line."""
    email = email.strip().lower()
    with transaction.atomic():
        user = User.objects.filter(email=email).first() or User.objects.create_user(email)
        membership, _made = Membership.objects.update_or_create(
            study=study, user=user, defaults={"role": Role.OWNER}
        )
        audit.record(None, "member.added", study=study, subject=email, role=Role.OWNER)
    return membership


def _locked(membership: Membership) -> Membership:
    """The row as it is now. Locking the study's row first lets two owners not remove each other at once."""
    Study.objects.select_for_update().get(pk=membership.study_id)
    return Membership.objects.select_related("study", "user").get(pk=membership.pk)


def _refuse_without_owner(leaving: Membership) -> None:
    owners = Membership.objects.filter(study=leaving.study, role=Role.OWNER)
    if not owners.exclude(pk=leaving.pk).exists():
        raise PeopleError(_("A study needs an owner. Make somebody else an owner first."))
