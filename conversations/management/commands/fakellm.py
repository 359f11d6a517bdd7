"""Serve the fake provider until it is stopped."""

from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.fakellm.personas import PERSONAS
from conversations.fakellm.server import build_server, create_app, listen


class Command(BaseCommand):
    """An OpenAI-compatible server with invented models, for demos, tests and load; it needs no database."""

    help = "Serve invented language models over OpenAI's protocol, for demos, tests and load."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Address, seed and speed."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8899, help="0 takes any free port")
        parser.add_argument("--seed", type=int, default=0, help="decides every text and every chance")
        parser.add_argument("--speed", type=float, default=1.0, help="1000 answers practically at once")
        parser.add_argument("--log-level", default="warning")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until Ctrl-C."""
        if options["speed"] <= 0:
            raise CommandError("--speed must be more than 0.")
        try:
            listener = listen(options["host"], options["port"])
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"Cannot listen on {options['host']}, port {options['port']}: {error}. "
                "Choose another with --port."
            ) from error
        host, port = listener.getsockname()[:2]
        self.stdout.write(
            f"The fake provider is ready at http://{host}:{port}/v1 with {', '.join(PERSONAS)}. "
            "Ctrl-C stops it."
        )
        self.stdout.flush()
        server = build_server(create_app(options["seed"], options["speed"]), options["log_level"])
        with suppress(KeyboardInterrupt):
            server.run([listener])
