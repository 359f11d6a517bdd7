"""Suggestions by a model: off by default, asked once a text, and never more than a suggestion."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from surveys import coding
from surveys.coding import asking, schemes, texts
from surveys.models import AuditEvent, CodingSuggestion
from surveys.models.people import Role
from tests.factories import make_enrolment, make_member, make_study

pytestmark = pytest.mark.django_db


class Provider(ThreadingHTTPServer):
    """Says `says` to every request, with `status`, and remembers what it was sent."""

    says, status = "“Asian”.", 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.sent: list[dict[str, Any]] = []


class Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        provider: Any = self.server
        provider.sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": provider.says},
            "finish_reason": "stop",
        }
        body = json.dumps(
            {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        ).encode()
        self.send_response(provider.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture
def provider(settings) -> Iterator[Provider]:
    with Provider() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        settings.CODING_MODEL_URL = f"http://127.0.0.1:{server.server_port}/v1"
        settings.CODING_MODEL = "a-model"
        yield server
        server.shutdown()


@pytest.fixture
def study():
    study = make_study(slug="values")
    make_enrolment(study, finished_survey=True)
    return study


@pytest.fixture
def scheme(study):
    return schemes.current("ethnicity")


def ask_by_page(client, user, study):
    client.force_login(user)
    return client.post(f"/coordinate/studies/{study.slug}/coding/ethnicity/ask/")


def test_without_a_model_nobody_is_asked(client, study, scheme):
    assert asking.suggest(study, scheme) == 0
    assert ask_by_page(client, make_member(study, may_export_full=True), study).status_code == 403


def test_the_model_gets_the_prompt_and_the_text_and_nothing_else(provider, study, scheme):
    assert asking.suggest(study, scheme) == 1
    system, user = provider.sent[0]["messages"]
    assert user["content"] == "British Indian"
    assert "“Middle Eastern / Arab”" in system["content"]
    assert str(study.enrolments.get().number) not in json.dumps(provider.sent)
    assert provider.sent[0]["temperature"] == 0


def test_a_text_is_asked_about_once_and_the_answer_decides_nothing(provider, study, scheme, client):
    asking.suggest(study, scheme)
    assert asking.suggest(study, scheme) == 0
    assert len(provider.sent) == 1
    assert CodingSuggestion.objects.get().category == "Asian"
    assert coding.coded_value(study.enrolments.get(), "ethnicity") is None
    client.force_login(make_member(study, may_export_full=True))
    page = client.get("/coordinate/studies/values/coding/ethnicity/").content.decode()
    assert "the model suggests this" in page
    assert " checked" not in page


@pytest.mark.parametrize(("says", "status"), [("I cannot say.", 200), ("", 200), ("Asian", 500)])
def test_what_is_no_category_is_no_suggestion(provider, study, scheme, says, status):
    provider.says, provider.status = says, status
    asking.suggest(study, scheme)
    assert asking.suggested(scheme, texts.to_code(study, scheme).get()) == ""


@pytest.mark.parametrize(
    ("role", "full", "status"),
    [
        (Role.COORDINATOR, True, 302),
        (Role.COORDINATOR, False, 403),
        (Role.ANALYST, True, 403),
        (None, False, 404),
    ],
)
def test_who_may_have_the_model_asked(
    provider, client, study, role, full, status, monkeypatch, django_capture_on_commit_callbacks
):
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr("surveys.tasks.suggest_codings.delay", lambda *ids: asked.append(ids))
    user = make_member(study, role, may_export_full=full) if role else make_member(make_study())
    with django_capture_on_commit_callbacks(execute=True):
        assert ask_by_page(client, user, study).status_code == status
    assert len(asked) == (status == 302)
    assert AuditEvent.objects.filter(action="coding.model_asked").count() == len(asked)
