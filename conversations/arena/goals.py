"""How many votes a study hopes for, and how far it is: counted once a minute for all visitors together."""

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet
from redis import RedisError

from accounts.models import User
from conversations.models import Goal, Vote
from surveys import audit
from surveys.models import Study

MINUTE, DAY = 60, 86_400
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    votes: int
    goal: int
    since: date

    @property
    def shown(self) -> int:
        """For a bar, which ends at the goal."""
        return min(self.votes, self.goal)

    @property
    def percent(self) -> int:
        """Rounded down: the goal is reached when it is."""
        return self.votes * 100 // self.goal


def progress(study: Study) -> Progress | None:
    """As it was within the last minute; None without a goal, and while nobody knows the count."""
    key = _key(study)
    try:
        known: dict[str, Any] | None = cache.get(key)
        if cache.add(f"{key}.counted", 1, MINUTE):  # whoever comes first in a minute counts, for all
            known = counted(study)
            cache.set(key, known, DAY)
    except RedisError as error:
        log.warning("no goal shown, Redis does not answer: %s", type(error).__name__)
        return None
    return Progress(**known) if known else None


def counted(study: Study) -> dict[str, Any] | None:
    """Of `votes_of` since the day that was set; None without a goal."""
    goal = Goal.objects.filter(study=study).first()
    if goal is None:
        return None
    since = datetime.combine(goal.since, time.min, UTC)
    return {"votes": votes_of(study).filter(at__gte=since).count(), "goal": goal.votes, "since": goal.since}


def votes_of(study: Study) -> QuerySet[Vote]:
    """Its visitors' votes: no tests, nothing erased, nothing imported from other arenas."""
    found = Vote.objects.filter(turn__conversation__study=study, turn__conversation__imported=None)
    return found.filter(turn__conversation__enrolment__is_test=False).exclude(choice="")


def store(study: Study, votes: int | None, since: date | None, by: User | None) -> None:
    """Set the goal, or take it away where `votes` is None. It is shown at once."""
    with transaction.atomic():
        if votes is None or since is None:
            Goal.objects.filter(study=study).delete()
            audit.record(by, "goal.removed", study=study)
        else:
            Goal.objects.update_or_create(study=study, defaults={"votes": votes, "since": since})
            audit.record(by, "goal.set", study=study, votes=votes, since=since.isoformat())
    _forget(study)


def _forget(study: Study) -> None:
    try:
        cache.delete_many([_key(study), f"{_key(study)}.counted"])
    except RedisError as error:
        log.warning("an old goal may be shown for a minute: %s", type(error).__name__)


def _key(study: Study) -> str:
    return f"goal:{study.pk}"
