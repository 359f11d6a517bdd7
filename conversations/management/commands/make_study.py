from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_slug

from conversations.studies import make_prism_study
from surveys import audit
from surveys.models import Enrolment, Study


class Command(BaseCommand):
    help = "Make a study, as a draft, with the PRISM questionnaire, consent and conversation protocol."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the study's address: /studies/<slug>/")
        parser.add_argument("--title", required=True, help="what participants read above every page")
        parser.add_argument("--contact", default="", help="e-mail address for participants' questions")
        parser.add_argument("--locale", default="", help="where people are recruited, for the export")
        parser.add_argument(
            "--code",
            action="append",
            default=[],
            metavar="OUTCOME=CODE",
            help="the panel's code for an outcome",
        )

    def handle(self, *args: Any, slug: str, title: str, **options: Any) -> None:
        try:
            validate_slug(slug)
        except ValidationError as error:
            raise CommandError(
                f"{slug!r} cannot stand in an address: use letters, digits, - and _"
            ) from error
        if Study.objects.filter(slug=slug).exists():
            raise CommandError(f"there is a study with the slug {slug!r} already")
        study = make_prism_study(
            slug,
            title,
            contact_email=options["contact"],
            locale=options["locale"].lower(),
            panel={"codes": self.codes(options["code"])},
        )
        audit.record(None, "study.made", study=study)
        self.stdout.write(
            f"{study.title} is at /studies/{slug}/, not open yet. "
            f"Next: add_owner EMAIL {slug}; the owner adds models and opens it."
        )

    def codes(self, pairs: list[str]) -> dict[str, str]:
        """The panel's codes by outcome; refuses what is no outcome."""
        codes = dict(pair.partition("=")[::2] for pair in pairs)
        known = {value for value in Enrolment.Outcome.values if value}
        wrong = sorted(set(codes) - known | {outcome for outcome, code in codes.items() if not code})
        if wrong:
            raise CommandError(
                f"--code takes OUTCOME=CODE with an outcome of {', '.join(sorted(known))}; "
                f"not {', '.join(wrong)}"
            )
        return codes
