"""`python manage.py study export|import|clone`: whole studies as folders of files."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_slug

from conversations import study_files
from surveys.models import Study
from surveys.study_folder import FolderError, read_folder, write_folder


class Command(BaseCommand):
    help = "Write a study's definition into a folder, make a draft from such a folder, or clone a study."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        export = verbs.add_parser("export", help="write the study's files")
        export.add_argument("slug")
        export.add_argument("--out", type=Path, required=True, metavar="DIR")
        load = verbs.add_parser("import", help="make a draft from a folder")
        load.add_argument("folder", type=Path)
        load.add_argument("--slug", default="", help="instead of the one in study.yaml")
        load.add_argument("--dry-run", action="store_true", help="only say what is wrong")
        clone = verbs.add_parser("clone", help="make a draft with another study's definition")
        clone.add_argument("slug")
        clone.add_argument("new", help="the clone's slug")
        clone.add_argument("--title", default="", help="instead of the same title")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        try:
            self.act(verb, options)
        except FolderError as error:
            raise CommandError(f"Nothing was changed.\n{error}") from error
        except OSError as error:
            raise CommandError(f"{error.filename} cannot be used: {error.strerror}") from error

    def act(self, verb: str, options: dict[str, Any]) -> None:
        if verb == "export":
            self.export(**options)
        elif verb == "import":
            self.load(**options)
        else:
            self.clone(**options)

    def export(self, slug: str, out: Path, **options: Any) -> None:
        files = study_files.export(self.find(slug))
        write_folder(files, out)
        self.stdout.write(f"{slug} is in {out}: {', '.join(files)}.")

    def load(self, folder: Path, slug: str, dry_run: bool, **options: Any) -> None:
        definition = study_files.check(read_folder(folder), slug=self.checked(slug) if slug else "")
        if definition.unknown_models:
            names = ", ".join(definition.unknown_models)
            self.stderr.write(f"These models are not known here and are left out: {names}.")
        if dry_run:
            self.stdout.write(f"{folder} is sound: it would become the study {definition.fields['slug']}.")
            return
        self.tell(study_files.load(definition))

    def clone(self, slug: str, new: str, title: str, **options: Any) -> None:
        self.tell(study_files.clone(self.find(slug), self.checked(new), title))

    def tell(self, study: Study) -> None:
        self.stdout.write(f"{study.slug} is a draft. Next: add_owner EMAIL {study.slug}.")

    def checked(self, slug: str) -> str:
        try:
            validate_slug(slug)
        except ValidationError as error:
            raise CommandError(
                f"{slug!r} cannot stand in an address: use letters, digits, - and _"
            ) from error
        return slug

    def find(self, slug: str) -> Study:
        study = Study.objects.filter(slug=slug).first()
        if study is None:
            known = ", ".join(Study.objects.slugs()) or "none yet"
            raise CommandError(f"There is no study {slug}. Studies: {known}.")
        return study
