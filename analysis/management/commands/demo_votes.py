"""Invented votes in the demonstration's arena, and the leaderboard of them."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.leaderboard import keeping
from conversations.arena.visiting import arena
from conversations.demo_votes import vote_for_show
from surveys.models import Study


class Command(BaseCommand):
    help = "Makes invented votes in the demonstration's arena, once, and computes its leaderboard."

    def handle(self, *args: Any, **options: Any) -> None:
        study = arena()
        if study is None or study.kind != Study.Kind.DEMO:
            raise CommandError("There is no arena of a demonstration here. `manage.py demo` makes one.")
        made = vote_for_show(study)
        if made:
            keeping.recompute()
        self.stdout.write(f"{made} votes made.")
