"""How many conversations of a type a study may hold, over all its people."""

from django.db.models import Count, Q

from conversations.models import Conversation
from conversations.protocols import Protocol
from surveys.models import Enrolment, Study

State = Conversation.State


def full_types(enrolment: Enrolment, rules: Protocol) -> frozenset[str]:
    """The types of which the study has as many conversations as it may; test data count among themselves.

    A conversation that is under way takes a place as long as its person can go on.
    """
    bounds = {kind.key: kind.most for kind in rules.types if kind.most}
    if not bounds:
        return frozenset()
    taken = taken_places(enrolment.study_id, is_test=enrolment.is_test)
    return frozenset(key for key, most in bounds.items() if taken.get(key, 0) >= most)


def taken_places(study_id: int, *, is_test: bool = False) -> dict[str, int]:
    gone = Q(enrolment__outcome=Enrolment.Outcome.WITHDRAWN)
    held = Q(state=State.COMPLETE) & ~gone
    under_way = Q(state__in=[State.OPEN, State.FEEDBACK], enrolment__outcome="")
    live = Conversation.objects.filter(enrolment__is_test=is_test, enrolment__is_imported=False)
    found = live.filter(held | under_way, study=study_id)
    return dict(found.order_by().values_list("type").annotate(Count("pk")))


def wait_for_turn(study_id: int, rules: Protocol, key: str) -> None:
    """Whoever begins a bounded type looks for a place and takes it alone. Call within a transaction."""
    kind = rules.type(key)
    if kind and kind.most:
        Study.objects.select_for_update(no_key=True).get(pk=study_id)
