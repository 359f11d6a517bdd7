"""Annotated pairs of files: how fast they come in and go out, and what memory that takes.

Run on a database of its own: `measure` leaves the study there.
"""

import json
import random
import secrets
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from accounts.models import User
from analysis.exports import properties_format, release
from analysis.exports.gate import Gate
from analysis.exports.release import PROPERTIES, Scope
from annotations import assigning
from annotations.imports.storing import Wanted, import_records
from annotations.models import Assignment, Batch
from annotations.records import SIDES
from annotations.rubric_documents import FactKind, Kind
from conversations.privacy.versions import rules_for
from surveys.models import Study

TASKS = 100_000
WORDS = 165
ASKED = 50
DIFFERENT = 500  # records, each with texts of its own; the file repeats them under other ids
VOCABULARY = ("the", "of", "a", "model", "said", "answer", "people", "water", "because", "would", "never")
SEVERITIES = ("minor", "moderate", "severe")
PUBLISHED = properties_format.PUBLISHED


def measure(say: Callable[[str], object], tasks: int = TASKS) -> dict[str, Any]:
    """Annotated pairs a second, in and out, and megabytes that either added at most, of few and of many."""
    study, other = _study(), _study()
    with tempfile.TemporaryDirectory() as folder:
        say(f"{tasks} annotated pairs …")
        few, many = (_file(Path(folder), number) for number in (tasks // 10, tasks))
        came_few = _timed(lambda: import_records(few, Wanted(study, "few"), None))
        came = _timed(lambda: import_records(many, Wanted(other, "many"), None))
        batch = Batch.objects.get(study=other)
        say("… and back")
        went_few, _ = _export(study, Path(folder))
        went, whole = _export(other, Path(folder))
    user = User.objects.create_user(f"{other.slug}@example.org")
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.OPEN)
    batch.refresh_from_db()
    return {
        "annotated_tasks": batch.tasks.count(),
        "annotated_in_per_s": tasks / came.seconds,
        "annotated_in_cpu_per_s": tasks / came.cpu,
        "annotated_in_mb": came.megabytes,
        "annotated_in_growth_mb": came.megabytes - came_few.megabytes,
        "annotated_out_per_s": tasks / went.seconds,
        "annotated_out_cpu_per_s": tasks / went.cpu,
        "annotated_out_mb": went.megabytes,
        "annotated_out_growth_mb": went.megabytes - went_few.megabytes,
        "annotated_whole_s": whole,
        "annotated_next_ms": median(_next_ms(batch, user) for _ in range(ASKED)),
    }


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock and of this process, and megabytes that it grew by at its largest."""

    seconds: float
    cpu: float
    megabytes: float


def _timed(run: Callable[[], object]) -> Cost:
    before = _megabytes(restart=True)
    clock, cpu = time.perf_counter(), time.process_time()
    run()
    return Cost(time.perf_counter() - clock, time.process_time() - cpu, _megabytes() - before)


def _megabytes(*, restart: bool = False) -> float:
    """The most this process held since the count was last begun anew; now, where it begins here."""
    if restart:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _next_ms(batch: Batch, user: User) -> float:
    """Milliseconds until a person has the next task, which they then hand back."""
    begun = time.perf_counter()
    given = assigning.next_assignment(batch, assigning.Annotator(user=user))
    taken = 1000 * (time.perf_counter() - begun)
    if given is None:
        raise RuntimeError("nobody was given a task")
    assigning.end(given, Assignment.State.SKIPPED)
    return taken


def _export(study: Study, folder: Path) -> tuple[Cost, float]:
    """The records of its batch; and seconds of all the files of the format."""
    scope = Scope(study=study, is_full=True, include_test=False, format=PROPERTIES)
    gate = Gate(rules_for(study), properties_format.TEXTS_OF)
    with release.chosen(scope):
        alone = _timed(lambda: properties_format.write_records(scope, folder, gate, lambda: None))
        begun = time.perf_counter()
        properties_format.write(scope, folder, lambda done, expected: None, gate)
    return alone, time.perf_counter() - begun


def _study() -> Study:
    name = f"bench-{secrets.token_hex(3)}"
    return Study.objects.create(slug=name, title=name)


def _file(folder: Path, tasks: int) -> Path:
    dice, path = random.Random(29), folder / f"{tasks}.jsonl"
    different = [json.dumps(_record(dice), ensure_ascii=False)[1:] for _ in range(DIFFERENT)]
    with path.open("w") as file:
        for number in range(tasks):
            file.write(f'{{"id": {number}, {different[number % DIFFERENT]}\n')
    return path


def _record(dice: random.Random) -> dict[str, Any]:
    """A pair with two constraints and a stance, three errors a side, and a value for all that is asked."""
    facts = {fact.key: [] if fact.kind == FactKind.LIST else "Yes" for fact in PUBLISHED.facts}
    facts |= {
        "explicit constraints": ["in verse", "short"],
        "explicit subjective stances": ["tea | or coffee"],
    }
    rated = [found.key for found in PUBLISHED.properties if found.kind == Kind.SCALE and not found.condition]
    specific = {
        "clarify user intent": None,
        "showing empathetic": 2,
        "satisfying explicit constraints": ["in verse | 2", "short | 3"],
        "supporting explicit subjective stances": ["tea | or coffee | Neutral"],
        "correcting explicit mistakes or biases": [],
    }
    row: dict[str, Any] = {
        "query": _words(dice, 30),
        "scenario_auto-j": "default",
        "scenario_group": "Others",
    }
    for side in SIDES:
        row[f"response_{side}"] = {"content": _words(dice, WORDS), "model": f"m{side}", "num_words": WORDS}
    row |= {
        "gpt-4-turbo_reference": _words(dice, WORDS),
        **facts,
        "preference_labels": {"human": "response_1"},
    }
    for side in SIDES:
        row[f"basic_response_{side}"] = {key: dice.randrange(4) for key in rated}
        errors = [
            {"brief description": _words(dice, 12), "severity": severity, "type": "factual error"}
            for severity in SEVERITIES
        ]
        row[f"errors_response_{side}"] = {"applicable or not": "applicable", "errors": errors}
        row[f"query-specific_response_{side}"] = specific
    return row


def _words(dice: random.Random, many: int) -> str:
    return " ".join(dice.choices(VOCABULARY, k=many))
