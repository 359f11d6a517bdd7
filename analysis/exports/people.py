"""Loading a batch of released people with everything their rows need, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch

from analysis.exports.flags import on_comments
from analysis.exports.release import NumberedConversation, NumberedPerson, answered_turns, answers
from conversations.models import Conversation, Response, TextCheck, Turn
from surveys.coding import coded_values
from surveys.consent_documents import PUBLICATION
from surveys.models import Answer, Consent, Enrolment, PanelSubmission, Presentation, Questionnaire
from surveys.questionnaires import DECLINED
from surveys.questionnaires import Questionnaire as Document

Documents = Mapping[int, Document]
NO_DOCUMENT = Document(key="", title="", language="", pages=())


@dataclass(frozen=True)
class ReleasedTurn:
    """A turn as released: numbered from 0 among those in which some model answered."""

    number: int
    interaction: str
    turn: Turn
    responses: Sequence[Response]

    def is_chosen(self, response: Response) -> bool:
        choice = getattr(self.turn, "choice", None)
        return choice is not None and choice.response_id == response.pk


@dataclass(frozen=True)
class ReleasedConversation:
    code: str
    user: str
    conversation: Conversation
    turns: Sequence[ReleasedTurn]

    @property
    def looks(self) -> list[TextCheck]:
        """Those at comments that were sent after it."""
        return list(getattr(self.conversation, "looks", ()))


@dataclass(frozen=True)
class SurveyAnswers:
    """One person's current answers by question, the orders shown, and the version that was answered."""

    document: Document = NO_DOCUMENT
    values: Mapping[str, Any] = field(default_factory=dict)
    orders: Mapping[str, Sequence[str]] = field(default_factory=dict)
    coded: Mapping[str, str] = field(default_factory=dict)

    def released(self, key: str) -> str | None:
        """The released wording of a choice; None where the question was not shown or waits to be coded."""
        value = self.values.get(key)
        if value is None or value == DECLINED:
            return value
        return self.document.question(key).released(value) or self.coded.get(key)

    def text_beside(self, key: str, option: str) -> str | None:
        """What was typed beside an option or item of a question."""
        return (self.values.get(f"{key}_text") or {}).get(option)


@dataclass(frozen=True)
class ReleasedPerson:
    code: str
    enrolment: Enrolment
    survey: SurveyAnswers
    boxes: Mapping[str, bool]
    panel_study: str | None
    conversations: Sequence[ReleasedConversation]

    @property
    def publishes_texts(self) -> bool:
        """False for somebody who was asked whether their texts may be published and did not agree."""
        return self.boxes.get(PUBLICATION, True)


def documents_of(study: int) -> dict[int, Document]:
    """Every version of a questionnaire that somebody in the study answered, parsed."""
    answered = Questionnaire.objects.filter(pagesubmission__enrolment__study=study).distinct()
    return {version.pk: version.parsed() for version in answered}


def load(batch: Sequence[NumberedPerson], documents: Documents) -> list[ReleasedPerson]:
    """The people of a batch, in its order."""
    pks = [person.pk for person in batch]
    enrolments = Enrolment.objects.select_related("study").in_bulk(pks)
    surveys, boxes, panels = _surveys(pks, documents), _boxes(pks), _panel_studies(pks)
    talks = _conversations([talk.pk for person in batch for talk in person.conversations])
    return [
        ReleasedPerson(
            code=person.code,
            enrolment=enrolments[person.pk],
            survey=surveys.get(person.pk, SurveyAnswers()),
            boxes=boxes.get(person.pk, {}),
            panel_study=panels.get(person.pk) or None,
            conversations=[_released(person.code, talk, talks[talk.pk]) for talk in person.conversations],
        )
        for person in batch
    ]


def _surveys(pks: Sequence[int], documents: Documents) -> dict[int, SurveyAnswers]:
    """By enrolment, as the journey reads them: the version last submitted and its newest row a question."""
    values, versions = _current_answers(pks)
    orders: dict[int, dict[str, list[str]]] = defaultdict(dict)
    shown = Presentation.objects.filter(enrolment__in=pks)
    for pk, version, question, order in shown.values_list("enrolment", "questionnaire", "question", "order"):
        if version == versions.get(pk):
            orders[pk][question] = order
    coded = coded_values(pks)
    return {
        pk: SurveyAnswers(documents[version], values[pk], orders[pk], coded.get(pk, {}))
        for pk, version in versions.items()
    }


def _current_answers(pks: Sequence[int]) -> tuple[dict[int, dict[str, Any]], dict[int, int]]:
    values: dict[int, dict[str, Any]] = defaultdict(dict)
    versions: dict[int, int] = {}
    rows = Answer.objects.filter(submission__enrolment__in=pks).order_by("submission_id", "id")
    columns = ("submission__enrolment", "submission__questionnaire", "question", "value", "status")
    for pk, version, question, value, status in rows.values_list(*columns):
        if versions.get(pk) != version:
            values[pk].clear()
            versions[pk] = version
        values[pk][question] = None if status == Answer.Status.NOT_SHOWN else value
    return values, versions


def publishes_texts(pks: Sequence[int]) -> dict[int, bool]:
    """Who agreed that their texts may be published, by enrolment; not there who was not asked."""
    boxes = _boxes(pks).items()
    return {pk: bool(ticked[PUBLICATION]) for pk, ticked in boxes if PUBLICATION in ticked}


def _boxes(pks: Sequence[int]) -> dict[int, dict[str, bool]]:
    agreed = Consent.objects.filter(enrolment__in=pks, agreed=True).order_by("id")
    return dict(agreed.values_list("enrolment", "boxes"))


def _panel_studies(pks: Sequence[int]) -> dict[int, str]:
    """The panel's study through which each person came first."""
    arrivals = PanelSubmission.objects.filter(enrolment__in=pks).order_by("-arrived_at", "-id")
    return dict(arrivals.values_list("enrolment", "panel_study"))


def _conversations(pks: Iterable[int]) -> dict[int, Any]:
    """Conversations with their answered turns as `answered`, and each turn's responses as `answers`."""
    responses = answers().select_related("rating").order_by("slot", "id")
    turns = answered_turns().select_related("choice", "text_check").order_by("number")
    turns = turns.prefetch_related(Prefetch("responses", responses, to_attr="answers"))
    chosen = Conversation.objects.select_related("feedback", "protocol").prefetch_related(
        Prefetch("turns", turns, to_attr="answered"), Prefetch("text_checks", on_comments(), to_attr="looks")
    )
    return chosen.in_bulk(list(pks))


def _released(user: str, numbered: NumberedConversation, conversation: Any) -> ReleasedConversation:
    turns = [
        ReleasedTurn(number, f"int{numbered.first_interaction + number}", turn, turn.answers)
        for number, turn in enumerate(conversation.answered)
    ]
    return ReleasedConversation(numbered.code, user, conversation, turns)
