"""Tokens of the API: making one, finding whose it is, withdrawing it."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from prism.lib.codes import random_code, random_key
from surveys import audit
from surveys.models import ApiToken
from surveys.models.study import sha256

MARK = "prism_"
MOST_DAYS = 365


def make(user: User, name: str, scopes: list[str], days: int) -> tuple[ApiToken, str]:
    """A new token and its secret, which nobody can read again afterwards."""
    prefix = f"{MARK}{random_code(8)}"
    secret = f"{prefix}_{random_key()}"
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user,
            name=name,
            prefix=prefix,
            digest=sha256(secret),
            scopes=scopes,
            expires_at=timezone.now() + timedelta(days=min(days, MOST_DAYS)),
        )
        audit.record(user, "token.made", subject=prefix, scopes=scopes, days=days)
    return token, secret


def find(secret: str) -> ApiToken | None:
    """The usable token with this secret. The secret is random and long, so that a plain hash keeps it."""
    return ApiToken.objects.usable().select_related("user").filter(digest=sha256(secret)).first()


def note_use(token: ApiToken) -> None:
    """Remember that the token was used, at most once a minute."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - timedelta(minutes=1))
    if token.last_used_at is None or now - token.last_used_at > timedelta(minutes=1):
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def revoke(token: ApiToken, by: User) -> bool:
    """Let the token work no longer; False when it was withdrawn before."""
    with transaction.atomic():
        first = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
        if first:
            audit.record(by, "token.revoked", subject=token.prefix)
    return bool(first)
