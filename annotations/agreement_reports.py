"""The life of a batch's agreement report: made at once where the batch is small, else by a worker.

The report on people also says what is contested: the batch's contests are those of its last report.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, F, Max, Q
from django.utils import timezone

from accounts.models import User
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
class Standing:
    """The report there is, and how far the batch has gone on since. `total` is annotations now."""

    report: AgreementReport | None
    total: int
    newest: int
    is_current: bool

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


def standing(batch: Batch, of: str) -> Standing:
    now = _counted(batch, of)
    report = batch.agreement_reports.filter(of=of).first()
    is_current = (
        report is not None
        and report.document is not None
        and (report.annotations, report.newest) == (now["total"], now["newest"] or 0)
        and (of != AgreementReport.Of.PEOPLE or report.terms == rule_of(batch).terms)
    )
    return Standing(report, now["total"], now["newest"] or 0, is_current)


def _counted(batch: Batch, of: str) -> dict[str, int]:
    counts = Q(assignment=None) | Q(assignment__state="submitted", assignment__is_test=False)
    rows = Annotation.objects.filter(
        counts, task__batch=batch, task__is_training=False, origin__in=ORIGINS[of]
    )
    return rows.aggregate(total=Count("pk"), newest=Max("pk"))


def shown(batch: Batch, of: str) -> Standing:
    """The report to show now: of a small batch it is made anew where annotations came since."""
    found = standing(batch, of)
    work = found.total * len(batch.rubric_version.parsed().fields)
    if not found.is_current and 0 < work <= AT_ONCE:
        make(batch, of)
        return standing(batch, of)
    return found


def claim(batch: Batch, of: str) -> bool:
    """Whether we are to ask a worker: nobody else asked in the last minutes for what is not made yet."""
    report, _made = AgreementReport.objects.get_or_create(batch=batch, of=of)
    now = timezone.now()
    idle = Q(asked_at=None) | Q(asked_at__lt=now - LOST) | Q(made_at__gte=F("asked_at"))
    return bool(AgreementReport.objects.filter(idle, pk=report.pk).update(asked_at=now))


def make(batch: Batch, of: str) -> None:
    """Compute and store the report, and with people's what is contested."""
    # Here, because they bring numpy, which a page that shows a report needs not.
    from annotations import agreement_rows
    from annotations.agreement.bootstrap import Resampling
    from annotations.agreement_documents import document

    counted = _counted(batch, of)
    rule = rule_of(batch)
    rows = agreement_rows.read(batch, ORIGINS[of])
    rubric = batch.rubric_version.parsed()
    made = document(rows, rubric, Resampling(seed=SEED))
    found = _contests(batch, rows, rule) if of == AgreementReport.Of.PEOPLE else None
    given = {
        "seed": SEED,
        "annotations": counted["total"],
        "newest": counted["newest"] or 0,
        "terms": rule.terms,
        "document": made,
        "made_at": timezone.now(),
    }
    with transaction.atomic():
        # Who makes the same report at the same time waits here, and stores theirs over it.
        AgreementReport.objects.update_or_create(batch=batch, of=of, defaults=given)
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
