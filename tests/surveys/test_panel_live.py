"""The whole way with the fake panel over real HTTP: signed link, webhook, outcome; and its command."""

import os
import subprocess
import sys
from typing import Any

import httpx2
import pytest

from prism.lib.processes import CHECKOUT
from surveys.models import PanelConnection, PanelEvent
from surveys.panels import connecting, hooks
from tests.factories import make_member
from tests.surveys.panelled import panelled

WEBHOOK = {"status": "RETURNED"}


@pytest.mark.django_db(transaction=True)
def test_a_return_at_the_panel_ends_the_enrolment_here(settings: Any, live_server: Any) -> None:
    with panelled(settings) as house:
        settings.PUBLIC_URL = house.panel.audience = live_server.url
        connecting.listen(PanelConnection.objects.get(), make_member(house.study))
        _client, enrolment, one = house.send()
        told = httpx2.post(f"{house.server.url}/people/{one.id}", json=WEBHOOK).json()["told"]
        assert told == [200]
        assert hooks.handle(PanelEvent.objects.get().pk)
        enrolment.refresh_from_db()
        assert enrolment.outcome == "withdrawn"


def test_the_command_serves_keys_and_leads_people_to_the_study() -> None:
    entry = "http://127.0.0.1:1/studies/values/"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "fakepanel", "--port", "0", "--entry", entry],
        cwd=CHECKOUT,
        env=os.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        url = said.partition("PROLIFIC_JWKS_URL=")[2].partition("/.well-known")[0]
        assert "The fake panel is ready" in said
        assert httpx2.get(f"{url}/.well-known/study/jwks.json").json()["keys"][0]["alg"] == "RS256"
        answer = httpx2.get(f"{url}/start", follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith(f"{entry}?PROLIFIC_PID=")
        assert httpx2.get(f"{url}/api/v1/users/me/").status_code == 401
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()
