"""Sending an export's files to a browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from django.http import StreamingHttpResponse

CHUNK = 256 * 1024


def download(path: Path, name: str) -> StreamingHttpResponse:
    """A file as an attachment called `name`; raises FileNotFoundError when it is gone."""
    # Not FileResponse: under ASGI it would read the whole file into memory first.
    response = StreamingHttpResponse(_chunks(path), content_type=_content_type(name))
    response["Content-Length"] = str(path.stat().st_size)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk


def _content_type(name: str) -> str:
    kinds = {".zip": "application/zip", ".json": "application/json", ".jsonl": "application/x-ndjson"}
    return kinds.get(Path(name).suffix, "application/octet-stream")
