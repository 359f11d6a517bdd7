"""Who calls the API: a program with a token, which may do what its person may and its scopes allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, Throttled
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import User
from prism.lib.ratelimit import allow
from surveys import tokens
from surveys.coordinate.mfa import needs_mfa
from surveys.models import ApiToken

if TYPE_CHECKING:  # DRF imports this module while its own views are still being imported
    from rest_framework.views import APIView

KEYWORD = "Bearer"
WRONG_TOKENS, WINDOW = 30, 60


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer prism_…`; a request without this header goes on to the session."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        keyword, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if keyword.lower() != KEYWORD.lower():
            return None
        token = tokens.find(secret.strip()) or self._refuse(request)
        if needs_mfa(token.user):
            raise PermissionDenied(_("Your role needs two-step sign-in. Set it up on the pages first."))
        tokens.note_use(token)
        return token.user, token

    def _refuse(self, request: Request) -> ApiToken:
        if not allow(f"wrong token:{request.META.get('REMOTE_ADDR')}", WRONG_TOKENS, WINDOW):
            raise Throttled(WINDOW)
        raise AuthenticationFailed(_("The token is unknown, was withdrawn or has expired."))

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD


class HasScope(BasePermission):
    """Whether the token was made for this; a person with a session needs no scope."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        scope = scope_of(view, request.method or "")
        self.message = _lacks(scope)
        return scope is None or has_scope(request, scope)


def scope_of(view: object, method: str) -> str | None:
    """What a token needs for a method of a view; a view may have a scope of its own for changes."""
    scope: str | None = getattr(view, "scope", None)
    return scope if method in SAFE_METHODS else getattr(view, "write_scope", scope)


def has_scope(request: Request, scope: str) -> bool:
    return not isinstance(request.auth, ApiToken) or scope in request.auth.scopes


def require_scope(request: Request, scope: str) -> None:
    """Raise PermissionDenied where the token was not made for this."""
    if not has_scope(request, scope):
        raise PermissionDenied(_lacks(scope))


def _lacks(scope: str | None) -> str:
    return _("The token lacks the scope %(scope)s.") % {"scope": scope}
