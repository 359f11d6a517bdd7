"""Who may do what. Every page, API call and command that serves a person asks `may`."""

from enum import StrEnum

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from surveys.models import Enrolment, Membership, Study
from surveys.models.people import Role


class Right(StrEnum):
    VIEW = "view"  # the live picture and participants' codes
    RUN = "run"  # edit, open and close the study, preview
    PEOPLE = "people"  # invite, change roles, remove
    EXPORT = "export"  # de-identified files: no free text
    EXPORT_FULL = "export_full"  # everything the participants wrote
    REIDENTIFY = "reidentify"
    AUDIT = "audit"
    ANNOTATE = "annotate"
    ADJUDICATE = "adjudicate"  # the last word where annotators disagree
    REGISTRY = "registry"  # providers and models, shared by all studies
    CREATE = "create"  # make further studies; asked without a study


RIGHTS: dict[str, frozenset[Right]] = {
    Role.OWNER: frozenset(
        {
            *(Right.VIEW, Right.RUN, Right.PEOPLE, Right.EXPORT, Right.AUDIT, Right.ANNOTATE),
            *(Right.ADJUDICATE, Right.REGISTRY, Right.CREATE),
        }
    ),
    Role.COORDINATOR: frozenset(
        {
            *(Right.VIEW, Right.RUN, Right.EXPORT, Right.AUDIT, Right.ANNOTATE),
            *(Right.ADJUDICATE, Right.REGISTRY, Right.CREATE),
        }
    ),
    Role.ANALYST: frozenset({Right.VIEW, Right.EXPORT}),
    Role.ANNOTATOR: frozenset({Right.ANNOTATE}),
}


# Who has one of these may see figures that are about single people; from others small cells are withheld.
SINGLE_PEOPLE = frozenset({Right.RUN, Right.EXPORT_FULL})


def rights(membership: Membership) -> frozenset[Right]:
    """What a membership allows: its role, and the rights that are granted one by one."""
    extra = {Right.REIDENTIFY} if membership.may_reidentify else set()
    if membership.may_export_full:
        extra.add(Right.EXPORT_FULL)
    if membership.may_adjudicate:
        extra.add(Right.ADJUDICATE)
    return RIGHTS[membership.role] | extra


def held(user: User | AnonymousUser, study: Study | None) -> frozenset[Right]:
    """Every right the person has in the study; without a study: in any of theirs.

    A superuser has all but re-identify and export in full: those are granted to a member by name.
    """
    here, anywhere = held_here_and_anywhere(user, study)
    return anywhere if study is None else here


def held_here_and_anywhere(
    user: User | AnonymousUser, study: Study | None
) -> tuple[frozenset[Right], frozenset[Right]]:
    """The rights in the study and those in any of the person's studies, in one query."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset(), frozenset()
    memberships = list(Membership.objects.filter(user=user))
    everything = frozenset(Right) - {Right.REIDENTIFY, Right.EXPORT_FULL}
    start = everything if user.is_superuser else frozenset[Right]()
    here = [rights(member) for member in memberships if study and member.study_id == study.pk]
    return start.union(*here), start.union(*map(rights, memberships))


def may(user: User | AnonymousUser, right: Right, study: Study | None) -> bool:
    """The one decision. Without a study: whether any of the person's memberships gives the right."""
    return right in held(user, study)


def studies_with(user: User, right: Right) -> QuerySet[Study]:
    """The studies in which the person's role, or being a superuser, gives `right`."""
    if user.is_superuser:
        return Study.objects.all()
    roles = [role for role, rights in RIGHTS.items() if right in rights]
    mine = Membership.objects.filter(user=user, role__in=roles, user__is_active=True)
    return Study.objects.filter(pk__in=mine.values("study"))


def study_for(request: HttpRequest, slug: str, right: Right) -> Study:
    """The study, for a person with `right` in it.

    Strangers get 404, so that a study's existence is no news to them; members without the right get 403.
    """
    study = Study.objects.filter(slug=slug).first()
    if study is None:
        raise Http404
    if may(request.user, right, study):
        return study
    if isinstance(request.user, User) and study.memberships.filter(user=request.user).exists():
        raise PermissionDenied
    raise Http404


def enrolment_for(study: Study, code: str) -> Enrolment:
    """The enrolment with this code (`user123…`) in the study; another study's code is not found (404)."""
    return get_object_or_404(study.enrolments.select_related("participant").coded(code))


def person(request: HttpRequest) -> User:
    """Who is signed in; for views behind login_required."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def require(request: HttpRequest, right: Right) -> None:
    """Raise PermissionDenied unless the person has `right` in at least one study."""
    if not may(request.user, right, None):
        raise PermissionDenied
