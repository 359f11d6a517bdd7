"""Which person is behind a browser's device keys: asked by every page of a participant, in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from prism.lib import statements
from prism.lib.statements import Columns
from surveys.models import Device, Enrolment, Study

# A study changes seldom and its row is wide. Its place in the table and the transaction that wrote it there
# change with the row, also where this very transaction changes it.
_VERSION = "s.ctid::text, s.xmin::text"


@dataclass(frozen=True)
class _Kept:
    version: tuple[str, ...]
    values: Mapping[str, Any]


_studies: dict[int, _Kept] = {}


def find(keys: list[str], slug: str) -> Device | None:
    """The device in the study of that address, with its enrolment and study; None for erased people."""
    device, enrolment, sql = _statement()
    found = statements.rows(sql, [keys, slug])
    if not found:
        return None
    values = found[0]
    known, end = device.read(values[: len(device)]), len(device) + len(enrolment)
    known.enrolment = enrolment.read(values[len(device) : end])
    known.enrolment.study = _study(known.enrolment.study_id, values[end:])
    return known


@lru_cache(maxsize=1)
def _statement() -> tuple[Columns[Device], Columns[Enrolment], str]:
    device, enrolment = Columns(Device, "d"), Columns(Enrolment, "e")
    select = f"SELECT {device.sql}, {enrolment.sql}, {_VERSION}"
    return device, enrolment, select + _FROM


_FROM = """
    FROM surveys_device d
    JOIN surveys_enrolment e ON e.id = d.enrolment_id
    JOIN surveys_study s ON s.id = e.study_id
    JOIN surveys_participant p ON p.id = e.participant_id
    WHERE d.key = ANY(%s) AND s.slug = %s AND p.erased_at IS NULL
    ORDER BY d.id LIMIT 1
"""


def _study(pk: int, version: tuple[str, ...]) -> Study:
    """A row of its own for the caller; what is kept between requests are the values."""
    kept = _studies.get(pk)
    if kept is None or kept.version != version:
        kept = _studies[pk] = _Kept(version, Study.objects.filter(pk=pk).values().get())
    return Study.from_db("default", list(kept.values), list(kept.values.values()))
