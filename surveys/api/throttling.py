"""How often a caller may ask: each token, each person with a session, and else each address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from prism.lib.ratelimit import allow
from surveys.models import ApiToken

if TYPE_CHECKING:  # DRF imports this module while its own views are still being imported
    from rest_framework.views import APIView

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class PerCaller(BaseThrottle):
    def allow_request(self, request: Request, view: APIView) -> bool:
        number, self.seconds = rate(settings.API_RATE)
        return allow(f"api:{caller(request)}", number, self.seconds)

    def wait(self) -> float:
        return self.seconds


def rate(text: str) -> tuple[int, int]:
    """`120/min` → (120, 60)."""
    number, _slash, period = text.partition("/")
    return int(number), SECONDS[period.strip()[:1].lower()]


def caller(request: Request) -> str:
    if isinstance(request.auth, ApiToken):
        return f"token:{request.auth.pk}"
    return f"user:{request.user.pk}" if request.user else f"ip:{request.META.get('REMOTE_ADDR')}"
