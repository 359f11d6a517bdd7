"""A study connected to the fake panel, and people whom that panel sends."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.test import Client

from prism.lib.crypto import encrypt
from surveys.models import Enrolment, PanelConnection, PanelSubmission, Study
from surveys.panels import submissions
from surveys.panels.fake.panel import FakePanel, FakeSubmission
from surveys.panels.fake.server import FakeServer, running
from tests.surveys.visitors import agree, make_small_study

AUDIENCE = "https://prism.example"


@dataclass
class Panelled:
    """A study at the panel."""

    server: FakeServer
    study: Study
    connection: PanelConnection

    @property
    def panel(self) -> FakePanel:
        return self.server.panel

    def send(self, participant: str = "") -> tuple[Client, Enrolment, FakeSubmission]:
        """The panel sends somebody, who comes in by the signed link and agrees."""
        one = self.panel.reserve(self.connection.panel_study, participant)
        one.status = "ACTIVE"
        client = Client()
        assert self.open(client, one).status_code == 303
        agree(client, self.study)
        return client, self.row(one).enrolment, one

    def open(self, client: Client, one: FakeSubmission, **claims: Any) -> HttpResponse:
        link = self.panel.link(one, **claims)
        return client.get(f"/studies/{self.study.slug}/?{link.partition('?')[2]}")

    def row(self, one: FakeSubmission) -> PanelSubmission:
        digest, _person = submissions.digests(self.study, one.id, "")
        return PanelSubmission.objects.get(enrolment__study=self.study, digest=digest)

    def hook(self, one: FakeSubmission, **times: float) -> HttpResponse:
        return self.post(*self.panel.event(one, **times))

    def post(self, headers: dict[str, str], body: bytes) -> HttpResponse:
        path = f"/panels/prolific/{self.connection.hook_key}/hook/"
        return Client().post(path, body, content_type="application/json", headers=headers)


@contextmanager
def panelled(settings: Any, **fields: Any) -> Iterator[Panelled]:
    """A fake panel with one study of ours, its token and its webhook secret stored."""
    with running(AUDIENCE) as server:
        settings.PROLIFIC_URL, settings.PROLIFIC_JWKS_URL = server.api, server.jwks_url
        settings.PUBLIC_URL = AUDIENCE
        theirs = server.panel.add_study()
        server.panel.secret = "shared secret"
        study = make_small_study(
            **{"panel": {"kind": "prolific", "signed_entry": {"required": True}}, **fields}
        )
        connection = PanelConnection.objects.create(
            study=study,
            panel_study=theirs.id,
            workspace="w1",
            encrypted_token=encrypt("secret-token"),
            encrypted_secret=encrypt("shared secret"),
        )
        yield Panelled(server, study, connection)
