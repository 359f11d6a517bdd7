"""Programs that call the API: whose token, what they ask and send, what a problem looks like."""

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from surveys import tokens
from surveys.models.token import Scope

BASE = "/api/v1/"


def signed_in(user: User, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


def secret_of(user: User, *scopes: str) -> str:
    return tokens.make(user, "A program", list(scopes or Scope.values), 30)[1]


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"} if secret else {}


def asked(address: str, secret: str = "", **parameters: Any) -> HttpResponse:
    return Client().get(BASE + address, parameters, headers=bearer(secret))


def sent(address: str, secret: str = "", method: str = "post", **body: Any) -> HttpResponse:
    """A body as JSON, by a method that changes something."""
    verb = getattr(Client(), method)
    answer: HttpResponse = verb(BASE + address, json.dumps(body), "application/json", headers=bearer(secret))
    return answer


def follow(address: str, secret: str) -> dict[str, Any]:
    """The page of a list behind “next”."""
    page: dict[str, Any] = Client().get(address, headers=bearer(secret)).json()
    return page


def assert_problem(answer: HttpResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content.decode()
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body.keys() >= {"type", "title", "status", "detail"}
    assert body["status"] == status
    return body
