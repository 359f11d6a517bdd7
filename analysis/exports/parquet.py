"""Parquet files with the rows of JSON lines."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from analysis.exports.arena_schema import MOMENT, NUMBER, TEXT, TRUTH, WHOLE, Kind, Schema

ROWS_A_GROUP = 10_000  # fixed, so that the same rows make the same file
MOMENTS = "%Y-%m-%dT%H:%M:%S%.6f"


def write_parquet(lines: Path, path: Path, schema: Schema) -> dict[str, Any]:
    """Write the rows of a file of JSON lines as Parquet, without holding them all; bytes and SHA-256."""
    # Here, because it takes 40 MB that a process which serves pages never needs.
    import polars as pl

    kinds = {name: _polars(kind) for name, kind in schema.items()}
    rows = pl.scan_ndjson(lines, schema=kinds) if lines.stat().st_size else pl.LazyFrame(schema=kinds)
    moments = [name for name, kind in schema.items() if kind == MOMENT]
    parsed = [pl.col(name).str.to_datetime(MOMENTS, time_unit="us") for name in moments]
    rows.with_columns(parsed).sink_parquet(path, compression="zstd", row_group_size=ROWS_A_GROUP)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def _polars(kind: Kind) -> Any:
    """The type of a column while it is read; a moment is a text until then."""
    import polars as pl

    if isinstance(kind, list):
        return pl.List(_polars(kind[0]))
    if isinstance(kind, dict):
        return pl.Struct({name: _polars(inner) for name, inner in kind.items()})
    words = {TEXT: pl.String, MOMENT: pl.String, WHOLE: pl.Int64, NUMBER: pl.Float64, TRUTH: pl.Boolean}
    return words[kind]
