"""New secrets for a production .env."""

from io import StringIO

from cryptography.fernet import Fernet
from django.core.management import call_command


def made() -> dict[str, str]:
    out = StringIO()
    call_command("makekeys", stdout=out)
    return dict(line.split("=", 1) for line in out.getvalue().splitlines())


def test_the_keys_are_what_production_asks_for():
    keys = made()
    assert keys.keys() == {"SECRET_KEY", "ENCRYPTION_KEYS", "IDENTITY_HASH_KEY"}
    assert len(keys["SECRET_KEY"]) >= 50
    assert len(keys["IDENTITY_HASH_KEY"]) >= 32
    Fernet(keys["ENCRYPTION_KEYS"])


def test_no_two_runs_give_the_same():
    assert not set(made().values()) & set(made().values())
