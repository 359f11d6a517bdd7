"""Ends with status 0 when the web process of this container answers and reaches PostgreSQL and Redis.

It asks over plain HTTP on the loopback address, under the first name of ALLOWED_HOSTS, since Django refuses
any other; `/health/` is the one address that is not sent on to HTTPS.
"""

from __future__ import annotations

import os
import sys
import urllib.request


def request() -> urllib.request.Request:
    port = os.environ.get("UVICORN_PORT", "8000")
    host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".") or "localhost"
    return urllib.request.Request(f"http://127.0.0.1:{port}/health/", headers={"Host": host})


def main() -> int:
    try:
        with urllib.request.urlopen(request(), timeout=4) as response:  # noqa: S310 - our own address
            return 0 if response.status == 200 else 1
    except OSError as error:
        print(f"Prism's web process is not well: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
