from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from conversations.arena.visiting import make_arena
from surveys import audit
from surveys.models import Study


class Command(BaseCommand):
    help = "Make the arena's study with the shipped terms and protocol, and open or close it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--title", default="Arena", help="what visitors read above every page")
        parser.add_argument("--contact", default="", help="e-mail address for visitors' questions")
        state = parser.add_mutually_exclusive_group()
        state.add_argument("--open", dest="state", action="store_const", const=Study.State.OPEN)
        state.add_argument("--close", dest="state", action="store_const", const=Study.State.CLOSED)

    def handle(self, *args: Any, title: str, contact: str, state: str | None, **options: Any) -> None:
        study = make_arena(title, contact_email=contact)
        if state and state != study.state:
            Study.objects.filter(pk=study.pk).update(state=state)
            audit.record(None, f"study.{'opened' if state == Study.State.OPEN else 'closed'}", study=study)
            study.refresh_from_db()
        self.stdout.write(
            f"The arena is at /arena/ and is {study.get_state_display()}. "
            f"Next: add_owner EMAIL {study.slug}; the owner chooses its models."
        )
