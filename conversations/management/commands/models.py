"""`python manage.py models export|import`: the registry of models as one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from conversations import catalogue
from conversations.models import LanguageModel
from surveys.questionnaires import QuestionnaireError


class Command(BaseCommand):
    help = "Write all models and their providers into a file, or take them from one. Keys are never in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        export = verbs.add_parser("export", help="write the registry; as JSON where the name ends so")
        export.add_argument("file", type=Path)
        load = verbs.add_parser("import", help="add and change providers and models")
        load.add_argument("file", type=Path)

    def handle(self, *args: Any, verb: str, file: Path, **options: Any) -> None:
        try:
            self.export(file) if verb == "export" else self.load(file)
        except QuestionnaireError as error:
            raise CommandError(f"Nothing was stored.\n{error}") from error
        except UnicodeDecodeError as error:
            raise CommandError(f"{file} is no text in UTF-8. Nothing was stored.") from error
        except OSError as error:
            raise CommandError(f"{error.filename} cannot be used: {error.strerror}") from error

    def export(self, file: Path) -> None:
        models = list(LanguageModel.objects.select_related("provider"))
        file.write_text(catalogue.export(models, as_json=file.suffix == ".json"), encoding="utf-8")
        self.stdout.write(f"{len(models)} models are in {file}, without keys.")

    def load(self, file: Path) -> None:
        found = catalogue.check(file.read_text(encoding="utf-8"))
        providers, models = catalogue.store(found, None)
        self.stdout.write(f"{providers} providers were added, {models} models were added or changed.")
        if providers:
            self.stdout.write("New providers have no key yet: enter it on their page.")
