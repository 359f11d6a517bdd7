"""Bots play against a Prism that runs already, as from another machine."""

import json
import subprocess

from conversations.bots import report
from conversations.running import manage
from prism.lib.processes import CHECKOUT
from tests.e2e.house import House


def test_two_bots_complete_a_study_and_nothing_is_lost(house: House) -> None:
    options = ["--participants", "2", "--concurrency", "2", "--base-url", house.url, "--json"]
    run = subprocess.run(
        manage("bots", "journey", *options), cwd=CHECKOUT, capture_output=True, text=True, timeout=280
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout.count("\n") == 1
    found = json.loads(run.stdout)
    assert list(found)[:6] == ["started", "completed", "lost", "errors", "p50_ms", "p95_ms"]
    assert (found["started"], found["completed"], found["lost"], found["errors"]) == (2, 2, 0, 0)
    assert found["conversations"] == 6
    assert found["compared"]["answer"] >= 30
    assert found["compared"]["streamed text"] > 0
    assert set(report.STEPS) - {"choose", "next task", "annotate"} <= found["p95_ms"].keys()
