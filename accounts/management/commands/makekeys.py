"""`python manage.py makekeys`: new secrets for a production `.env`."""

import secrets
from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Print new secrets as lines for .env. Keep them: without ENCRYPTION_KEYS panel ids cannot be read."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"SECRET_KEY={secrets.token_urlsafe(60)}")
        self.stdout.write(f"ENCRYPTION_KEYS={Fernet.generate_key().decode()}")
        self.stdout.write(f"IDENTITY_HASH_KEY={secrets.token_urlsafe(48)}")
