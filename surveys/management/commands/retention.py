"""`python manage.py retention`: erase what studies keep no longer, or say what that would be."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from surveys import retention
from surveys.models import Study
from surveys.retention import Due


class Command(BaseCommand):
    help = "Erase what the periods of studies say, as beat does every hour. It cannot be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--study", default="", help="slug of one study; without it, all of them")
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what is due, and when what comes next"
        )
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, study: str, dry_run: bool, json: bool, **options: Any) -> None:
        chosen = self.studies(study)
        due = [each for row in chosen for each in retention.plan(row)]
        if not dry_run:
            for row in chosen:
                retention.enforce(row)
        self.tell(due, dry_run=dry_run, as_json=json)

    def studies(self, slug: str) -> list[Study]:
        found = Study.objects.filter(slug=slug) if slug else Study.objects.exclude(retention={})
        if slug and not found:
            raise CommandError(
                f"There is no study {slug}. Studies: {', '.join(Study.objects.slugs()) or 'none'}."
            )
        return list(found.order_by("slug"))

    def tell(self, due: list[Due], *, dry_run: bool, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps([_facts(each) for each in due], indent=1))
            return
        verb = "would be erased" if dry_run else "erased"
        for each in due:
            then = f"; the next on {each.next_at:%Y-%m-%d}" if each.next_at else ""
            self.stdout.write(
                f"{each.study.slug}: {each.part} after {each.days} days: {each.people} people {verb}{then}"
            )
        if not due:
            self.stdout.write("No study says how long it keeps what people gave: nothing is erased.")


def _facts(due: Due) -> dict[str, Any]:
    return {
        "study": due.study.slug,
        "part": str(due.part),
        "days": due.days,
        "people": due.people,
        "next_at": due.next_at.isoformat() if due.next_at else None,
    }
