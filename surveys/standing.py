"""How far a person is in the questionnaire: loaded once a request, and told what is submitted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from surveys import storing
from surveys.models import Answer, Device, Enrolment, Questionnaire
from surveys.questionnaires import Page, PageReading
from surveys.questionnaires import Questionnaire as Document
from surveys.storing import Given
from surveys.wording import document_for

_UNSTORED = 0  # in place of the submission of a row that is about to be stored


@dataclass(frozen=True)
class Row:
    """The newest answer to a question, and the submit it came with."""

    value: Any
    status: str
    submission: int


@dataclass(frozen=True)
class Submit:
    pk: int
    page: str
    key: str
    device: int
    version: int


@dataclass
class Standing:
    """A person's submits and newest answers in the version they began with."""

    enrolment: Enrolment
    version: int
    submits: list[Submit]
    rows: dict[str, Row]
    document: Document
    _pages: list[Page] | None = field(default=None, init=False)

    @classmethod
    def load(cls, enrolment: Enrolment) -> Standing:
        """One query. Raises Questionnaire.DoesNotExist where the study has no questionnaire."""
        found = storing.read(enrolment)
        version = found[-1][4] if found else enrolment.study.questionnaire_id
        if version is None:
            raise Questionnaire.DoesNotExist(f"study {enrolment.study.slug} has no questionnaire")
        submits: dict[int, Submit] = {}
        rows: dict[str, Row] = {}
        for pk, page, key, device, made_in, question, value, status in found:
            if made_in == version:
                submits[pk] = Submit(pk, page, key, device, made_in)
                if question is not None:
                    rows[question] = Row(value, status, pk)
        return cls(enrolment, version, list(submits.values()), rows, document_for(enrolment, version))

    @property
    def values(self) -> dict[str, Any]:
        return {key: row.value for key, row in self.rows.items() if row.status != Answer.Status.NOT_SHOWN}

    @property
    def known(self) -> dict[str, Any]:
        """What conditions are judged by: the answers, and the fields of the study."""
        return {**self.document.fields, **self.values}

    @property
    def pages(self) -> list[Page]:
        """The pages that this person sees, as far as is known."""
        if self._pages is None:
            self._pages = self.document.visible_pages(self.values)
        return self._pages

    def is_done(self, page: Page) -> bool:
        """Submitted, and no question is shown now that was hidden when it was."""
        if all(submit.page != page.key for submit in self.submits):
            return False
        shown = self.document.visible_questions(page, self.values)
        return all(
            question.type == "information"
            or (question.key in self.rows and self.rows[question.key].status != Answer.Status.NOT_SHOWN)
            for question in shown
        )

    @property
    def first_open(self) -> Page | None:
        """The first page that is still to be submitted; None when the survey is finished."""
        return next((page for page in self.pages if not self.is_done(page)), None)

    def place(self, key: str) -> int | None:
        """Where among the pages the one called `key` stands, if the person has come that far."""
        first = self.first_open
        for place, page in enumerate(self.pages):
            if page.key == key:
                return place
            if first and page.key == first.key:
                break
        return None

    def may_read(self, device: Device, page: Page) -> bool:
        """Whether this device may see what was submitted on the page, if anything was."""
        return all(device.may_read(submit.device) for submit in self.submits if submit.page == page.key)

    def has(self, key: str) -> bool:
        """Whether the form with this key was stored before."""
        return any(submit.key == key for submit in self.submits)

    def submit(
        self, page: Page, reading: PageReading, *, device: Device, key: str, shown_at: datetime | None
    ) -> bool:
        """Store a valid page as events and drop its draft; False when this very form was stored before.

        Call within a transaction that holds the enrolment's row.
        """
        if self.has(key):
            return False
        changed = self._take(reading)
        pk = storing.store(
            device,
            self.version,
            page.key,
            key=key,
            shown_at=shown_at,
            language=self.document.language,
            given=[
                Given(name, row.value, row.status, reading.traces.get(name, {}))
                for name, row in changed.items()
            ],
        )
        self.submits.append(Submit(pk, page.key, key, device.pk, self.version))
        self.rows |= {name: replace(row, submission=pk) for name, row in changed.items()}
        if self.first_open is None and self.enrolment.survey_finished_at is None:
            self.finish()
        return True

    def finish(self) -> None:
        self.enrolment.survey_finished_at = timezone.now()
        self.enrolment.save(update_fields=["survey_finished_at"])

    def _take(self, reading: PageReading) -> dict[str, Row]:
        """Take the answers over, and those that they hide now as not shown; gives the rows to be stored."""
        changed = {
            key: Row(reading.values.get(key), status, _UNSTORED) for key, status in reading.statuses.items()
        }
        self.rows |= changed
        shown = self.document.shown_answers(self.values)
        for key, row in self.rows.items():
            if row.status != Answer.Status.NOT_SHOWN and key not in shown and key not in changed:
                changed[key] = Row(None, Answer.Status.NOT_SHOWN, _UNSTORED)
        self.rows |= changed
        self._pages = None
        return changed
