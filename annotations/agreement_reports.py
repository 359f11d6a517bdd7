"""The life of a batch's agreement report: made at once where the batch is small, else by a worker.

Annotators who are excluded are left out of it, unless a report with them is asked for. The one on people
without them also says what is contested: the batch's contests are those of its last such report.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, F, Max, Q
from django.utils import timezone

from accounts.models import User
from annotations.excluding import LeftOut, by_excluded, left_out
from annotations.models import AgreementReport, Annotation, Batch, Contest, ContestRule
from surveys import audit

if TYPE_CHECKING:
    from annotations.agreement_rows import Rows

AT_ONCE = 2000  # annotations times questions at most of which a page makes a report itself, within a second
LOST = timedelta(minutes=5)  # since a worker was asked
SEED = 1
ORIGINS: dict[str, tuple[str, ...]] = {
    AgreementReport.Of.PEOPLE: (Annotation.Origin.PERSON,),
    AgreementReport.Of.JUDGES: (Annotation.Origin.JUDGE, Annotation.Origin.IMPORT),
}


@dataclass(frozen=True)
class Counted:
    """What a report would rest on now, and who is excluded, counted or not."""

    total: int
    newest: int
    left_out: LeftOut


@dataclass(frozen=True)
class Standing:
    """The report there is, and how far the batch has gone on since. `total` is annotations that count now."""

    report: AgreementReport | None
    total: int
    newest: int
    is_current: bool
    left_out: LeftOut

    @property
    def is_made(self) -> bool:
        return self.report is not None and self.report.document is not None

    @property
    def is_awaited(self) -> bool:
        """Whether a worker was asked for it and may still be at it."""
        report = self.report
        if report is None or report.asked_at is None or report.asked_at < timezone.now() - LOST:
            return False
        return report.made_at is None or report.made_at < report.asked_at


def rule_of(batch: Batch) -> ContestRule:
    """The batch's rule, or the defaults, unsaved."""
    return ContestRule.objects.filter(batch=batch).first() or ContestRule(batch=batch)


def store_rule(rule: ContestRule, by: User) -> None:
    """Let another rule hold; what is contested is found anew with the next report."""
    with transaction.atomic():
        rule.save()
        batch = rule.batch
        audit.record(by, "contest_rule.changed", study=batch.study, subject=batch.slug, **rule.terms)


def standing(batch: Batch, of: str, *, with_excluded: bool = False) -> Standing:
    now = _counted(batch, of, with_excluded)
    report = batch.agreement_reports.filter(of=of, with_excluded=with_excluded).first()
    is_current = (
        report is not None
        and report.document is not None
        and (report.annotations, report.newest, report.excluded)
        == (now.total, now.newest, now.left_out.names)
        and (of != AgreementReport.Of.PEOPLE or report.terms == rule_of(batch).terms)
    )
    return Standing(report, now.total, now.newest, is_current, now.left_out)


def _counted(batch: Batch, of: str, with_excluded: bool) -> Counted:
    counts = Q(assignment=None) | Q(assignment__state="submitted", assignment__is_test=False)
    rows = Annotation.objects.filter(
        counts, task__batch=batch, task__is_training=False, origin__in=ORIGINS[of]
    )
    found = left_out(rows, batch.study)
    if found.names and not with_excluded:
        rows = rows.exclude(by_excluded(batch.study))
    numbers = rows.aggregate(total=Count("pk"), newest=Max("pk"))
    return Counted(numbers["total"], numbers["newest"] or 0, found)


def shown(batch: Batch, of: str, *, with_excluded: bool = False) -> Standing:
    """The report to show now: of a small batch it is made anew where annotations came since."""
    found = standing(batch, of, with_excluded=with_excluded)
    work = found.total * len(batch.rubric_version.parsed().fields)
    if not found.is_current and 0 < work <= AT_ONCE:
        make(batch, of, with_excluded=with_excluded)
        return standing(batch, of, with_excluded=with_excluded)
    return found


def claim(batch: Batch, of: str, *, with_excluded: bool = False) -> bool:
    """Whether we are to ask a worker: nobody else asked in the last minutes for what is not made yet."""
    report, _made = batch.agreement_reports.get_or_create(of=of, with_excluded=with_excluded)
    now = timezone.now()
    idle = Q(asked_at=None) | Q(asked_at__lt=now - LOST) | Q(made_at__gte=F("asked_at"))
    return bool(AgreementReport.objects.filter(idle, pk=report.pk).update(asked_at=now))


def make(batch: Batch, of: str, *, with_excluded: bool = False) -> None:
    """Compute and store the report, and with people's what is contested."""
    # Here, because they bring numpy, which a page that shows a report needs not.
    from annotations import agreement_rows
    from annotations.agreement.bootstrap import Resampling
    from annotations.agreement_documents import document

    counted = _counted(batch, of, with_excluded)
    excluded = counted.left_out.names
    rule = rule_of(batch)
    rows = agreement_rows.read(batch, ORIGINS[of], () if with_excluded else excluded)
    rubric = batch.rubric_version.parsed()
    made = document(rows, rubric, Resampling(seed=SEED), excluded)
    decides = of == AgreementReport.Of.PEOPLE and not with_excluded
    found = _contests(batch, rows, rule) if decides else None
    given = {
        "seed": SEED,
        "annotations": counted.total,
        "newest": counted.newest,
        "excluded": excluded,
        "terms": rule.terms,
        "document": made,
        "made_at": timezone.now(),
    }
    with transaction.atomic():
        # Who makes the same report at the same time waits here, and stores theirs over it.
        batch.agreement_reports.update_or_create(of=of, with_excluded=with_excluded, defaults=given)
        if found is not None:
            Contest.objects.filter(task__batch=batch).delete()
            Contest.objects.bulk_create(found, batch_size=1000)


def _contests(batch: Batch, rows: "Rows", rule: ContestRule) -> list[Contest]:
    """Of tasks that nobody annotates any more: finished, or all where the batch is closed."""
    from annotations.adjudication import contests  # brings numpy too

    tasks = batch.tasks.all() if batch.state == Batch.State.CLOSED else batch.tasks.finished()
    rubric = batch.rubric_version.parsed()
    over = set(tasks.filter(erased_at=None).values_list("pk", flat=True))
    found = contests.with_opinions(contests.find(rows, rubric, rule, over), rows, rubric, SEED)
    return [
        Contest(
            task_id=one.task, side=one.side, position=one.position, kind=one.kind, second_opinion=one.opinion
        )
        for one in found
    ]
