"""The fake panel over HTTP, with faults that can be asked for, and ways to run it.

Besides Prolific's own addresses it has the one of SONA that gives credit, and a few for whoever plays the
participants: `GET /start` takes a place and leads to the study, `POST /people/ID` changes a submission's
state and sends the webhook, `POST /faults` breaks the next calls of a path: `500` and `429` before anything
is done, `lost` after it.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import httpx2

from surveys.panels.fake.panel import FakePanel, FakeRefusal, FakeStudy, FakeSubmission, new_id

API = "/api/v1"
Answer = tuple[int, dict[str, Any], dict[str, str]]
Route = Callable[["Handler", dict[str, Any], str], Answer]


class FakeServer(ThreadingHTTPServer):
    """One panel, its faults and what was called."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], panel: FakePanel) -> None:
        super().__init__(address, Handler)
        self.panel = panel
        self.faults: list[tuple[str, str]] = []
        self.calls: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def api(self) -> str:
        return f"{self.url}{API}/"

    @property
    def jwks_url(self) -> str:
        return f"{self.url}/.well-known/study/jwks.json"

    def fail(self, path: str, kind: str, times: int = 1) -> None:
        """Let the next calls whose path holds `path` end as `kind`: 500, 429 or lost."""
        self.faults += [(path, kind)] * times

    def take_fault(self, path: str) -> str:
        with self.panel.lock:
            found = next((fault for fault in self.faults if fault[0] in path), None)
            if found:
                self.faults.remove(found)
        return found[1] if found else ""


class Handler(BaseHTTPRequestHandler):
    """One request of the panel's API or of somebody who plays a participant."""

    server: FakeServer
    routes: ClassVar[list[tuple[str, str, Route]]] = []

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def _serve(self) -> None:
        path = urlsplit(self.path).path
        body = self._body()
        fault = self.server.take_fault(path)
        with self.server.panel.lock:
            self.server.calls.append((self.command, path))
        if fault in {"500", "429"}:
            self._write((int(fault), {"error": {"detail": "on purpose"}}, {"Retry-After": "0"}))
            return
        answer = self._answer(path, body)
        if fault == "lost":  # done, and nobody hears of it
            self.close_connection = True
            return
        self._write(answer)

    def _body(self) -> dict[str, Any]:
        length = int(self.headers.get("Content-Length") or 0)
        try:
            found = json.loads(self.rfile.read(length) or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _answer(self, path: str, body: dict[str, Any]) -> Answer:
        if path.startswith(API) and not self.headers.get("Authorization", "").startswith("Token "):
            return 401, {"error": {"detail": "Authentication credentials were not provided."}}, {}
        for method, pattern, route in self.routes:
            found = re.fullmatch(pattern, path)
            if found and method == self.command:
                try:
                    with self.server.panel.lock:
                        return route(self, body, *found.groups() or ("",))
                except FakeRefusal as refusal:
                    return refusal.status, {"error": {"detail": refusal.reason}}, {}
        return 404, {"error": {"detail": f"There is no {self.command} {path}."}}, {}

    def _write(self, answer: Answer) -> None:
        status, content, headers = answer
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)

    @property
    def panel(self) -> FakePanel:
        return self.server.panel

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}


def route(method: str, pattern: str) -> Callable[[Route], Route]:
    def decorate(function: Route) -> Route:
        Handler.routes.append((method, pattern, function))
        return function

    return decorate


@route("GET", f"{API}/users/me/")
def account(handler: Handler, body: dict[str, Any], _part: str) -> Answer:
    return 200, {"id": new_id(), "email": "researcher@example.org"}, {}


@route("GET", f"{API}/studies/([^/]+)/")
def study(handler: Handler, body: dict[str, Any], name: str) -> Answer:
    return 200, _study_json(handler, name), {}


@route("PATCH", f"{API}/studies/([^/]+)/")
def change_study(handler: Handler, body: dict[str, Any], name: str) -> Answer:
    handler.panel.set_places(name, int(body.get("total_available_places", 0)))
    return 200, _study_json(handler, name), {}


def _study_json(handler: Handler, name: str) -> dict[str, Any]:
    found = handler.panel.studies.get(name)
    if not isinstance(found, FakeStudy):
        raise FakeRefusal(404, "There is no such study.")
    taken = sum(one.study == name for one in handler.panel.submissions.values())
    return {
        "id": name,
        "status": found.status,
        "total_available_places": found.places,
        "places_taken": taken,
    }


@route("GET", f"{API}/studies/([^/]+)/submissions/")
def submissions(handler: Handler, body: dict[str, Any], name: str) -> Answer:
    rows = [one.as_json() for one in handler.panel.submissions.values() if one.study == name]
    first, size = int(handler.query.get("offset", 0)), int(handler.query.get("limit", 100))
    return 200, {"results": rows[first : first + size]}, {}


@route("POST", f"{API}/submissions/bulk-approve/")
def approve(handler: Handler, body: dict[str, Any], _part: str) -> Answer:
    handler.panel.approve(body.get("submission_ids", []))
    return 200, {"message": "The request to bulk approve has been made successfully."}, {}


@route("POST", f"{API}/submissions/bonus-payments/")
def submit_bonuses(handler: Handler, body: dict[str, Any], _part: str) -> Answer:
    name = handler.panel.submit_bonuses(str(body.get("study_id")), str(body.get("csv_bonuses", "")))
    return 201, {"id": name, "study": body.get("study_id")}, {}


@route("POST", f"{API}/bulk-bonus-payments/([^/]+)/pay/")
def pay(handler: Handler, body: dict[str, Any], name: str) -> Answer:
    handler.panel.pay(name)
    return 202, {}, {}


@route("POST", f"{API}/submissions/([^/]+)/transition/")
def transition(handler: Handler, body: dict[str, Any], name: str) -> Answer:
    return 200, handler.panel.transition(name, body).as_json(), {}


@route("POST", f"{API}/submissions/([^/]+)/request-return/")
def ask_to_return(handler: Handler, body: dict[str, Any], name: str) -> Answer:
    found = handler.panel.submission(name)
    found.return_requested = True
    return 200, found.as_json(), {}


@route("GET", f"{API}/hooks/event-types/")
def event_types(handler: Handler, body: dict[str, Any], _part: str) -> Answer:
    return 200, {"results": [{"event_type": "submission.status.change"}]}, {}


@route("POST", f"{API}/hooks/secrets/")
def make_secret(handler: Handler, body: dict[str, Any], _part: str) -> Answer:
    handler.panel.secret = new_id()
    return 201, {"id": new_id(), "value": handler.panel.secret}, {}


@route("POST", f"{API}/hooks/subscriptions/")
def subscribe(handler: Handler, body: dict[str, Any], _part: str) -> Answer:
    name, proof = handler.panel.subscribe(body)
    return 201, {"id": name, **body}, {"X-Hook-Secret": proof}


@route("POST", f"{API}/hooks/subscriptions/([^/]+)/")
def confirm(handler: Handler, body: dict[str, Any], name: str) -> Answer:
    handler.panel.confirm(name, str(body.get("secret")))
    return 200, {"id": name, "is_enabled": True}, {}


@route("GET", r"/\.well-known/study/jwks\.json")
def jwks(handler: Handler, body: dict[str, Any], _part: str) -> Answer:
    return 200, handler.panel.jwks(), {}


@route("GET", "/start")
def start(handler: Handler, body: dict[str, Any], _part: str) -> Answer:
    """Take a place in the study asked for, or the first one, and go to it by a signed link."""
    panel = handler.panel
    name = handler.query.get("study") or next(iter(panel.studies), "")
    link = panel.link(panel.reserve(name, handler.query.get("participant", "")))
    return 303, {"link": link}, {"Location": link}


@route("POST", "/people/([^/]+)")
def change_person(handler: Handler, body: dict[str, Any], name: str) -> Answer:
    """A submission changes its state, and the webhooks tell it."""
    found = handler.panel.submission(name)
    found.status = str(body.get("status", found.status))
    return 200, {**found.as_json(), "told": tell(handler.panel, found)}, {}


@route("GET", r"/webstudy_credit\.aspx")
def grant_credit(handler: Handler, body: dict[str, Any], _part: str) -> Answer:
    """SONA's address that gives a credit to a survey code; it counts how often it did."""
    asked = handler.query
    if not asked.get("survey_code") or not asked.get("credit_token"):
        raise FakeRefusal(400, "A parameter is missing.")
    handler.panel.credits[asked["survey_code"]] += 1
    return 200, {"message": "The credit is granted."}, {}


@route("POST", "/faults")
def break_next(handler: Handler, body: dict[str, Any], _part: str) -> Answer:
    handler.server.fail(str(body.get("path")), str(body.get("kind")), int(body.get("times", 1)))
    return 200, {}, {}


def tell(panel: FakePanel, submission: FakeSubmission) -> list[int]:
    """Send the webhooks of a submission's state; returns the status codes that came back."""
    answers = []
    for subscription in panel.subscriptions.values():
        wanted = subscription.get("event_type") == "submission.status.change"
        if wanted and subscription["is_enabled"]:
            headers, body = panel.event(submission)
            answers.append(
                httpx2.post(
                    str(subscription["target_url"]), headers=headers, content=body, timeout=10
                ).status_code
            )
    return answers


@contextmanager
def running(audience: str = "http://127.0.0.1:8000") -> Iterator[FakeServer]:
    """Run the panel in a thread of this process on a free port."""
    server = FakeServer(("127.0.0.1", 0), FakePanel(audience))
    thread = Thread(target=server.serve_forever, args=(0.05,), name="fakepanel", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
