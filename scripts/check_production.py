"""Runs `manage.py check --deploy` with the settings of a production installation, made up for it."""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
import sys


def production_environment() -> dict[str, str]:
    """A complete and safe configuration; nothing listens at the servers it names."""
    return {
        "PRISM_ENV": "production",
        "DEBUG": "0",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "IDENTITY_HASH_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": "prism.example.org",
        "PUBLIC_URL": "https://prism.example.org",
        "EMAIL_HOST": "mail.invalid",
        "DATABASE_URL": "postgresql://prism@database.invalid/prism",
        "REDIS_URL": "redis://cache.invalid:6379/0",
    }


def main() -> int:
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, env=os.environ | production_environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
