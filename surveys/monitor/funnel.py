"""How far people came, where they left, and how long each page took. Counted in PostgreSQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from prism.lib.intervals import Interval, wilson
from surveys import stages
from surveys.models import Consent, Enrolment, Study
from surveys.monitor.pages import NOBODY, PageCounts, Times, latest
from surveys.monitor.shown import STAGE


@dataclass(frozen=True)
class Step:
    """A step of the way. `reached` people came here, `went_on` of them did what was asked of them.

    `went_on` is None where nothing is asked; `share` is that of all who arrived, `lost` that of those who
    came here and did not go on, or not yet.
    """

    key: str
    label: str | Promise
    reached: int
    went_on: int | None
    share: Interval | None
    lost: Interval | None
    times: Times | None = None

    @property
    def stayed(self) -> int | None:
        return None if self.went_on is None else self.reached - self.went_on


@dataclass(frozen=True)
class Way:
    """All steps of a study in order; the pages were counted `at`, the rest just now."""

    arrived: int
    at: datetime
    steps: list[Step]


def funnel(study: Study, *, with_test: bool = False) -> Way:
    """The steps from arrival to completion; what is asked only of some is reached only by some."""
    study = Study.objects.select_related("questionnaire", "assessment").get(pk=study.pk)
    counts = _people(study, with_test)
    at, pages = latest(study, with_test=with_test)
    arrived = counts["arrived"]
    steps = [_step("arrived", _("Arrived"), arrived, arrived, None)]
    if study.consent_document_id or counts["consented"]:
        steps.append(_step("consented", _("Consented"), arrived, counts["consented"], None))
    steps += [
        _page_step(arrived, key, label, pages.get(key, NOBODY))
        for key, label in _labels(study, pages).items()
    ]
    if study.questionnaire_id or counts["finished"]:
        steps.append(_step("survey", _("Survey finished"), arrived, counts["finished"], None))
    steps += _later_stages(arrived, pages)
    steps.append(_step("complete", _("Complete"), arrived, counts["complete"], None))
    return Way(arrived, at, steps)


def _people(study: Study, with_test: bool) -> dict[str, int]:
    who = Q(is_imported=False) if with_test else Q(is_test=False)
    agreed = Consent.objects.filter(enrolment=OuterRef("pk"), agreed=True)
    return study.enrolments.filter(who).aggregate(
        arrived=Count("pk"),
        consented=Count("pk", filter=Q(Exists(agreed))),
        finished=Count("pk", filter=Q(survey_finished_at__isnull=False)),
        complete=Count("pk", filter=Q(outcome=Enrolment.Outcome.COMPLETE)),
    )


def _labels(study: Study, pages: Mapping[str, PageCounts]) -> dict[str, str]:
    """The pages in the order of the present questionnaire, then those that only earlier versions had."""
    present = study.questionnaire.parsed().pages if study.questionnaire else ()
    known = {page.key: page.title or page.key for page in present}
    gone = sorted(key for key in pages if key not in known and not key.startswith(STAGE))
    return known | {key: key for key in gone}


def _later_stages(arrived: int, pages: Mapping[str, PageCounts]) -> list[Step]:
    """The stages behind the survey that somebody came to."""
    later = [stage for stage in stages.known() if stage.key not in ("consent", "survey")]
    return [
        _step(stage.key, stage.label, arrived, pages[f"{STAGE}{stage.key}"].shown, None)
        for stage in later
        if f"{STAGE}{stage.key}" in pages
    ]


def _step(key: str, label: str | Promise, arrived: int, reached: int, went_on: int | None) -> Step:
    lost = wilson(reached - went_on, reached) if went_on is not None else None
    return Step(key, label, reached, went_on, wilson(reached, arrived), lost)


def _page_step(arrived: int, key: str, label: str, page: PageCounts) -> Step:
    lost = wilson(page.shown - page.sent, page.shown)
    return Step(f"page-{key}", label, page.shown, page.sent, wilson(page.shown, arrived), lost, page.times)
