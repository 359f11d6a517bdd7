"""`python manage.py load_consent FILE --study SLUG`: a consent document from a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from surveys import consents
from surveys.models import ConsentDocument, Study
from surveys.questionnaires import QuestionnaireError


class Command(BaseCommand):
    help = "Load a consent document; a changed text becomes the next version. With --study the study uses it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--study", default="", help="slug of the study that shall use this version")

    def handle(self, *args: Any, file: Path, study: str, **options: Any) -> None:
        document = self.load(file)
        self.stdout.write(f"{document.key}, version {document.version}: {document.title}")
        if study:
            self.use(document, study)

    def load(self, file: Path) -> ConsentDocument:
        try:
            return ConsentDocument.load_file(file.read_text(encoding="utf-8"), source=file.name)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
        except QuestionnaireError as error:
            raise CommandError(f"{file} is no consent document:\n{error}") from error

    def use(self, document: ConsentDocument, slug: str) -> None:
        found = Study.objects.filter(slug=slug).first()
        if found is None:
            raise CommandError(
                f"There is no study {slug}. Studies: {', '.join(Study.objects.slugs()) or 'none'}."
            )
        consents.use(found, document, None, instead_of=found.consent_document_id)
        asked = (
            "people on the way are asked again" if document.reconsent else "who agreed keeps their version"
        )
        self.stdout.write(f"{found.slug} uses it from now on; {asked}.")
