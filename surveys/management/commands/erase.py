"""`python manage.py erase STUDY CODE --reason TEXT`: what a participant gave goes, at their wish."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from surveys.erasure import erase
from surveys.models import Enrolment, Study


class Command(BaseCommand):
    help = (
        "Erase what a participant gave, in every study they took part in, and finished exports that may hold "
        "it. It cannot be undone. Rows and codes stay, and the audit says that and why."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="the study's slug")
        parser.add_argument("code", help="the participant's code there, such as user123456789")
        parser.add_argument("--reason", required=True, help="stands in the audit: name nobody in it")

    def handle(self, *args: Any, study: str, code: str, reason: str, **options: Any) -> None:
        if not reason.strip():
            raise CommandError("Give a reason: it is all that the audit will say.")
        participant = find_enrolment(study, code).participant
        if participant.erased_at:
            raise CommandError(f"{code} was erased already, on {participant.erased_at:%Y-%m-%d}.")
        counts = erase(participant, reason=reason.strip())
        for name, number in counts.items():
            self.stdout.write(f"{number:>9} {name}")
        self.stdout.write(
            f"{code} is erased. Files that were downloaded before, and dumps of the database, still hold "
            "what the person gave."
        )


def find_enrolment(slug: str, code: str) -> Enrolment:
    """The enrolment with this code in the study; raises CommandError when there is none."""
    study = Study.objects.filter(slug=slug).first()
    if study is None:
        raise CommandError(
            f"There is no study {slug}. Studies: {', '.join(Study.objects.slugs()) or 'none yet'}."
        )
    found = study.enrolments.select_related("participant").coded(code).first()
    if found is None:
        raise CommandError(f"Nobody in {slug} has the code {code}. Codes stand on the participants page.")
    return found
