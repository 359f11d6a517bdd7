"""The parameters that narrow lists of conversations and of what belongs to them."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from rest_framework import serializers

from conversations.ballots import MODES
from conversations.models import Conversation, Report, Response, Turn, Vote
from conversations.models.imported import ALL, IMPORTED, LIVE
from surveys.api.filters import Filter
from surveys.models import Decision, Enrolment, Study
from surveys.quality.deciding import stands


def chosen(*names: str, **more: Any) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=names, required=False, **more)


def moment(text: str) -> serializers.DateTimeField:
    return serializers.DateTimeField(required=False, help_text=text)


class TextFilter(Filter):
    text = chosen(
        "with", help_text="With what people and models wrote; needs a scope and a right of its own."
    )


class PeopleFilter(TextFilter):
    source = serializers.CharField(  # type: ignore[assignment]
        max_length=40, required=False, help_text="live (if not given), imported, all, or a dataset's key."
    )
    participant = serializers.CharField(max_length=20, required=False, help_text="A participant's code.")
    test = chosen("with", "only", help_text="Test data are left out unless asked for.")
    excluded = chosen(
        "with", "only", help_text="People excluded from the data are left out unless asked for."
    )


class ConversationFilter(PeopleFilter):
    type = serializers.CharField(max_length=40, required=False)
    state = chosen(*Conversation.State.values)
    mode = chosen(*MODES, help_text="In the arena: how the pair was drawn.")
    protocol = serializers.IntegerField(required=False, help_text="A version of the protocol.")
    started_after = moment("Begun later than this.")
    started_before = moment("Begun before this.")
    changed_after = moment("Begun, answered, judged, ended or revealed later than this.")


class RecordFilter(PeopleFilter):
    conversation = serializers.CharField(max_length=20, required=False, help_text="A conversation's code.")
    after = moment("Given later than this.")
    before = moment("Given before this.")


class TurnFilter(RecordFilter):
    changed_after = moment("Written, answered or judged later than this.")


class JudgedFilter(RecordFilter):
    model = serializers.CharField(max_length=200, required=False, help_text="A model's name.")


class VoteFilter(JudgedFilter):
    choice = chosen(*Vote.Choice.values)
    mode = chosen(*MODES)
    language = serializers.CharField(max_length=35, required=False, help_text="Of the page.")
    blind = serializers.BooleanField(required=False, allow_null=True, default=None)


class ReportFilter(RecordFilter):
    kind = chosen(*Report.Kind.values)


GONE = (
    Q(enrolment__outcome=Enrolment.Outcome.WITHDRAWN)
    | Q(enrolment__erased_at__isnull=False)
    | Q(enrolment__participant__erased_at__isnull=False)
)


def conversations(study: Study, asked: dict[str, Any]) -> QuerySet[Conversation]:
    """Those of the people asked for. What somebody took back or had erased is in no list."""
    is_excluded = stands(Decision.Value.EXCLUDE, "enrolment")
    found = Conversation.objects.filter(~GONE, study=study)
    if asked.get("test") != "with":
        found = found.filter(
            Q(enrolment__is_imported=True) | Q(enrolment__is_test=asked.get("test") == "only")
        )
    if asked.get("excluded") != "with":
        found = found.filter(is_excluded if asked.get("excluded") == "only" else ~is_excluded)
    found = found.filter(_of_source(asked.get("source", LIVE)))
    if "participant" in asked:
        found = found.filter(enrolment__in=study.enrolments.coded(asked["participant"]))
    if "conversation" in asked:
        found = found.filter(pk__in=Conversation.objects.filter(study=study).coded(asked["conversation"]))
    return found


def _of_source(source: str) -> Q:
    """Rows of imported people are told apart from what people did here."""
    if source == ALL:
        return Q()
    if source in {LIVE, IMPORTED}:
        return Q(enrolment__is_imported=source == IMPORTED)
    return Q(imported__dataset__key=source)


def changed_turns(moment: datetime) -> QuerySet[Turn]:
    """Turns in which something happened after a moment."""
    answers = Response.objects.filter(turn=OuterRef("pk")).filter(
        Q(finished_at__gt=moment) | Q(rating__at__gt=moment) | Q(reactions__at__gt=moment)
    )
    return Turn.objects.filter(
        Q(at__gt=moment) | Q(choice__at__gt=moment) | Q(vote__at__gt=moment) | Exists(answers)
    )


def has_changed(moment: datetime) -> Q:
    """Of conversations: whether something happened in them after a moment."""
    itself = ("started_at", "chat_finished_at", "finished_at", "revealed_at")
    found = Q(Exists(changed_turns(moment).filter(conversation=OuterRef("pk"))))
    for name in itself:
        found |= Q(**{f"{name}__gt": moment})
    return found
