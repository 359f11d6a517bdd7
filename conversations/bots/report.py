"""What happened to all bots, as figures and as a table."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from conversations.bots.playing import Outcome

STEPS = (
    *("entry", "consent", "survey page", "overview", "say", "first text", "answers complete"),
    *("rate", "choose", "finish", "feedback", "next task", "annotate", "done"),
)
SHOWN_DIFFERENCES = 10


def figures(outcomes: Sequence[Outcome], seconds: float) -> dict[str, Any]:
    """The run in numbers: times in milliseconds by step, everything else counted."""
    times = {step: _all_times(outcomes, step) for step in STEPS}
    journals = [outcome.journal for outcome in outcomes]
    checks = Counter(check.kind for outcome in outcomes for check in outcome.checks)
    lost = Counter(check.kind for outcome in outcomes for check in outcome.lost)
    return {
        "started": len(outcomes),
        "completed": sum(outcome.is_complete for outcome in outcomes),
        "lost": sum(lost.values()),
        "errors": sum(bool(outcome.error) for outcome in outcomes),
        "p50_ms": {step: percentile(found, 0.5) for step, found in times.items() if found},
        "p95_ms": {step: percentile(found, 0.95) for step, found in times.items() if found},
        "errors_by_kind": dict(Counter(outcome.error for outcome in outcomes if outcome.error)),
        "left": sum(outcome.has_left for outcome in outcomes),
        "accounted_for": sum(outcome.is_accounted_for for outcome in outcomes),
        "outcomes": dict(Counter(outcome.ended or "none" for outcome in outcomes)),
        "compared": dict(checks),
        "lost_by_kind": dict(lost),
        "conversations": sum(len(journal.conversations) for journal in journals),
        "annotations": sum(len(journal.annotations) for journal in journals),
        "turns": sum(len(journal.turns) for journal in journals),
        "characters": sum(journal.characters for journal in journals),
        "events": dict(sum((outcome.watch.counts for outcome in outcomes), Counter())),
        "seconds": round(seconds, 1),
    }


def _all_times(outcomes: Iterable[Outcome], step: str) -> list[float]:
    return sorted(time for outcome in outcomes for time in outcome.watch.steps.get(step, []))


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that is not below `share` of all values (nearest rank), to a tenth."""
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 1)


def table(found: dict[str, Any]) -> str:
    """The figures for a person to read."""
    lines = [
        f"{found['completed']} of {found['started']} participants completed in {found['seconds']} s"
        f"{_left(found)}.",
        f"{found['conversations']} conversations, {found['turns']} messages, "
        f"{found['characters']:,} characters streamed.",
        "",
        f"{'step':<18}{'p50 ms':>10}{'p95 ms':>10}",
    ]
    for step, median in found["p50_ms"].items():
        lines.append(f"{step:<18}{median:>10,.0f}{found['p95_ms'][step]:>10,.0f}")
    lines += [
        *_counted("Outcomes", found["outcomes"]),
        "",
        *_compared(found),
        *_counted("On the way", found["events"]),
    ]
    return "\n".join([*lines, *_counted("Errors", found["errors_by_kind"])])


def _left(found: dict[str, Any]) -> str:
    return f"; {found['left']} left on the way" if found["left"] else ""


def _compared(found: dict[str, Any]) -> list[str]:
    """Sent = stored, by kind."""
    lines = [f"{'sent and compared':<18}{'sent':>10}{'stored':>10}"]
    for kind, count in found["compared"].items():
        lines.append(f"{kind:<18}{count:>10,}{count - found['lost_by_kind'].get(kind, 0):>10,}")
    return lines


def _counted(title: str, counts: dict[str, int]) -> list[str]:
    return ["", f"{title}:", *(f"  {count} × {what}" for what, count in counts.items())] if counts else []


def differences(outcomes: Iterable[Outcome]) -> list[str]:
    """The first things that were not stored as they were sent; lengths only, since texts may be long."""
    lost = [(outcome, check) for outcome in outcomes for check in outcome.lost]
    return [
        f"participant {outcome.person.number}, {check.kind}, {check.where}: "
        f"sent {_brief(check.sent)}, stored {_brief(check.stored)}"
        for outcome, check in lost[:SHOWN_DIFFERENCES]
    ]


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 80 else f"{text[:60]}… ({len(text)} characters)"
