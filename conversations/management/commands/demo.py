import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from accounts.links import make_link
from accounts.models import User
from conversations.demo import PEOPLE, load_demo
from conversations.running import Ports, add_prism, participant_link
from prism.lib.processes import ProcessFailedError, Supervisor, port_is_free, var_directory
from surveys.models.people import Role


class Command(BaseCommand):
    help = "Start Prism with the demo study: fake provider, web, workers and beat. Ctrl-C stops all of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo is for trying Prism out; it does not run with production settings.")
        if not port_is_free("127.0.0.1", port):
            raise CommandError(
                f"Port {port} is in use. Stop what listens there, or: make demo PORT={port + 80}"
            )
        self.stderr.write("Preparing the database …")
        call_command("migrate", verbosity=0)
        ports = Ports(web=port)
        load_demo(ports.fake_url)
        self.run(ports)

    def run(self, ports: Ports) -> None:
        house = Supervisor(var_directory() / "log", say=self.stderr.write)
        # Links that pages and mail show must lead to this very port.
        add_prism(house, ports, env={"PUBLIC_URL": os.environ.get("PUBLIC_URL", ports.web_url)})
        try:
            house.start(timeout=120)
        except ProcessFailedError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stderr.write("Stopped.")
            return
        self.greet(ports.web_url)
        house.run()
        self.stderr.write("Prism has stopped. Its data are kept for the next start.")

    def greet(self, base_url: str) -> None:
        links = {role: base_url + make_link(User.objects.get(email=email)) for email, role in PEOPLE.items()}
        self.stdout.write(
            f"\nPrism is ready at {base_url}\n\n"
            f"  Take part         {participant_link(base_url)}\n"
            f"  Coordinator       {links[Role.OWNER]}\n"
            f"  Annotator         {links[Role.ANNOTATOR]}\n"
            f"  Sent mail         {base_url}/accounts/mail/\n\n"
            "The sign-in links work once, from this machine, within 30 minutes. Ctrl-C stops everything.\n"
        )
        self.stdout.flush()
