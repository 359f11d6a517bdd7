"""How many conversations of a type a study may hold, over all its people."""

from datetime import timedelta

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from conversations.models import Conversation, Turn
from conversations.protocols import Protocol
from surveys.models import Enrolment, Study

State = Conversation.State
KEPT = timedelta(hours=1)


def full_types(enrolment: Enrolment, rules: Protocol) -> frozenset[str]:
    """The types of which the study has as many conversations as it may; test data count among themselves."""
    return full_in(enrolment.study_id, rules, is_test=enrolment.is_test)


def full_in(study_id: int, rules: Protocol, *, is_test: bool = False) -> frozenset[str]:
    """As `full_types`, for who has not come in yet.

    A conversation that is under way takes a place as long as its person can go on, and one without a message
    for as long as `KEPT`.
    """
    bounds = {kind.key: kind.most for kind in rules.types if kind.most}
    if not bounds:
        return frozenset()
    taken = taken_places(study_id, is_test=is_test)
    return frozenset(key for key, most in bounds.items() if taken.get(key, 0) >= most)


def taken_places(study_id: int, *, is_test: bool = False) -> dict[str, int]:
    gone = Q(enrolment__outcome=Enrolment.Outcome.WITHDRAWN)
    held = Q(state=State.COMPLETE) & ~gone
    is_begun = Q(started_at__gt=timezone.now() - KEPT) | Exists(
        Turn.objects.filter(conversation=OuterRef("pk"))
    )
    under_way = Q(state__in=[State.OPEN, State.FEEDBACK], enrolment__outcome="") & is_begun
    live = Conversation.objects.filter(enrolment__is_test=is_test, enrolment__is_imported=False)
    found = live.filter(held | under_way, study=study_id)
    return dict(found.order_by().values_list("type").annotate(Count("pk")))


def wait_for_turn(study_id: int, rules: Protocol, key: str) -> None:
    """Whoever begins a bounded type looks for a place and takes it alone. Call within a transaction."""
    kind = rules.type(key)
    if kind and kind.most:
        Study.objects.select_for_update(no_key=True).get(pk=study_id)


def has_lapsed(talk: Conversation) -> bool:
    """Whether a conversation without a message has given its place back by now."""
    return talk.started_at <= timezone.now() - KEPT


def may_begin(talk: Conversation) -> bool:
    """Whether the first message of a conversation has its place still, or finds one again. Call within a
    transaction."""
    if not has_lapsed(talk):
        return True
    rules = talk.protocol.parsed()
    wait_for_turn(talk.study_id, rules, talk.type)
    return talk.type not in full_types(talk.enrolment, rules)
