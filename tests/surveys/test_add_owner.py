"""The first owner of a study comes from the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from surveys.models.people import Role
from tests.factories import make_member, make_study

pytestmark = pytest.mark.django_db


def add(email: str, study: str) -> str:
    out = StringIO()
    call_command("add_owner", email, study, stdout=out)
    return out.getvalue()


def test_a_new_person_becomes_an_owner_and_is_told_what_next():
    study = make_study(slug="values", title="Values and answers")
    printed = add("Ada@Example.org", "values")
    assert study.memberships.get(user__email="ada@example.org").role == Role.OWNER
    assert "/accounts/login/" in printed
    assert "Values and answers" in printed
    assert study.audit_events.get(action="member.added").actor is None


def test_a_member_is_raised_to_owner():
    study = make_study(slug="values")
    user = make_member(study, Role.ANALYST, email="ana@example.org")
    add("ana@example.org", "values")
    assert study.memberships.get(user=user).role == Role.OWNER
    assert User.objects.filter(email="ana@example.org").count() == 1


def test_an_unknown_study_is_named_with_those_that_are_there():
    make_study(slug="values")
    with pytest.raises(CommandError, match=r"no study other\. Studies: values"):
        add("ada@example.org", "other")


def test_what_is_no_address_is_refused():
    make_study(slug="values")
    with pytest.raises(CommandError, match="not an e-mail address"):
        add("ada", "values")
    assert not User.objects.exists()
