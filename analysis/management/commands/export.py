"""Write a study's release into a folder."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.exports import jobs
from analysis.exports.formats import FORMATS, PRISM
from analysis.exports.release import ARENA, REASONS, Scope
from analysis.models import Export
from conversations import demo
from conversations.models.imported import LIVE
from surveys.models import Study


class Command(BaseCommand):
    help = "Writes the data of a study into a folder: full files unless --de-identified is given."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="the study's slug; `demo` is loaded when it is missing")
        parser.add_argument("--format", default=PRISM, help=f"one of: {', '.join(FORMATS)}")
        parser.add_argument("--out", required=True, type=Path, help="the folder, made when it is missing")
        parser.add_argument(
            "--release-seed", default="", help="draw new codes for this release from this seed"
        )
        parser.add_argument("--include-test", action="store_true", help="with test data, left out otherwise")
        parser.add_argument(
            "--include-excluded",
            action="store_true",
            help="with people whom a coordinator excluded from the data, left out otherwise",
        )
        parser.add_argument(
            "--source",
            default=LIVE,
            help="of arena: live (default), imported, all, or the name of one imported dataset",
        )
        parser.add_argument(
            "--release-anyway",
            action="store_true",
            help="although the study's rules warn of personal data in it; written into the audit",
        )
        parser.add_argument("--de-identified", action="store_true", help="without free text and dates")
        parser.add_argument(
            "--json", action="store_true", help="one JSON document on stdout, all else on stderr"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["format"] not in FORMATS:
            raise CommandError(f"There is no format “{options['format']}”. Known: {', '.join(FORMATS)}.")
        if options["source"] != LIVE and options["format"] != ARENA:
            raise CommandError("--source is for the format arena: imported people answered no survey.")
        scope = Scope(
            study=find_study(options["study"]),
            is_full=not options["de_identified"],
            include_test=options["include_test"],
            include_excluded=options["include_excluded"],
            release_seed=checked_seed(options["release_seed"]),
            format=options["format"],
            source=options["source"],
        )
        directory = usable_folder(options["out"])
        asked = jobs.request_export(
            scope, None, source=jobs.BY_COMMAND, is_released=options["release_anyway"]
        )
        export = jobs.run(asked.pk, directory)
        if export is None or export.state != Export.State.DONE:
            raise CommandError(export.failure if export else "The export was deleted while it ran.")
        self.report(export, directory, as_json=options["json"])

    def report(self, export: Export, directory: Path, *, as_json: bool) -> None:
        files = export.manifest["files"]
        rows = {name: facts["rows"] for name, facts in files.items()}
        left_out = export.manifest["left_out"]
        if as_json:
            found = {
                "study": export.study.slug,
                "export": export.code,
                "directory": str(directory),
                "rows": rows,
                "left_out": left_out,
            }
            self.stdout.write(json.dumps(found))
            return
        for name, facts in files.items():
            self.stdout.write(f"{facts['rows']:>9} rows  {facts['sha256'][:12]}  {name}")
        reasons = ", ".join(f"{left_out[reason]} {reason.replace('_', ' ')}" for reason in REASONS)
        self.stdout.write(f"Left out of those who finished the survey: {reasons}.")
        self.stdout.write(f"Export {export.code} of “{export.study}” is in {directory}.")


def find_study(slug: str) -> Study:
    """The study; the demonstration is loaded when missing. Raises CommandError naming those there are."""
    study = Study.objects.filter(slug=slug).first()
    if study is None and slug == demo.SLUG:
        return demo.load_demo()
    if study is None:
        known = ", ".join(sorted(Study.objects.slugs())) or "none yet"
        raise CommandError(f"There is no study “{slug}”. Studies here: {known}.")
    return study


def usable_folder(directory: Path) -> Path:
    """Make the folder; raises CommandError with the reason when it cannot be made."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"The folder {directory} cannot be used: {error.strerror}.") from error
    return directory.resolve()


def checked_seed(seed: str) -> str:
    longest = Export._meta.get_field("release_seed").max_length or 0
    if len(seed) > longest:
        raise CommandError(f"The release seed is too long: at most {longest} characters.")
    return seed
