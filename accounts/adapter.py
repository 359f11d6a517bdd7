"""How allauth behaves here: nobody signs up without an invitation."""

from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.utils import timezone

from prism.lib import crypto

JUST_NOW = timedelta(minutes=5)


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Who set up an authenticator just now proved it by a code, and sees the recovery codes at once."""
        user = getattr(self.request, "user", None)
        if user is not None and user.is_authenticated:
            newest = timezone.now() - JUST_NOW
            totp = Authenticator.objects.filter(
                user=user, type=Authenticator.Type.TOTP, created_at__gte=newest
            )
            if totp.exists():
                return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))


class MFAAdapter(DefaultMFAAdapter):
    """Keeps the secrets of second steps encrypted: with them anybody could make the codes."""

    def encrypt(self, text: str) -> str:
        return crypto.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Also what was stored in the clear before, until `manage.py reencrypt` has met it."""
        if not crypto.is_encrypted(encrypted_text):
            return encrypted_text
        return crypto.decrypt(encrypted_text)
