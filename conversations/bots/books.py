"""Closing the books after a run: what bots sent and how they ended, beside the rows of the study."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Count, Max

from conversations import own
from conversations.bots.journal import Check
from conversations.bots.playing import BEFORE, Outcome
from surveys.models import Cell, Enrolment, PageSubmission, Seat, Study

OVER = {str(value) for value in Enrolment.Outcome.values} - {"", "complete"}


def newest_enrolment(study: Study) -> int:
    """To be asked before a run: who came in it has a later row."""
    newest: int | None = study.enrolments.aggregate(newest=Max("pk"))["newest"]
    return newest or 0


def close(study: Study, outcomes: Sequence[Outcome], newest_before: int) -> None:
    """Add all checks to the outcomes; those of the whole study stand with the first one."""
    entered = [outcome for outcome in outcomes if outcome.enrolment and outcome.ended != BEFORE]
    _check_pages(study, entered)
    _check_ends(study, entered)
    _check_erased(study, entered)
    if outcomes:
        outcomes[0].checks += [*_arrivals(study, entered, newest_before), *_seats(study)]


def _check_pages(study: Study, entered: Sequence[Outcome]) -> None:
    """How often a page of the questionnaire was sent and stored.

    A person's own record shows the newest answers only, so that a page stored twice would not be seen there.
    """
    rows = PageSubmission.objects.filter(enrolment__study=study).values("enrolment__number")
    stored = {f"user{row['enrolment__number']}": row["pages"] for row in rows.annotate(pages=Count("pk"))}
    for outcome in entered:
        kept = stored.get(outcome.enrolment, 0)
        outcome.checks.append(Check("pages", "questionnaire", outcome.journal.pages, kept))


def _check_ends(study: Study, entered: Sequence[Outcome]) -> None:
    """The outcome that the study has for each person is the one they were told."""
    rows = study.enrolments.coded(*(outcome.enrolment for outcome in entered))
    stored = {f"user{number}": ended for number, ended in rows.values_list("number", "outcome")}
    for outcome in entered:
        outcome.checks.append(
            Check("accounting", "outcome", outcome.ended, stored.get(outcome.enrolment, "no row"))
        )


def _check_erased(study: Study, entered: Sequence[Outcome]) -> None:
    """Of who withdrew no text is left, and no answer either where the study erases all."""
    for outcome in entered:
        if outcome.ended == Enrolment.Outcome.WITHDRAWN:
            stored = own.record(study.enrolments.coded(outcome.enrolment).get())
            outcome.checks.append(Check("erased", "texts", [], _texts(stored)))
            answered = [key for key, answer in stored["answers"].items() if answer["value"] is not None]
            kept = answered if study.withdrawal == Study.Withdrawal.ERASE else []
            outcome.checks.append(Check("erased", "answers", [], kept))


def _texts(record: dict[str, Any]) -> list[str]:
    turns = [turn for talk in record["conversations"] for turn in talk["turns"]]
    texts = [turn["text"] for turn in turns]
    texts += [answer["text"] for turn in turns for answer in turn["answers"].values()]
    texts += [(talk["feedback"] or {}).get("text") for talk in record["conversations"]]
    return [text for text in texts if text]


def _arrivals(study: Study, entered: Sequence[Outcome], newest_before: int) -> Iterator[Check]:
    """Everybody who entered arrived once: the rows that are new since before the run are theirs and no more,
    and arrived = the sum of outcomes + in progress."""
    new = study.enrolments.filter(pk__gt=newest_before)
    known = study.enrolments.filter(pk__lte=newest_before).coded(*(outcome.enrolment for outcome in entered))
    earlier = {f"user{number}" for number in known.values_list("number", flat=True)}
    came = [outcome for outcome in entered if outcome.enrolment not in earlier]
    yield Check("accounting", "arrived", len(came), new.count())
    stored = Counter(new.values_list("outcome", flat=True))
    yield Check("accounting", "outcomes", dict(Counter(outcome.ended for outcome in came)), dict(stored))


def _seats(study: Study) -> Iterator[Check]:
    """Each cell counts the seats that are in it, and who is turned away or has withdrawn holds none."""
    seats = Seat.objects.filter(enrolment__study=study)
    counted = Counter(seats.values_list("cell", "state"))
    for cell in Cell.objects.filter(quota__study=study):
        rows = [counted[cell.pk, Seat.State.RESERVED], counted[cell.pk, Seat.State.CONFIRMED]]
        yield Check("seats", str(cell), rows, [cell.reserved, cell.complete])
    held = seats.filter(enrolment__outcome__in=OVER).exclude(state=Seat.State.RELEASED)
    yield Check("seats", "held by who is turned away", 0, held.count())
