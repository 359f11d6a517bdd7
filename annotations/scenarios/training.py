"""Training a study's classifier from its own labelled file, and what it is worth on rows it has not seen."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from django.db import transaction

from annotations.models import ScenarioClassifier
from annotations.scenarios.classifier import MOST_ROWS, packed, train
from surveys import audit
from surveys.models import Study

LEAST_ROWS = 20
SHARE_HELD_OUT = 5  # one row in five
LABELS = ("scenario", "category", "label")
TEXTS = ("query", "text")

Row = tuple[str, str]


class UnusableLabels(Exception):
    """The file cannot be trained on; the text says why."""


@dataclass(frozen=True)
class Labelled:
    """Texts with their classes, at most MOST_ROWS of them, in an order drawn with the seed."""

    rows: Sequence[Row]
    sha256: str
    seed: int


def read(path: Path, seed: int) -> Labelled:
    """Lines of JSON: a class under `scenario`, `category` or `label`, and a text under `query` or `text`, or
    as `instruction` with an `input`. Raises UnusableLabels."""
    try:
        content = path.read_bytes()
        rows = list(_rows(content.decode("utf-8-sig").splitlines()))
    except OSError as error:
        raise UnusableLabels(f"{path.name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UnusableLabels(f"{path.name} is not in UTF-8.") from error
    if len(rows) < LEAST_ROWS or len({label for _, label in rows}) < 2:
        raise UnusableLabels(f"At least {LEAST_ROWS} rows of two classes are needed; {len(rows)} were found.")
    Random(seed).shuffle(rows)
    return Labelled(rows[:MOST_ROWS], hashlib.sha256(content).hexdigest(), seed)


def store(study: Study, labelled: Labelled) -> ScenarioClassifier:
    """Try it on every fifth row, then train on all of them. It replaces the study's classifier."""
    held, seen = labelled.rows[::SHARE_HELD_OUT], _without(labelled.rows)
    found = train(*zip(*labelled.rows, strict=True))
    fields = {
        "classes": list(found.classes),
        "weights": packed(found),
        "rows": len(labelled.rows),
        "seed": labelled.seed,
        "held_out": len(held),
        "accuracy": _accuracy(seen, held),
        "majority": _majority(seen, held),
        "source_sha256": labelled.sha256,
    }
    with transaction.atomic():
        ScenarioClassifier.objects.filter(study=study).delete()
        row = ScenarioClassifier.objects.create(study=study, **fields)
        audit.record(None, "scenarios.trained", study=study, rows=row.rows, classes=len(row.classes))
    return row


def _accuracy(seen: Sequence[Row], held: Sequence[Row]) -> float:
    trial = train(*zip(*seen, strict=True))
    return sum(trial.tell(text) == label for text, label in held) / len(held)


def _majority(seen: Sequence[Row], held: Sequence[Row]) -> float:
    commonest = Counter(label for _, label in seen).most_common(1)[0][0]
    return sum(label == commonest for _, label in held) / len(held)


def _without(rows: Sequence[Row]) -> list[Row]:
    return [row for place, row in enumerate(rows) if place % SHARE_HELD_OUT]


def _rows(lines: Sequence[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _row(number, line)


def _row(number: int, line: str) -> Row:
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UnusableLabels(f"Line {number} is no JSON.") from error
    raw = raw if isinstance(raw, dict) else {}
    label = next((raw[name] for name in LABELS if isinstance(raw.get(name), str)), "").strip()
    text = next((raw[name] for name in TEXTS if isinstance(raw.get(name), str)), "")
    text = text or " ".join(str(raw.get(name) or "") for name in ("instruction", "input"))
    if not label or len(label) > 80 or not text.strip():
        raise UnusableLabels(f"Line {number} has no text with a class.")
    return text, label
