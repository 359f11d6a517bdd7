"""Files of a finished run, made when they are asked for."""

import json
import tempfile
from pathlib import Path

from analysis.dissecting.jobs import whole
from analysis.dissection.tables import tables, write_tables
from analysis.models import Dissection

NAMES = ("probabilities", "groups", "means", "similarity", "correlation")
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
WHOLE = "dissection.json"


def file(row: Dissection, name: str) -> tuple[bytes, str] | None:
    """Content and type of a file by its name; None for one that there is not."""
    if name == WHOLE:
        return json.dumps(whole(row), ensure_ascii=False).encode(), TYPES["json"]
    table, _dot, kind = name.partition(".")
    found = tables(whole(row)) if table in NAMES and kind in TYPES else {}
    if table not in found:
        return None
    with tempfile.TemporaryDirectory() as folder:
        write_tables(Path(folder), {table: found[table]})
        return (Path(folder) / name).read_bytes(), TYPES[kind]
