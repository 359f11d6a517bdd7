"""Start Debian's Chromium for tests that are marked ``browser``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, expect, sync_playwright

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# The same engine without a window's machinery first: it takes a quarter less processor time.
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def chromium_path() -> str:
    """Where Chromium is; without one the test is skipped, or fails when CI is set."""
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path:
        return path
    if os.environ.get("CI"):
        pytest.fail("CI is set and there is no Chromium: install Debian's package chromium")
    pytest.skip("no Chromium on PATH: install Debian's package chromium to run browser tests")


# The dearest rules by far. What they find depends on the light, not on the width of the window.
COLOURS = ("color-contrast", "link-in-text-block")


def flaws(page: Page, *rules: str, but: Sequence[str] = ()) -> list[str]:
    """The barriers that axe finds on the page as it stands, one line each;
    by its usual rules (`but` some) or by those named."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options: dict[str, object] = {
        "resultTypes": ["violations"],
        "rules": {rule: {"enabled": False} for rule in but},
    }
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    found = page.evaluate("async (options) => (await axe.run(options)).violations", options)
    return [f"{flaw['id']}: {node['html']}" for flaw in found for node in flaw["nodes"]]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium. Close it before any test of the same process uses the database from its thread."""
    expect.set_options(timeout=60_000)  # what is waited for comes in its own time where a machine stalls
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def chromium_beside_the_database() -> Iterator[Browser]:
    """Run one Chromium for all tests of a module that use the database too. Django refuses that to a thread
    with an event loop, lest a query hold up others; in this one nobody is there but the browser."""
    with chromium() as browser, patch.dict(os.environ, DJANGO_ALLOW_ASYNC_UNSAFE="1"):
        yield browser
