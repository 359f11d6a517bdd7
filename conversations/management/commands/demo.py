import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from accounts.links import make_link
from accounts.models import User
from conversations.demo import PEOPLE, load_demo
from conversations.running import PANEL_STUDY, Ports, add_panel, add_prism, participant_link
from prism.lib.crypto import encrypt
from prism.lib.processes import ProcessFailedError, Supervisor, port_is_free, var_directory
from surveys.models import PanelConnection, Study
from surveys.models.people import Role


class Command(BaseCommand):
    help = "Start Prism with the demo study, its fake provider and its fake panel. Ctrl-C stops all of it."
    # They load every page, which the web process does as well, and a person waits.
    requires_system_checks = []

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
        connect_panel(load_demo(ports.fake_url))
        # Of rooms above this one, which are called by name.
        call_command("demo_votes", stdout=self.stderr)
        call_command("demo_batch", stdout=self.stderr)
        self.run(ports)

    def run(self, ports: Ports) -> None:
        house = Supervisor(var_directory() / "log", say=self.stderr.write)
        # Links that pages and mail show must lead to this very port.
        panel = add_panel(house, ports, os.environ.get("PUBLIC_URL", ports.web_url))
        add_prism(house, ports, env=panel)
        try:
            house.start(timeout=120)
        except ProcessFailedError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stderr.write("Stopped.")
            return
        self.greet(ports.web_url, ports.panel_url)
        house.run()
        self.stderr.write("Prism has stopped. Its data are kept for the next start.")

    def greet(self, base_url: str, panel_url: str) -> None:
        links = {role: base_url + make_link(User.objects.get(email=email)) for email, role in PEOPLE.items()}
        self.stdout.write(
            f"\nPrism is ready at {base_url}\n\n"
            f"  Take part         {participant_link(base_url)}\n"
            f"  From the panel    {panel_url}/start\n"
            f"  Coordinator       {links[Role.OWNER]}\n"
            f"  Annotator         {links[Role.ANNOTATOR]}\n"
            f"  Sent mail         {base_url}/accounts/mail/\n\n"
            "The sign-in links work once, from this machine, within 30 minutes. Ctrl-C stops everything.\n"
        )
        self.stdout.flush()


def connect_panel(study: Study) -> None:
    """Let the study use a fake panel that has just been started, and knows nobody yet."""
    fields = {"panel_study": PANEL_STUDY, "workspace": "demo", "encrypted_token": encrypt("demonstration")}
    anew = {"encrypted_secret": "", "subscribed_at": None, "polled_at": None, "problem": ""}
    PanelConnection.objects.update_or_create(study=study, defaults=fields | anew)
