"""The life of a Dissection row: asked for, claimed, fitted group by group, kept.

As an export it is claimed by compare-and-set and kept by a lease that every group of pairs renews.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from analysis.dissecting.raters import with_groups
from analysis.dissecting.reading import NotDissectable, Whose, read_batch
from analysis.dissection import documents
from analysis.dissection.features import features
from analysis.dissection.fit import Fitted, Options, fit
from analysis.dissection.gibbs import Sampling
from analysis.dissection.pairs import Pairs
from analysis.models import DegreeOfPreference, Dissection, DissectionFit
from annotations.models import Batch
from surveys import audit

logger = logging.getLogger(__name__)

State = Dissection.State
LEASE = timedelta(minutes=15)
PICK_UP = timedelta(seconds=30)
MOST_JUDGES = 60
# Of the document these have rows of their own, from which `whole` makes them again.
IN_ROWS = ("fits", "probability")
PLAIN = (
    *("judge", "group", "pairs", "used", "votes", "not_applicable", "ties", "inconsistent", "unlabelled"),
    *("too_few", "poor_sampling", "intercept", "held_out"),
)
OF_PROPERTY = (
    *("property", "probability", "low", "high", "marked", "weight", "deviation", "positive", "r_hat"),
    "effective_draws",
)


class LeaseLost(Exception):
    """Another worker has this run now."""


def request(batch: Batch, options: Mapping[str, Any], by: User | None) -> Dissection:
    """Write down that a batch is to be dissected. Raises NotDissectable where one is under way."""
    try:
        with transaction.atomic():
            row = Dissection.objects.create(
                study=batch.study, batch=batch, options=dict(options), requested_by=by
            )
            audit.record(
                by, "dissection.requested", study=batch.study, subject=row.code, batch=batch.slug, **options
            )
    except IntegrityError as error:
        raise NotDissectable(_("This batch is being dissected already. Wait for that run.")) from error
    return row


def run(pk: int) -> Dissection | None:
    """Carry out a waiting or abandoned run; None where there is nothing to do. Never raises: the row says."""
    row = _claim(pk)
    if row is None:
        return None
    try:
        _carry_out(row)
    except LeaseLost:
        return None
    except NotDissectable as error:
        _end(row, State.FAILED, str(error))
    except Exception as error:
        # Where it broke, not what was in hand there.
        places = "".join(traceback.format_tb(error.__traceback__))
        logger.error("dissection %s failed with %s\n%s", row.code, type(error).__name__, places)
        _end(row, State.FAILED, _("Something unexpected went wrong and was noted for the operator."))
    row.refresh_from_db()
    return row


def lost() -> list[int]:
    """Runs that wait for longer than a broker takes, or whose worker gave no sign of life."""
    now = timezone.now()
    forgotten = Q(state=State.WAITING, requested_at__lt=now - PICK_UP)
    abandoned = Q(state=State.RUNNING, lease_at__lt=now - LEASE)
    return list(Dissection.objects.filter(forgotten | abandoned).order_by("pk").values_list("pk", flat=True))


def options_of(row: Dissection) -> Options:
    chosen = row.options
    return Options(
        Sampling(seed=chosen["seed"], draws=chosen["draws"]),
        folds=chosen["folds"],
        minimum=chosen["minimum"],
        coding=chosen["coding"],
        has_intercept=chosen["intercept"],
    )


def whole(row: Dissection) -> dict[str, Any]:
    """The document as `manage.py dissect` writes it: what is stored of the run, and its rows."""
    fits = [_fit_of(fit) for fit in row.fits.prefetch_related("degrees")]
    found: dict[str, dict[str, Any]] = {}
    for one in fits:
        values = {degree["property"]: degree["probability"] for degree in one["properties"]}
        found.setdefault(one["judge"], {})[one["group"]] = values or dict.fromkeys(row.document["properties"])
    return {**row.document, "probability": found, "fits": fits}


def _claim(pk: int) -> Dissection | None:
    now = timezone.now()
    free = Q(state=State.WAITING) | Q(state=State.RUNNING, lease_at__lt=now - LEASE)
    taken = Dissection.objects.filter(free, pk=pk).update(state=State.RUNNING, lease_at=now, failure="")
    rows = Dissection.objects.select_related("batch__study", "batch__rubric_version")
    return rows.get(pk=pk) if taken else None


def _carry_out(row: Dissection) -> None:
    pairs, told = read_batch(row.batch, Whose(row.options["whose"]))
    pairs = with_groups(pairs, row.batch, row.options["question"])
    if not pairs.votes:
        raise NotDissectable(_("Nobody's preferences are known of these pairs, so there is nothing to fit."))
    if len(pairs.votes) > MOST_JUDGES:
        too_many = _("More than %d judges in one run: choose a question with fewer answers.")
        raise NotDissectable(too_many % MOST_JUDGES)
    options = options_of(row)
    fits = list(_fits(row, pairs, options))
    x = features(pairs.a, pairs.b, options.coding)
    _store(row, len(pairs), documents.of_fits(fits, pairs, x, told, options))


def _fits(row: Dissection, pairs: Pairs, options: Options) -> Iterator[Fitted]:
    for group in pairs.groups:
        _keep(row, group)
        yield from fit(pairs, options, groups=[group])


def _keep(row: Dissection, group: str) -> None:
    """Renew the lease and tell what is in hand; raises LeaseLost."""
    now = timezone.now()
    if not _mine(row).update(lease_at=now, fitting=group[:80]):
        raise LeaseLost
    row.lease_at = now


def _mine(row: Dissection) -> Any:
    return Dissection.objects.filter(pk=row.pk, state=State.RUNNING, lease_at=row.lease_at)


def _store(row: Dissection, pairs: int, document: dict[str, Any]) -> None:
    with transaction.atomic():
        row.fits.all().delete()
        numbered = enumerate(document["fits"])
        fits = [
            DissectionFit(dissection=row, number=number, **{name: one[name] for name in PLAIN})
            for number, one in numbered
        ]
        DissectionFit.objects.bulk_create(fits)
        DegreeOfPreference.objects.bulk_create(
            (
                DegreeOfPreference(
                    fit=stored, position=degree["id"], **{name: degree[name] for name in OF_PROPERTY}
                )
                for stored, one in zip(fits, document["fits"], strict=True)
                for degree in one["properties"]
            ),
            batch_size=2000,
        )
        kept = {name: value for name, value in document.items() if name not in IN_ROWS}
        _end(row, State.DONE, pairs=pairs, document=kept)


def _end(row: Dissection, state: str, failure: str = "", **fields: Any) -> None:
    """Raises LeaseLost, which takes back what was stored with it."""
    now = timezone.now()
    if not _mine(row).update(state=state, failure=failure[:300], finished_at=now, fitting="", **fields):
        raise LeaseLost
    done = "finished" if state == State.DONE else "failed"
    audit.record(row.requested_by, f"dissection.{done}", study=row.batch.study, subject=row.code)


def _fit_of(fit: DissectionFit) -> dict[str, Any]:
    degrees = [
        {"id": degree.position, **{name: getattr(degree, name) for name in OF_PROPERTY}}
        for degree in fit.degrees.all()
    ]
    return {**{name: getattr(fit, name) for name in PLAIN}, "properties": degrees}
