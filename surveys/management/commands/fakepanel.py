"""Serve the fake panel until it is stopped."""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from surveys.panels.fake.panel import FakePanel
from surveys.panels.fake.server import FakeServer


class Command(BaseCommand):
    """A panel with Prolific's addresses, for demos and tests; it needs no database."""

    help = "Serve an invented panel that speaks Prolific's API, for demos and tests."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Address, and the study that people are led to."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8898, help="0 takes any free port")
        parser.add_argument("--entry", default="", help="address of a study, to which /start leads")
        parser.add_argument("--study", default="", help="the study's id at this panel; a new one if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until Ctrl-C."""
        panel = FakePanel(settings.PUBLIC_URL)
        study = panel.add_study(options["entry"], name=options["study"])
        try:
            server = FakeServer((options["host"], options["port"]), panel)
        except (OSError, OverflowError) as error:
            raise CommandError(
                _("Cannot listen there: %(reason)s. Choose another with --port.") % {"reason": error}
            ) from error
        self.stdout.write(
            _(
                "The fake panel is ready. PROLIFIC_URL=%(api)s PROLIFIC_JWKS_URL=%(keys)s. Its study is "
                "%(study)s; %(start)s takes part in it. Ctrl-C stops it."
            )
            % {"api": server.api, "keys": server.jwks_url, "study": study.id, "start": f"{server.url}/start"}
        )
        self.stdout.flush()
        with suppress(KeyboardInterrupt):
            server.serve_forever()
