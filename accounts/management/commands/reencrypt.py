"""`python manage.py reencrypt`: every stored secret under the newest key of ENCRYPTION_KEYS."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.reencryption import Counts, Secrets, reencrypt, registered

MOST_NAMED = 10


class Command(BaseCommand):
    help = (
        "Encrypt every stored secret anew with the first key of ENCRYPTION_KEYS, so that the others can be "
        "retired. It may be interrupted and started again, while Prism runs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.add_argument("--batch", type=int, default=500, help="rows in one transaction")

    def handle(self, *args: Any, dry_run: bool, batch: int, **options: Any) -> None:
        if batch < 1:
            raise CommandError("--batch must be 1 or more.")
        found = {secrets: self.renew(secrets, batch, dry_run) for secrets in registered()}
        lost = {secrets: counts.unreadable for secrets, counts in found.items() if counts.unreadable}
        if lost:
            raise CommandError("No key of ENCRYPTION_KEYS opens these rows:\n" + named(lost))
        if any(counts.changed_meanwhile for counts in found.values()):
            raise CommandError("Some rows were changed meanwhile. Start it again for these.")
        if dry_run and any(counts.renewed for counts in found.values()):
            self.stdout.write("Nothing was changed. Without --dry-run these are encrypted anew.")
        else:
            self.stdout.write("Nothing needs a key but the first. The others may leave ENCRYPTION_KEYS.")

    def renew(self, secrets: Secrets, batch: int, is_dry_run: bool) -> Counts:
        """One column, with a line about it at the end."""
        counts = Counts()
        for counts in reencrypt(secrets, batch=batch, is_dry_run=is_dry_run):
            if self.stdout.isatty():
                self.stderr.write(f"{secrets}: {counts.renewed + counts.new_already} …", ending="\r")
        verb = "to encrypt anew" if is_dry_run else "encrypted anew"
        line = f"{secrets}: {counts.renewed} {verb}, {counts.new_already} under the newest key already"
        if counts.changed_meanwhile:
            line += f", {counts.changed_meanwhile} changed meanwhile"
        self.stdout.write(f"{line}, {len(counts.unreadable)} unreadable")
        return counts


def named(lost: dict[Secrets, list[object]]) -> str:
    """Which rows, by their primary keys."""
    return "\n".join(
        f"- {secrets}: {len(rows)}, first {', '.join(map(str, rows[:MOST_NAMED]))}"
        for secrets, rows in lost.items()
    )
