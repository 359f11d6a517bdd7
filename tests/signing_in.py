"""How a test's browser that has no session signs in: with one new session, loaded by pytest.

Django's client stores an empty session, replaces it and stores it once more, in fifteen statements.
"""

from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest
from django.test import Client

djangos_way = Client._login


def sign_in(self: Client, user: Any, backend: str | None = None) -> None:
    """What `force_login` leaves: a session with the person in it, and its cookie."""
    if settings.SESSION_COOKIE_NAME in self.cookies:
        djangos_way(self, user, backend)
        return
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    request.session[SESSION_KEY] = str(user.pk)
    request.session[BACKEND_SESSION_KEY] = backend
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    request.session.save()
    self._set_login_cookies(request)


@pytest.fixture(scope="session", autouse=True)
def quick_signing_in() -> None:
    pytest.MonkeyPatch().setattr(Client, "_login", sign_in)
