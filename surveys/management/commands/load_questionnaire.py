from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from surveys import audit
from surveys.models import Questionnaire, Study
from surveys.questionnaires import QuestionnaireError


class Command(BaseCommand):
    help = (
        "Load a questionnaire file; a changed text becomes the next version. With --study the study uses it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--study", default="", help="slug of the study that shall use this version")

    def handle(self, *args: Any, file: Path, study: str, **options: Any) -> None:
        questionnaire = self.load(file)
        self.stdout.write(f"{questionnaire.key}, version {questionnaire.version}: {questionnaire.title}")
        if study:
            self.use(questionnaire, study)

    def load(self, file: Path) -> Questionnaire:
        try:
            return Questionnaire.load(file.read_text(encoding="utf-8"), source=file.name)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
        except QuestionnaireError as error:
            raise CommandError(f"{file} is no questionnaire:\n{error}") from error

    def use(self, questionnaire: Questionnaire, slug: str) -> None:
        found = Study.objects.filter(slug=slug).first()
        if found is None:
            raise CommandError(f"there is no study with the slug {slug!r}")
        found.questionnaire = questionnaire
        found.save(update_fields=["questionnaire"])
        audit.record(None, "questionnaire.loaded", study=found, subject=questionnaire)
        self.stdout.write(f"{found.slug} uses it from now on; people who have begun keep their version.")
