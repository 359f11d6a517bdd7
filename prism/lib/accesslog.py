"""What the web server's access log may say: nothing that leads to a person."""

from __future__ import annotations

import logging
import re

# A signed link is the key to a person's answers; no ordinary part of our paths is as long.
LONG_SEGMENT = re.compile(r"(?<=/)[^/]{40,}")


class StripQuery(logging.Filter):
    """Leaves the query string, signed links and the client's address out of `uvicorn.access` records.

    Query strings carry a panel's identifiers, and an address is personal data. The record's arguments are
    uvicorn's: client address, method, path with query, HTTP version, status.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and len(record.args) == 5:
            _, method, target, version, status = record.args
            record.args = ("-", method, quiet_path(str(target)), version, status)
        return True


def quiet_path(target: str) -> str:
    """The path of a request target, without its query string and with signed parts shortened."""
    return LONG_SEGMENT.sub("…", target.partition("?")[0])
