"""Retiring a key: every stored secret moves to the newest one, and none is forgotten."""

import re
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import models

from accounts import reencryption
from accounts.reencryption import registered
from conversations.models import LanguageModel, Provider, RawText
from prism.lib.crypto import UnreadableSecret, decrypt, encrypt
from surveys.models import EntryLink, Identity, InvitedPerson, PanelConnection, PanelSubmission, Participant
from tests.accounts.test_mfa import code_for, set_up, sign_in_by_mail
from tests.factories import make_conversation, make_enrolment, make_study, make_text_check, make_user

pytestmark = pytest.mark.django_db
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def keys(settings):
    """Secrets are written under the old key from here on."""
    settings.ENCRYPTION_KEYS = [OLD]
    return settings


def make_rows(n: int = 1) -> None:
    """`n` rows of every model with secrets, each in the words `secret of …`."""
    study = make_study()
    for number in range(n):
        Identity.objects.create(
            participant=Participant.objects.create(), panel="p", digest=f"d{number}", encrypted_id=a_secret()
        )
        provider = Provider.objects.create(
            name=f"P{number}", base_url="https://8.8.8.8/v1", encrypted_key=a_secret()
        )
        model = LanguageModel.objects.create(provider=provider, identifier="m", name=f"m{number}")
        PanelConnection.objects.create(
            study=make_study(), encrypted_token=a_secret(), encrypted_secret=a_secret()
        )
        talk = make_conversation(make_enrolment(study), turns=0, complete=False, models=[model])
        RawText.objects.create(check_of=make_text_check(talk), encrypted_text=a_secret())
        link = EntryLink.objects.create(study=study, number=number + 1, digest=f"link{number}")
        InvitedPerson.objects.create(
            study=study, link=link, digest=f"p{number}", encrypted_address=a_secret()
        )
        data = {"secret": encrypt("JBSWY3DPEHPK3PXP"), "used_mask": number}
        Authenticator.objects.create(user=make_user(), type=Authenticator.Type.TOTP, data=data)
    PanelSubmission.objects.update(encrypted_session=a_secret())


def a_secret() -> str:
    return encrypt("A secret of somebody, é")


def stored() -> dict[str, list[str]]:
    """Every stored secret by its column."""
    found: dict[str, list[str]] = {}
    for secrets in registered():
        for value in secrets.model._base_manager.values_list(secrets.column, flat=True).order_by("pk"):
            inner = [value[key] for key in secrets.keys if key in value] if secrets.keys else [value]
            found.setdefault(str(secrets), []).extend(inner)
    return found


def run(**options: Any) -> str:
    out = StringIO()
    call_command("reencrypt", stdout=out, **options)
    return out.getvalue()


def test_every_secret_moves_to_the_newest_key_and_stays_what_it_was(keys):
    make_rows(2)
    before = {column: [decrypt(token) for token in tokens] for column, tokens in stored().items()}
    # Whoever adds a column of secrets makes rows of it above.
    assert {column: len(found) for column, found in before.items()} == {str(one): 2 for one in registered()}
    keys.ENCRYPTION_KEYS = [NEW, OLD]
    said = run()
    assert said.count("2 encrypted anew, 0 under the newest key already, 0 unreadable") == len(before)
    assert "The others may leave" in said
    keys.ENCRYPTION_KEYS = [NEW]
    assert {column: [decrypt(token) for token in tokens] for column, tokens in stored().items()} == before


def test_no_column_of_secrets_is_forgotten():
    """Whatever our models call encrypted_… is found, and no other column is written by `encrypt`."""
    ours = {
        f"{model._meta.label}.{column.name}"
        for model in apps.get_models()
        for column in model._meta.get_fields()
        if isinstance(column, models.Field) and "encrypted" in column.name
    }
    assert ours | set(reencryption.IN_JSON) == {str(secrets) for secrets in registered()}
    assert len(ours) >= 6


def test_a_column_named_so_is_registered_as_soon_as_there_is_one(monkeypatch):
    class Vault(models.Model):
        encrypted_thing = models.TextField()

        class Meta:
            app_label = "elsewhere"
            managed = False

        def __str__(self) -> str:
            return "vault"

    monkeypatch.setattr(apps, "get_models", lambda: [Vault])
    assert [str(secrets) for secrets in registered()] == ["elsewhere.Vault.encrypted_thing"]


def test_a_dry_run_counts_and_changes_nothing(keys):
    make_rows()
    keys.ENCRYPTION_KEYS = [NEW, OLD]
    before = stored()
    assert "1 to encrypt anew" in run(dry_run=True)
    assert stored() == before
    run()
    assert "0 to encrypt anew, 1 under the newest key already" in run(dry_run=True)


def test_a_run_that_broke_off_goes_on_where_it_was(keys, monkeypatch):
    make_rows(5)
    keys.ENCRYPTION_KEYS = [NEW, OLD]
    (column,) = [secrets for secrets in registered() if secrets.column == "encrypted_id"]
    next(reencryption.reencrypt(column, batch=2))  # and then the machine went away
    *_, last = reencryption.reencrypt(column, batch=2)
    assert (last.new_already, last.renewed) == (2, 3)
    done = stored()[str(column)]
    assert "0 encrypted anew, 5 under the newest key already" in run(batch=2)
    assert stored()[str(column)] == done


def test_what_somebody_changed_meanwhile_is_left_to_them(keys, monkeypatch):
    make_rows()
    keys.ENCRYPTION_KEYS = [NEW, OLD]
    changed = encrypt("a newer secret")
    renew = reencryption._fresh

    def change_meanwhile(secrets: reencryption.Secrets, value: object) -> object:
        if secrets.column == "encrypted_key":
            Provider.objects.update(encrypted_key=changed)
        return renew(secrets, value)

    monkeypatch.setattr(reencryption, "_fresh", change_meanwhile)
    with pytest.raises(CommandError, match="Start it again"):
        run()
    monkeypatch.undo()
    assert Provider.objects.get().encrypted_key == changed
    run()


def test_secrets_that_no_key_opens_are_named_and_left_alone(keys):
    make_rows()
    lost = Fernet(Fernet.generate_key()).encrypt(b"lost").decode()
    Provider.objects.update(encrypted_key=lost)
    keys.ENCRYPTION_KEYS = [NEW, OLD]
    pk = Provider.objects.get().pk
    with pytest.raises(CommandError, match=rf"conversations.Provider.encrypted_key: 1, first {pk}"):
        run()
    assert Provider.objects.get().encrypted_key == lost
    assert decrypt(Identity.objects.get().encrypted_id) == "A secret of somebody, é"
    keys.ENCRYPTION_KEYS = [NEW]
    assert decrypt(Identity.objects.get().encrypted_id)
    with pytest.raises(UnreadableSecret):
        decrypt(lost)


def test_empty_columns_are_nothing_to_do(keys):
    Provider.objects.create(name="Without a key", base_url="https://8.8.8.8/v1")
    assert "conversations.Provider.encrypted_key: 0 encrypted anew, 0 under" in run()


# The second step at sign-in


def test_its_secrets_are_stored_encrypted_and_survive_a_change_of_keys(keys, client):
    keys.MFA_REQUIRED = True
    user = make_user("ada@example.org")
    client.force_login(user)
    codes = set_up(client)
    data = {row.type: row.data for row in Authenticator.objects.filter(user=user)}
    assert re.fullmatch("[A-Z2-7]{32}", decrypt(data["totp"]["secret"]))
    assert not any(code in str(data) for code in codes)
    keys.ENCRYPTION_KEYS = [NEW, OLD]
    run()
    keys.ENCRYPTION_KEYS = [NEW]
    client.logout()
    assert sign_in_by_mail(client, "ada@example.org").url.startswith("/accounts/2fa/authenticate/")
    client.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert client.session.get("_auth_user_id") == str(user.pk)


def test_one_that_was_stored_in_the_clear_works_and_is_encrypted_by_the_command(keys, client):
    user = make_user("ada@example.org")
    data = {"secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}
    row = Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data=data)
    sign_in_by_mail(client, "ada@example.org")
    client.post("/accounts/2fa/authenticate/", {"code": code_for(data["secret"])})
    assert client.session.get("_auth_user_id") == str(user.pk)
    run()
    row.refresh_from_db()
    assert decrypt(row.data["secret"]) == data["secret"]
