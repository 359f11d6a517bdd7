"""Whose annotations are excluded for quality: members' by who runs the study, participants' by decision.

Nothing is deleted by it. Agreement leaves their annotations out unless it is asked for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotations.models import Annotation, AnnotatorProfile
from surveys import audit
from surveys.models import Membership, Study
from surveys.quality.deciding import LEAST_REASON, excluded


class NotExcluded(Exception):
    """Nothing was stored; the message says why."""


@dataclass(frozen=True)
class LeftOut:
    """Who of a batch is excluded, {name as in `agreement_rows`: their annotations}."""

    annotations_of: Mapping[str, int]

    @property
    def names(self) -> list[str]:
        return sorted(self.annotations_of)

    @property
    def annotators(self) -> int:
        return len(self.annotations_of)

    @property
    def annotations(self) -> int:
        return sum(self.annotations_of.values())


def by_excluded(study: Study) -> Q:
    """Which annotations of a study's batches are of somebody who is excluded."""
    return Q(assignment__annotator__in=_members(study)) | Q(assignment__enrolment__in=excluded(study))


def excluded_names(study: Study) -> set[str]:
    """All who are excluded in a study, named as in `agreement_rows`."""
    return {f"u{pk}" for pk in _members(study)} | {f"e{pk}" for pk in excluded(study)}


def _members(study: Study) -> list[int]:
    profiles = AnnotatorProfile.objects.filter(study=study).exclude(excluded_at=None)
    return list(profiles.values_list("user", flat=True))


def left_out(annotations: QuerySet[Annotation], study: Study) -> LeftOut:
    """Who of those that gave these annotations is excluded."""
    theirs = annotations.filter(by_excluded(study)).order_by()
    columns = ("assignment__annotator", "assignment__enrolment")
    found = theirs.values_list(*columns).annotate(Count("pk"))
    return LeftOut({f"u{user}" if user else f"e{person}": number for user, person, number in found})


def exclude(member: Membership, by: User, reason: str) -> None:
    """Leave a member's annotations out of the study's agreement from now on. Raises NotExcluded."""
    reason = reason.strip()
    if len(reason) < LEAST_REASON:
        raise NotExcluded(_("Please give a reason; whoever looks later will want to know."))
    _store(member, by, "annotator.excluded", excluded_at=timezone.now(), excluded_for=reason[:1000])


def count_again(member: Membership, by: User) -> None:
    _store(member, by, "annotator.counted_again", excluded_at=None, excluded_for="")


def _store(member: Membership, by: User, action: str, **given: object) -> None:
    """Store it once: what stands already is neither stored nor audited anew."""
    is_excluded = given["excluded_at"] is not None
    with transaction.atomic():
        profile, _made = AnnotatorProfile.objects.get_or_create(study=member.study, user=member.user)
        other = AnnotatorProfile.objects.filter(pk=profile.pk, excluded_at__isnull=is_excluded)
        if other.update(**given):
            audit.record(by, action, study=member.study, subject=f"member {member.pk}")
