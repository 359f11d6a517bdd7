"""The study's own questions after a conversation: how they are shown and read."""

from dataclasses import dataclass, field

from django.utils.datastructures import MultiValueDict
from django.utils.translation import get_language

from conversations.models import Conversation
from conversations.own_questions import OwnAnswers
from surveys.questionnaires import (
    Page,
    PageReading,
    QuestionFields,
    display_order,
    question_fields,
    read_page,
)
from surveys.questionnaires.definitions import TEXTS

Orders = dict[str, list[str]]


@dataclass(frozen=True)
class Blocks:
    """The questions of one conversation's feedback, in the reader's language; none without a page."""

    page: Page | None
    orders: Orders = field(default_factory=dict)

    @property
    def drawn(self) -> Orders:
        """The orders that are worth keeping."""
        questions = self.page.questions if self.page else ()
        return {question.key: self.orders[question.key] for question in questions if question.shuffle}

    def read(self, posted: MultiValueDict[str, str]) -> PageReading:
        return read_page(self.page, {}, posted, self.orders) if self.page else PageReading()

    def fields(self, reading: PageReading) -> list[QuestionFields]:
        questions = self.page.questions if self.page else ()
        return [
            question_fields(q, self.orders[q.key], reading.values, reading.errors, reading.traces)
            for q in questions
        ]


def blocks_of(conversation: Conversation) -> Blocks:
    """With the orders that are drawn for this person and conversation, the same at every look."""
    document = conversation.protocol.parsed().feedback.blocks
    if document is None:
        return Blocks(None)
    page = document.in_language(get_language() or "").pages[0]
    seed = f"{conversation.enrolment.order_seed}:{conversation.pk}"
    return Blocks(page, {question.key: display_order(question, seed) for question in page.questions})


def own_answers(blocks: Blocks, reading: PageReading) -> OwnAnswers:
    """What was read, apart by how early it is erased."""
    free = _free_texts(blocks.page)
    closed = {
        key: {
            "value": None if key in free else value,
            "status": reading.statuses[key],
            "trace": reading.traces.get(key, {}),
        }
        for key, value in reading.values.items()
    }
    texts = {key: value for key, value in reading.values.items() if key in free and value}
    return OwnAnswers(closed, texts)


def _free_texts(page: Page | None) -> set[str]:
    """The answers in people's own words."""
    questions = page.questions if page else ()
    beside = {question.text_key for question in questions if question.texts_asked}
    return beside | {question.key for question in questions if question.type in TEXTS}
