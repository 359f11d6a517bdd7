"""One-time sign-in links for a demonstration on one's own machine; production never serves them."""

from ipaddress import ip_address

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import UsedLink, User
from prism.lib.codes import random_key
from prism.lib.crypto import keyed_hash

SALT = "accounts.link"
SECONDS = 30 * 60


def make_link(user: User) -> str:
    """The path of a link that signs this person in once, within 30 minutes. The secret is in the query."""
    return f"{reverse('accounts:link')}?link={signing.dumps([user.pk, random_key()], salt=SALT)}"


def owner(token: str) -> User | None:
    """Whom the link would sign in; None when it is damaged, expired, used, or the account is switched off."""
    try:
        pk, _key = signing.loads(token, salt=SALT, max_age=SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    if UsedLink.objects.filter(digest=_digest(token)).exists():
        return None
    return User.objects.filter(pk=pk, is_active=True).first()


def use(token: str) -> User | None:
    """Whom the link signs in; of two readers at once only one gets an answer."""
    user = owner(token)
    if user is None:
        return None
    try:
        with transaction.atomic():
            UsedLink.objects.create(digest=_digest(token))
    except IntegrityError:
        return None
    return user


def is_at_home(request: HttpRequest) -> bool:
    """A development server that is asked from its own machine."""
    try:
        return settings.DEBUG and ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _digest(token: str) -> str:
    return keyed_hash("sign-in link", token)
