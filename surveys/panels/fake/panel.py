"""The fake panel itself: its studies, submissions, payments, keys and webhooks, without HTTP."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from threading import RLock
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KID = "fake-panel"
FINAL = {"APPROVED", "REJECTED", "RETURNED", "TIMED-OUT"}
TRANSITIONS = {"APPROVE": "APPROVED", "REJECT": "REJECTED", "COMPLETE": "AWAITING REVIEW"}


def new_id() -> str:
    return secrets.token_hex(12)


class FakeRefusal(Exception):
    """The panel says no: a status and a reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class FakeSubmission:
    study: str
    participant: str
    id: str = field(default_factory=new_id)
    status: str = "RESERVED"
    return_requested: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "participant_id": self.participant,
            "study_id": self.study,
            "status": self.status,
            "return_requested": self.return_requested,
        }


@dataclass
class FakeStudy:
    entry: str = ""
    id: str = field(default_factory=new_id)
    status: str = "ACTIVE"
    places: int = 100


class FakePanel:
    """All that the panel knows. Everything is done under one lock, as if by one patient clerk."""

    def __init__(self, audience: str = "http://127.0.0.1:8000") -> None:
        self.audience = audience
        self.lock = RLock()
        self.key = _key()
        self.studies: dict[str, FakeStudy] = {}
        self.submissions: dict[str, FakeSubmission] = {}
        self.payments: dict[str, list[tuple[str, str]]] = {}
        self.paid: Counter[str] = Counter()
        self.credits: Counter[str] = Counter()
        self.secret = ""
        self.subscriptions: dict[str, dict[str, Any]] = {}

    def add_study(self, entry: str = "", places: int = 100, name: str = "") -> FakeStudy:
        study = FakeStudy(entry=entry, places=places, id=name or new_id())
        self.studies[study.id] = study
        return study

    def reserve(self, study: str, participant: str = "") -> FakeSubmission:
        """A person takes a place."""
        found = FakeSubmission(study=self._study(study).id, participant=participant or new_id())
        self.submissions[found.id] = found
        return found

    def link(self, submission: FakeSubmission, **claims: Any) -> str:
        """The study's entry link filled in for a person, with a signed token."""
        parts = {
            "PROLIFIC_PID": submission.participant,
            "STUDY_ID": submission.study,
            "SESSION_ID": submission.id,
        }
        link = self._study(submission.study).entry.partition("?")[0]
        query = "&".join(f"{name}={value}" for name, value in parts.items())
        return f"{link}?{query}&prolific_token={self.token(parts, **claims)}"

    def token(self, parts: dict[str, str], **claims: Any) -> str:
        body = {
            "aud": self.audience,
            "exp": int(time.time()) + 600,
            "jti": new_id(),
            "prolific": parts,
            **claims,
        }
        return jwt.encode(body, self.key, algorithm="RS256", headers={"kid": KID})

    def jwks(self) -> dict[str, Any]:
        found: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [found | {"kid": KID, "alg": "RS256", "use": "sig"}]}

    def transition(self, submission: str, body: dict[str, Any]) -> FakeSubmission:
        """Repeating is harmless; going back is impossible."""
        found, wanted = self.submission(submission), TRANSITIONS.get(str(body.get("action")))
        if wanted is None:
            raise FakeRefusal(400, "There is no such action.")
        if wanted == "REJECTED" and (
            len(body.get("message", "")) < 100 or not body.get("rejection_category")
        ):
            raise FakeRefusal(400, "A rejection needs a message of 100 characters and a category.")
        if found.status in FINAL and found.status != wanted:
            raise FakeRefusal(400, f"The submission is {found.status} already.")
        found.status = wanted
        return found

    def approve(self, submissions: list[str]) -> None:
        if not 1 <= len(submissions) <= 1000:
            raise FakeRefusal(400, "Name 1 to 1000 submissions.")
        for one in submissions:
            self.transition(one, {"action": "APPROVE"})

    def set_places(self, study: str, total: int) -> FakeStudy:
        found = self._study(study)
        if total < found.places:
            raise FakeRefusal(400, "Places can only be added.")
        found.places = total
        return found

    def submit_bonuses(self, study: str, lines: str) -> str:
        self._study(study)
        rows = [line.split(",") for line in lines.splitlines()]
        if not rows or any(len(row) != 2 or row[0] not in self.submissions for row in rows):
            raise FakeRefusal(400, "A line does not name a submission and an amount.")
        payment = new_id()
        self.payments[payment] = [(row[0], row[1]) for row in rows]
        return payment

    def pay(self, payment: str) -> None:
        """As the real one: whoever asks twice pays twice."""
        if payment not in self.payments:
            raise FakeRefusal(404, "There is no such payment.")
        self.paid[payment] += 1

    def subscribe(self, body: dict[str, Any]) -> tuple[str, str]:
        """The subscription's id and the secret that confirms it."""
        name, proof = new_id(), secrets.token_urlsafe(16)
        self.subscriptions[name] = {**body, "proof": proof, "is_enabled": False}
        return name, proof

    def confirm(self, subscription: str, proof: str) -> None:
        found = self.subscriptions.get(subscription)
        if found is None or found["proof"] != proof:
            raise FakeRefusal(400, "That does not confirm the subscription.")
        found["is_enabled"] = True

    def event(
        self, submission: FakeSubmission, *, sent_at: float | None = None, stamp: float | None = None
    ) -> tuple[dict[str, str], bytes]:
        """Headers and body of the webhook that tells a submission's state."""
        told = {
            "event_type": "submission.status.change",
            "resource_id": submission.id,
            "participant_id": submission.participant,
            "status": submission.status,
        }
        body, signed = json.dumps(told).encode(), str(int(stamp or time.time()))
        digest = hmac.new(self.secret.encode(), signed.encode() + body, hashlib.sha256).digest()
        headers = {
            "Content-Type": "application/json",
            "X-Event-ID": new_id(),
            "X-Timestamp": str(sent_at or time.time()),
            "X-Prolific-Request-Timestamp": signed,
            "X-Prolific-Request-Signature": base64.b64encode(digest).decode(),
        }
        return headers, body

    def submission(self, submission: str) -> FakeSubmission:
        if submission not in self.submissions:
            raise FakeRefusal(404, "There is no such submission.")
        return self.submissions[submission]

    def _study(self, study: str) -> FakeStudy:
        if study not in self.studies:
            raise FakeRefusal(404, "There is no such study.")
        return self.studies[study]
