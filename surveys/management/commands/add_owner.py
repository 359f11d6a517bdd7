"""`python manage.py add_owner EMAIL STUDY`: the first owner of a study comes from the command line."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.urls import reverse

from surveys.models import Study
from surveys.people import add_owner


class Command(BaseCommand):
    help = "Make a person, new or known, an owner of a study."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("study", help="the study's slug")

    def handle(self, *args: Any, email: str, study: str, **options: Any) -> None:
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email} is not an e-mail address.") from error
        row = Study.objects.filter(slug=study).first()
        if row is None:
            known = ", ".join(Study.objects.slugs()) or "none yet"
            raise CommandError(f"There is no study {study}. Studies: {known}.")
        member = add_owner(row, email)
        self.stdout.write(
            f"{member.user.email} is an owner of {row.title}.\n"
            f"Next: sign in at {settings.PUBLIC_URL}{reverse('account_login')} with a code sent there."
        )
