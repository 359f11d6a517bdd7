"""Prolific's API: the one place that calls it.

A call ends in an answer, in `Refused` (the panel says that it did nothing) or in `NoAnswer` (nobody knows
whether it was done). Only calls that may be repeated without harm are. Neither tokens nor ids reach a log.
"""

import time
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
from django.conf import settings
from django.utils.translation import gettext as _

from prism.lib import outgoing
from prism.lib.addresses import OPERATOR
from prism.lib.crypto import UnreadableSecret, decrypt
from surveys.models import PanelConnection

TIMEOUT = httpx2.Timeout(20, connect=5)
TRIES = 3
LONGEST_WAIT = 5.0
BUSY = {408, 429}
PAGE = 200
MOST_APPROVALS = 1000
REAL = "api.prolific.com"


class PanelError(Exception):
    """The panel did not do what was asked; the message is for a coordinator."""


class Refused(PanelError):
    """The panel answered that it did nothing."""


class NoAnswer(PanelError):
    """No answer, or one that leaves open whether it was done."""


class Prolific:
    """One account at Prolific, by its token."""

    def __init__(self, token: str) -> None:
        self._headers = {"Authorization": f"Token {token}"}

    def account(self) -> dict[str, Any]:
        return self._ask("GET", "users/me/")

    def study(self, study: str) -> dict[str, Any]:
        return self._ask("GET", f"studies/{_part(study)}/")

    def submissions(self, study: str) -> Iterator[dict[str, Any]]:
        """All submissions of a study, page by page."""
        seen: set[str] = set()
        while True:
            path = f"studies/{_part(study)}/submissions/?limit={PAGE}&offset={len(seen)}"
            found = self._ask("GET", path).get("results", [])
            fresh = [row for row in found if row.get("id") and row["id"] not in seen]
            if not fresh:  # the end, or a server that knows no pages
                return
            seen |= {row["id"] for row in fresh}
            yield from fresh

    def transition(self, submission: str, action: str, **fields: Any) -> dict[str, Any]:
        """APPROVE, REJECT or COMPLETE; the panel takes a repeat for the same."""
        path = f"submissions/{_part(submission)}/transition/"
        return self._ask("POST", path, {"action": action, **fields}, may_repeat=True)

    def approve(self, submissions: list[str]) -> None:
        for first in range(0, len(submissions), MOST_APPROVALS):
            some = submissions[first : first + MOST_APPROVALS]
            self._ask("POST", "submissions/bulk-approve/", {"submission_ids": some}, may_repeat=True)

    def ask_to_return(self, submission: str, reason: str) -> dict[str, Any]:
        path = f"submissions/{_part(submission)}/request-return/"
        return self._ask("POST", path, {"request_return_reasons": [reason]}, may_repeat=True)

    def set_places(self, study: str, total: int) -> dict[str, Any]:
        path = f"studies/{_part(study)}/"
        return self._ask("PATCH", path, {"total_available_places": total}, may_repeat=True)

    def submit_bonuses(self, study: str, bonuses: Iterable[tuple[str, Decimal]]) -> str:
        """Announce bonuses to submissions; gives the id by which they are paid. Pays nothing yet."""
        lines = "\n".join(f"{submission},{amount:.2f}" for submission, amount in bonuses)
        body = {"study_id": study, "csv_bonuses": lines}
        return str(self._ask("POST", "submissions/bonus-payments/", body)["id"])

    def pay_bonuses(self, payment: str) -> None:
        """Pay. Never call this twice for the same payment: the panel would pay twice."""
        self._ask("POST", f"bulk-bonus-payments/{_part(payment)}/pay/")

    def make_hook_secret(self, workspace: str) -> str:
        return str(self._ask("POST", "hooks/secrets/", {"workspace_id": workspace})["value"])

    def subscribe(self, workspace: str, event: str, address: str) -> None:
        """Have webhooks of one type sent to our address, and confirm it with the secret that comes back."""
        body = {"workspace_id": workspace, "event_type": event, "target_url": address}
        answer = self._send("POST", "hooks/subscriptions/", body)
        path = f"hooks/subscriptions/{_part(str(_content(answer)['id']))}/"
        self._ask("POST", path, {"secret": answer.headers.get("X-Hook-Secret", "")}, may_repeat=True)

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, may_repeat: bool = False
    ) -> dict[str, Any]:
        tries = TRIES if method == "GET" or may_repeat else 1
        for left in reversed(range(tries)):
            try:
                answer = self._send(method, path, body)
            except NoAnswer:
                if not left:
                    raise
                continue
            if left and (answer.status_code in BUSY or answer.status_code >= 500):
                time.sleep(_wait(answer))
                continue
            return _content(answer)
        raise NoAnswer  # not reached: the last try returns or raises

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> httpx2.Response:
        try:
            return outgoing.request(
                method,
                settings.PROLIFIC_URL.rstrip("/") + "/" + path,
                OPERATOR,
                json=body,
                headers=self._headers,
                timeout=TIMEOUT,
            )
        except httpx2.ConnectError as error:
            raise NoAnswer(_("The panel could not be reached.")) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise NoAnswer(
                _("The panel did not answer, so it is not known whether this was done.")
            ) from error


def client_for(connection: PanelConnection) -> Prolific:
    """The client with the study's token; raises PanelError where there is none to be read.

    A demonstration has an invented token for the fake panel, which the real one never gets.
    """
    if connection.study.is_demo and urlsplit(settings.PROLIFIC_URL).hostname == REAL:
        raise PanelError(_("A demonstration has no account at the real panel. Start it with the fake one."))
    try:
        token = decrypt(connection.encrypted_token) if connection.encrypted_token else ""
    except UnreadableSecret as error:
        raise PanelError(_("The stored token cannot be read any more. Enter it again.")) from error
    if not token:
        raise PanelError(_("There is no token for the panel yet. Enter it first."))
    return Prolific(token)


def _part(text: str) -> str:
    return quote(text, safe="")


def _wait(answer: httpx2.Response) -> float:
    given = answer.headers.get("Retry-After", "")
    return min(float(given), LONGEST_WAIT) if given.isdigit() else 0.5


def _content(answer: httpx2.Response) -> dict[str, Any]:
    """The JSON object of an answer; {} where it has none. Raises what the status means."""
    if answer.status_code >= 500 or answer.status_code == 408:
        raise NoAnswer(
            _("The panel had an error of its own (%s), so it is not known whether this was done.")
            % answer.status_code
        )
    if answer.status_code >= 300:
        raise Refused(
            _("The panel refused: %(status)s %(reason)s")
            % {"status": answer.status_code, "reason": _reason(answer)}
        )
    try:
        found = answer.json() if answer.content else {}
    except ValueError as error:
        raise NoAnswer(_("The panel's answer could not be understood.")) from error
    return found if isinstance(found, dict) else {}


def _reason(answer: httpx2.Response) -> str:
    """What the panel says itself, cut short."""
    try:
        said = answer.json()
        said = said.get("error", said) if isinstance(said, dict) else said
        said = said.get("detail", said) if isinstance(said, dict) else said
    except ValueError:
        return ""
    return str(said)[:150]
