"""A batch of invented pairs in the demonstration's study."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotations.batches.demo import make_for_show
from surveys.models import Study


class Command(BaseCommand):
    help = "Makes a small batch of invented pairs in the demonstration's study, once, and opens it."

    def handle(self, *args: Any, **options: Any) -> None:
        study = Study.objects.filter(slug="demo", kind=Study.Kind.DEMO).first()
        if study is None:
            raise CommandError("There is no study of a demonstration here. `manage.py demo` makes one.")
        self.stdout.write(f"{make_for_show(study)} tasks made.")
