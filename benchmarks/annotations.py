"""Annotated pairs of files: how fast they come in and go out, and what memory that takes.

Run on a database of its own: `measure` leaves the study there.
"""

import json
import os
import random
import resource
import secrets
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from analysis.exports import properties_format, release
from analysis.exports.gate import Gate
from analysis.exports.release import PROPERTIES, Scope
from annotations import assigning
from annotations.coordinate.batch import STATES
from annotations.imports.storing import Wanted, import_records
from annotations.models import Assignment, Batch
from annotations.records import SIDES
from annotations.rubric_documents import FactKind, Kind
from conversations.privacy.versions import rules_for
from surveys.models import Membership, Study
from surveys.models.people import Role

TASKS = 100_000
WORDS = 165
ASKED = 50
DIFFERENT = 500  # records, each with texts of its own; the file repeats them under other ids
VOCABULARY = ("the", "of", "a", "model", "said", "answer", "people", "water", "because", "would", "never")
SEVERITIES = ("minor", "moderate", "severe")
PUBLISHED = properties_format.PUBLISHED
FEWER = 5  # the smaller import, whose memory is compared, has a fifth of the tasks
OTHERS, SHARE, REQUESTS = 20, 3, 5
GIVEN = """
INSERT INTO annotations_assignment
    (task_id, annotator_id, place, state, reason, is_swapped, is_test, opened_at, expires_at, ended_at)
SELECT id, (%(people)s::bigint[])[1 + number / %(share)s %% cardinality(%(people)s::bigint[])],
    0, 'submitted', '', false, false, now(), now(), now()
FROM annotations_task WHERE batch_id = %(batch)s AND number %% %(share)s = 0
"""
TAKEN = """
UPDATE annotations_task SET taken = 1, done = 1 WHERE batch_id = %(batch)s AND number %% %(share)s = 0
"""


def measure(say: Callable[[str], object], tasks: int = TASKS) -> dict[str, Any]:
    """Annotated pairs a second, in and out, and megabytes that either added at most, of a fifth and of all.

    Then what annotators and coordinators wait for in a batch of as many tasks, a third of them given.
    """
    study, other = _study(), _study()
    with tempfile.TemporaryDirectory() as folder:
        say(f"{tasks} annotated pairs …")
        few, many = (_file(Path(folder), number) for number in (tasks // FEWER, tasks))
        came_few = _timed(lambda: import_records(few, Wanted(study, "few"), None))
        came = _timed(lambda: import_records(many, Wanted(other, "many"), None))
        say("… and back")
        went_few = _export(study, Path(folder))
        went = _export(other, Path(folder))
        whole = _timed(lambda: _export_whole(other, Path(folder)))
    say("Tasks given, and pages about them …")
    batch = Batch.objects.get(study=other)
    user = _opened(batch)
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
        "annotated_whole_s": whole.seconds,
        "annotated_next_ms": median(_next_ms(batch, user) for _ in range(ASKED)),
        **_pages(batch, user),
    }


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock and of this process and its children, and megabytes that it grew by at most.

    A child counts as far as it is larger than this process was.
    """

    seconds: float
    cpu: float
    megabytes: float


def _timed(run: Callable[[], object]) -> Cost:
    before = _megabytes(restart=True)
    clock, cpu = time.perf_counter(), _cpu()
    run()
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    grown = _megabytes() - before + max(0, child - before)
    return Cost(time.perf_counter() - clock, _cpu() - cpu, grown)


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _megabytes(*, restart: bool = False) -> float:
    """The most this process held since the count was last begun anew; now, where it begins here."""
    if restart:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _opened(batch: Batch) -> User:
    """An owner of the study who annotates, when others did a third of the tasks: as whole rows, by SQL."""
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.OPEN)
    batch.refresh_from_db()
    user, *others = (User.objects.create_user(f"{batch.study.slug}-{n}@example.org") for n in range(OTHERS))
    for one in (user, *others):
        role = Role.OWNER if one == user else Role.ANNOTATOR
        Membership.objects.create(study=batch.study, user=one, role=role)
    with connection.cursor() as cursor:
        cursor.execute(GIVEN, {"batch": batch.pk, "people": [one.pk for one in others], "share": SHARE})
        cursor.execute(TAKEN, {"batch": batch.pk, "share": SHARE})
        cursor.execute("ANALYZE annotations_assignment, annotations_task")
    return user


def _next_ms(batch: Batch, user: User) -> float:
    """Milliseconds until a person has the next task, which they then hand back."""
    begun = time.perf_counter()
    given = assigning.next_assignment(batch, assigning.Annotator(user=user))
    taken = 1000 * (time.perf_counter() - begun)
    if given is None:
        raise RuntimeError("nobody was given a task")
    assigning.end(given, Assignment.State.SKIPPED)
    return taken


def _pages(batch: Batch, user: User) -> dict[str, Any]:
    """The slowest page about the batch, median of some requests each, and all of them by name."""
    client = Client(SERVER_NAME=next(iter(settings.ALLOWED_HOSTS), "localhost").lstrip("."))
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    here = reverse("annotating:batch", args=[batch.study.slug, batch.slug])
    paths = {
        "batches": reverse("annotating:batches", args=[batch.study.slug]),
        "batch": here,
        "middle": f"{here}?after={batch.tasks.count() // 2}~1",
        **{f"batch_{state}": f"{here}?state={state}" for state in STATES if state},
        "annotators": reverse("annotating:batch_annotators", args=[batch.study.slug, batch.slug]),
        "home": reverse("annotations:home"),
    }
    found = {name: median(_page_ms(client, path) for _ in range(REQUESTS)) for name, path in paths.items()}
    return {"annotated_pages_ms": max(found.values()), "annotated_pages": found}


def _page_ms(client: Client, path: str) -> float:
    begun = time.perf_counter()
    answer = client.get(path)
    if answer.status_code != HTTPStatus.OK:
        raise RuntimeError(f"{path} answers {answer.status_code}")
    return 1000 * (time.perf_counter() - begun)


def _export(study: Study, folder: Path) -> Cost:
    """The records of its batch."""
    scope, gate = _scope(study)
    with release.chosen(scope):
        return _timed(lambda: properties_format.write_records(scope, folder, gate, lambda: None))


def _export_whole(study: Study, folder: Path) -> None:
    """All the files of the format."""
    scope, gate = _scope(study)
    with release.chosen(scope):
        properties_format.write(scope, folder, lambda done, expected: None, gate)


def _scope(study: Study) -> tuple[Scope, Gate]:
    scope = Scope(study=study, is_full=True, include_test=False, format=PROPERTIES)
    return scope, Gate(rules_for(study), properties_format.TEXTS_OF)


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
