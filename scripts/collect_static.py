"""Collects the static files as production serves them; no secrets, PostgreSQL or Redis are needed for it."""

from __future__ import annotations

import os
import subprocess
import sys

from check_production import production_environment


def main() -> int:
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "1"]
    return subprocess.run(command, env=os.environ | production_environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
