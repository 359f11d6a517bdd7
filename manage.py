#!/usr/bin/env python
"""Runs Prism's commands; starts the embedded servers for those that need a database."""

from __future__ import annotations

import os
import sys

from prism.embedded import EmbeddedServerError, provide

SERVERLESS = {
    "agreement",
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "fakellm",
    "fakepanel",
    "findstatic",
    "help",
    "leaderboard",
    "makekeys",
    "makemessages",
    "startapp",
    "startproject",
    "version",
}


def needs_servers(arguments: list[str]) -> bool:
    """Whether the command talks to PostgreSQL or Redis; asking for help never does."""
    if not arguments or arguments[0].startswith("-") or {"-h", "--help"} & set(arguments):
        return False
    # `check --database` does connect.
    return arguments[0] not in SERVERLESS or any(word.startswith("--database") for word in arguments)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prism.settings")
    if needs_servers(sys.argv[1:]):
        try:
            provide()
        except EmbeddedServerError as error:
            print(f"Prism cannot start its servers. {error}", file=sys.stderr)
            sys.exit(2)
    from django.core.management import execute_from_command_line, load_command_class

    if sys.argv[1:2] == ["fakellm"]:
        # It knows no room and no page, whose loading would take five times as long as its own.
        load_command_class("conversations", "fakellm").run_from_argv(sys.argv)
        return
    import prism.celery  # noqa: F401 - tasks are sent through this application

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
