"""Play participants against a running Prism or one of our own, and prove that nothing they sent was lost."""

import asyncio
import json
import signal
import time
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from conversations.bots import books, house, report
from conversations.bots.people import crowd
from conversations.bots.playing import Outcome, Site, play_all
from prism.lib.processes import ProcessFailedError
from surveys.entry import test_token


class Command(BaseCommand):
    """Exit status 0: everybody is accounted for and nothing was lost; 1: not so; 2: it could not begin."""

    help = "Let bots take part in a study as people would, and compare what they sent with what is stored."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="the study's slug; `demo` is made if it is missing")
        parser.add_argument("--participants", type=int, default=10)
        parser.add_argument("--concurrency", type=int, default=5, help="how many take part at a time")
        parser.add_argument("--seed", type=int, default=0, help="decides who they are and what they answer")
        parser.add_argument("--base-url", default="", help="play against this Prism and start nothing")
        parser.add_argument("--test-token", default="", help="with --base-url: the token of a live study")
        parser.add_argument("--think", type=float, default=0.0, help="mean seconds before each step")
        parser.add_argument("--speed", type=float, default=1.0, help="of the fake provider; 50 is fast")
        parser.add_argument(
            "--rough",
            action="store_true",
            help="people leave, decline, withdraw, are too young, come back, open two tabs, go back and send "
            "what they should not",
        )
        parser.add_argument("--same-people", action="store_true", help="the panel's ids follow the seed too")
        parser.add_argument("--json", action="store_true", help="one line of JSON on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("participants", "concurrency", "speed"):
            if options[name] <= 0:
                raise CommandError(_("--%(name)s must be more than 0.") % {"name": name}, returncode=2)
        if options["think"] < 0:
            raise CommandError(_("--think must not be negative."), returncode=2)
        begun = time.monotonic()
        try:
            outcomes = self.play_there(options) if options["base_url"] else self.play_here(options)
        except KeyboardInterrupt as error:
            raise CommandError(_("Stopped before the end; nothing was compared."), returncode=130) from error
        self.tell(outcomes, time.monotonic() - begun, options["json"])

    def play_there(self, options: dict[str, Any]) -> list[Outcome]:
        site = Site(options["base_url"].rstrip("/"), options["study"], options["test_token"])
        return self.play(site, options)

    def play_here(self, options: dict[str, Any]) -> list[Outcome]:
        """Start what is needed, play, stop it again."""
        try:
            study = house.find_study(options["study"])
            token = "" if study.is_demo else test_token(study)
            if house.calls_real_models(study):
                self.stderr.write("This study has models of real providers: their calls may cost money.")
            newest = books.newest_enrolment(study)
            # Ended from outside too, the house is left in order.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            speed, people = options["speed"], options["concurrency"]
            with house.running(speed, self.stderr.write, people) as (base_url, supervisor):
                site = Site(base_url, study.slug, token)
                outcomes = self.play(site, options, supervisor.watch_once)
            books.close(study, outcomes, newest)
        except (house.UnknownStudy, ProcessFailedError) as error:
            raise CommandError(str(error), returncode=2) from error
        return outcomes

    def play(
        self, site: Site, options: dict[str, Any], watch_house: Callable[[], None] = lambda: None
    ) -> list[Outcome]:
        people = crowd(options["participants"], options["seed"], are_same=options["same_people"])
        self.stderr.write(
            f"{len(people)} participants, {options['concurrency']} at a time, at {site.study_url}"
        )
        return asyncio.run(
            play_all(
                site,
                people,
                concurrency=options["concurrency"],
                think=options["think"],
                is_rough=options["rough"],
                on_end=Progress(len(people), self.stderr.write),
                watch_house=watch_house,
            )
        )

    def tell(self, outcomes: list[Outcome], seconds: float, is_json: bool) -> None:
        """Figures to stdout, what went wrong to stderr; raises CommandError when anything did."""
        found = report.figures(outcomes, seconds)
        self.stdout.write(json.dumps(found) if is_json else report.table(found))
        for line in report.differences(outcomes):
            self.stderr.write(line)
        if found["lost"] or found["accounted_for"] < found["started"]:
            raise CommandError(
                _("%(completed)s of %(started)s participants completed, and %(lost)s things were lost.")
                % found
            )


class Progress:
    """Says on each end how far the run is."""

    def __init__(self, total: int, say: Callable[[str], object]) -> None:
        self.total, self.say, self.ended = total, say, 0

    def __call__(self, outcome: Outcome) -> None:
        self.ended += 1
        how = outcome.error or outcome.ended or "no end"
        self.say(f"{self.ended} of {self.total}: participant {outcome.person.number}, {how}")
