"""Members, invitations, and who may do what over HTTP."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import get_connection
from django.utils import timezone

from accounts.models import User
from surveys.models import AuditEvent, Invitation, Membership
from surveys.models.people import Role
from tests.factories import make_member, make_study, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study(slug="values", title="Values and answers")


@pytest.fixture
def owner(study, client):
    user = make_member(study, email="owner@example.org")
    client.force_login(user)
    return user


def people(study, rest: str = "") -> str:
    return f"/coordinate/studies/{study.slug}/people/{rest}"


def invite(client, study, email="new@example.org", role=Role.COORDINATOR) -> str:
    """Invite over HTTP; returns the path of the link in the mail."""
    client.post(people(study, "invite/"), {"email": email, "role": role})
    return re.search(r"(/coordinate/invitation/\S+)", mail.outbox[-1].body)[1]


def actions(study) -> list[str]:
    return list(study.audit_events.order_by("pk").values_list("action", flat=True))


def test_only_owners_come_to_the_people(client, study):
    row = study.memberships.get(user=make_member(study))
    posts = ["invite/", f"{row.pk}/", f"{row.pk}/remove/"]
    for role, status in ((Role.COORDINATOR, 403), (Role.ANALYST, 403), (Role.ANNOTATOR, 403), (None, 404)):
        client.force_login(make_member(study, role) if role else make_member(make_study()))
        assert client.get(people(study)).status_code == status, role
        for path in posts:
            answer = client.post(people(study, path), {"email": "x@example.org", "role": "owner"})
            assert answer.status_code == status, role
        assert not Invitation.objects.exists()
        assert study.memberships.filter(pk=row.pk, role=Role.OWNER).exists()


def test_who_is_not_signed_in_is_sent_to_the_sign_in(client, study):
    assert client.get(people(study))["Location"].startswith("/accounts/login/?next=")


def test_the_list_names_members_with_their_rights(client, study, owner):
    make_member(study, Role.ANALYST, email="ana@example.org", may_reidentify=True)
    page = client.get(people(study)).content.decode()
    assert "ana@example.org" in page
    assert "re-identify" in page


def test_an_invitation_stores_only_the_digest_of_its_secret(client, study, owner):
    link = invite(client, study)
    token = link.split("link=")[1]
    stored = Invitation.objects.get()
    assert token not in str(vars(stored))
    assert token not in str(list(AuditEvent.objects.values()))
    assert stored.email == "new@example.org"
    assert timedelta(days=6) < stored.expires_at - timezone.now() < timedelta(days=8)
    assert actions(study) == ["invitation.sent"]


def test_a_new_person_proves_the_address_and_becomes_a_member(client, study, owner):
    link = invite(client, study)
    client.logout()
    assert "Values and answers" in client.get(link).content.decode()
    assert not User.objects.filter(email="new@example.org").exists()
    asked = client.post(link)
    assert asked["Location"].startswith("/accounts/login/code/?next=")
    client.post(asked["Location"], {"email": "new@example.org"})
    code = re.search(r"^[A-Z0-9-]{6,12}$", mail.outbox[-1].body, re.MULTILINE)[0]
    signed_in = client.post("/accounts/login/code/confirm/", {"code": code, "next": link})
    assert signed_in["Location"] == link
    assert not study.memberships.filter(user__email="new@example.org").exists()
    client.post(link)
    assert study.memberships.get(user__email="new@example.org").role == Role.COORDINATOR
    assert client.get(f"/coordinate/studies/{study.slug}/").status_code == 200
    assert actions(study) == ["invitation.sent", "invitation.accepted"]


def test_looking_at_an_invitation_does_not_use_it_up(client, study, owner):
    link = invite(client, study)
    for _ in range(3):
        assert client.get(link).status_code == 200
    assert Invitation.objects.get().is_open


def test_an_invitation_works_once(client, study, owner):
    link = invite(client, study)
    client.force_login(make_user("new@example.org"))
    client.post(link)
    study.memberships.get(user__email="new@example.org").delete()
    assert client.post(link).status_code == 410
    assert "accepted already" in client.get(link).content.decode()
    assert not study.memberships.filter(user__email="new@example.org").exists()


def test_somebody_else_cannot_use_an_invitation(client, study, owner):
    link = invite(client, study)
    other = make_user("other@example.org")
    client.force_login(other)
    page = client.get(link).content.decode()
    assert "other@example.org" in page
    client.post(link)
    assert not study.memberships.filter(user=other).exists()
    assert Invitation.objects.get().is_open


def test_an_expired_invitation_says_so(client, study, owner):
    link = invite(client, study)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    user = make_user("new@example.org")
    client.force_login(user)
    assert client.post(link).status_code == 410
    assert "It has expired" in client.get(link).content.decode()
    assert not study.memberships.filter(user=user).exists()


def test_a_withdrawn_invitation_no_longer_works(client, study, owner):
    link = invite(client, study)
    client.post(people(study, f"invitations/{Invitation.objects.get().pk}/revoke/"))
    assert client.get(link).status_code == 410
    assert actions(study) == ["invitation.sent", "invitation.revoked"]


def test_an_invitation_of_another_study_cannot_be_withdrawn(client, study, owner):
    other = make_study()
    make_member(other, email="elsewhere@example.org")
    client.force_login(User.objects.get(email="elsewhere@example.org"))
    invite(client, other)
    client.force_login(owner)
    pk = other.invitations.get().pk
    assert client.post(people(study, f"invitations/{pk}/revoke/")).status_code == 404
    assert other.invitations.get().is_open


def test_inviting_again_replaces_the_earlier_link(client, study, owner):
    first = invite(client, study)
    second = invite(client, study, email="New@Example.org")
    assert client.get(first).status_code == 410
    assert client.get(second).status_code == 200


def test_a_made_up_link_is_not_found(client):
    assert client.get("/coordinate/invitation/?link=guess").status_code == 404


def test_a_member_is_not_invited_twice(client, study, owner):
    make_member(study, Role.ANALYST, email="ana@example.org")
    answer = client.post(people(study, "invite/"), {"email": "ANA@example.org", "role": "owner"}, follow=True)
    assert "member already" in answer.content.decode()
    assert not mail.outbox


def test_a_wrong_address_is_refused_and_kept_in_the_form(client, study, owner):
    answer = client.post(people(study, "invite/"), {"email": "no address", "role": "owner"})
    assert answer.status_code == 422
    assert 'value="no address"' in answer.content.decode()


def test_mail_that_cannot_be_sent_leaves_no_invitation(client, study, owner, monkeypatch):
    def refuse(self, messages):
        raise ConnectionRefusedError

    monkeypatch.setattr(type(get_connection()), "send_messages", refuse)
    answer = client.post(people(study, "invite/"), {"email": "new@example.org", "role": "owner"}, follow=True)
    assert "no invitation was made" in answer.content.decode()
    assert not Invitation.objects.exists()
    assert not actions(study)


def test_a_role_and_the_extra_rights_change_and_are_audited(client, study, owner):
    ana = make_member(study, Role.ANALYST, email="ana@example.org")
    row = study.memberships.get(user=ana)
    client.post(people(study, f"{row.pk}/"), {"role": "coordinator", "may_export_full": "on"})
    row.refresh_from_db()
    assert (row.role, row.may_export_full, row.may_reidentify) == (Role.COORDINATOR, True, False)
    event = study.audit_events.get(action="member.changed")
    assert event.detail == {"role": "coordinator", "may_export_full": True}
    assert event.subject == "ana@example.org"


def test_the_last_owner_can_be_neither_demoted_nor_removed(client, study, owner):
    row = study.memberships.get(user=owner)
    demoted = client.post(people(study, f"{row.pk}/"), {"role": "analyst"}, follow=True)
    removed = client.post(people(study, f"{row.pk}/remove/"), follow=True)
    assert "needs an owner" in demoted.content.decode()
    assert "needs an owner" in removed.content.decode()
    assert study.memberships.get(user=owner).role == Role.OWNER
    assert not actions(study)


def test_one_of_two_owners_may_go(client, study, owner):
    make_member(study, email="second@example.org")
    row = study.memberships.get(user=owner)
    left = client.post(people(study, f"{row.pk}/remove/"))
    assert left["Location"] == "/coordinate/"
    assert client.get(people(study)).status_code == 404
    assert actions(study) == ["member.removed"]


def test_a_member_of_another_study_cannot_be_touched(client, study, owner):
    other = make_study()
    row = other.memberships.get(user=make_member(other))
    assert client.post(people(study, f"{row.pk}/remove/")).status_code == 404
    assert Membership.objects.filter(pk=row.pk).exists()


def test_every_form_of_the_people_needs_its_token(study):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_member(study))
    assert (
        strict.post(people(study, "invite/"), {"email": "x@example.org", "role": "owner"}).status_code == 403
    )
