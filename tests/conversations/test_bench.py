"""`manage.py bench` fails when a figure misses its aim, and says which."""

import json
from random import randrange
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from benchmarks import aims, leaderboard
from benchmarks.arena import CHUNKS, SPEED, Round, lost
from benchmarks.study import make_arena
from benchmarks.tables import of_parts
from benchmarks.visitor import Seen, solution
from conversations.management.commands import bench


@pytest.mark.parametrize(
    ("aim", "kept", "wrong"),
    [
        ("at most 1.6", 1.6, 1.61),
        ("below 300", 299.9, 300),
        ("at least 2", 2, 1.99),
        ("0", 0, 1),
        ("all", 200, 199),
    ],
)
def test_an_aim_is_kept_up_to_its_number_and_missed_beyond(aim: str, kept: float, wrong: float) -> None:
    rows = [("Figure", "many_found", aim), ("People", "many_people", "")]
    assert aims.missed(rows, {"many_found": kept, "many_people": 200}) == []
    assert aims.missed(rows, {"many_found": wrong, "many_people": 200}) == [
        f"Figure: {wrong:.2f}, {aim} expected"
    ]
    assert aims.missed(rows, {"many_people": 200}) == []


def test_every_aim_of_the_tables_can_be_read() -> None:
    rows = [row for part in of_parts().values() for rows in part.values() for row in rows]
    figures = dict.fromkeys([name for _label, name, _aim in rows], 1.0)
    assert sum(bool(aim) for _label, _name, aim in rows) >= 15
    assert aims.missed(rows, figures)


def test_something_else_is_no_aim() -> None:
    with pytest.raises(ValueError, match="about 3"):
        aims.missed([("Figure", "f", "about 3")], {"f": 3})


def test_a_missed_aim_is_exit_status_1_after_the_figures(monkeypatch: Any, capsys: Any) -> None:
    found = {"board_half_s": 9.0, "board_davidson_s": 0.1}
    monkeypatch.setattr(leaderboard, "measure", lambda say: dict(found))
    with pytest.raises(CommandError, match=r"half wins.*9\.00, at most 1\.5 expected") as refusal:
        call_command("bench", only="leaderboard", json=True)
    assert refusal.value.returncode == 1
    assert json.loads(capsys.readouterr().out)["board_half_s"] == 9.0
    call_command("bench", "--no-fail", only="leaderboard", json=True)
    found["board_half_s"] = 0.2
    call_command("bench", only="leaderboard", json=True)


@pytest.mark.django_db
def test_a_part_that_fails_is_named_and_loses_no_other_ones_table(monkeypatch: Any, capsys: Any) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(bench, "PARTS", ("monitor", "leaderboard"))
    monkeypatch.setattr(bench.Command, "monitor", fail)
    monkeypatch.setattr(leaderboard, "measure", lambda say: {"board_half_s": 9.0})
    with pytest.raises(CommandError, match=r"Failed parts:\nmonitor: OSError: no room\nMissed aims:.*\n"):
        call_command("bench")
    told = capsys.readouterr().out
    assert "leaderboard: load average before it" in told
    assert "9.00   at most 1.5" in told
    with pytest.raises(CommandError, match="no room"):  # what was not measured cannot be waved through
        call_command("bench", "--no-fail")


def test_the_providers_own_record_tells_what_was_asked_again() -> None:
    calls = [
        {"response": 1, "state": "finished", "started": 1.0, "finished": 2.0},
        {"response": 2, "state": "aborted", "started": 1.0, "finished": 1.6},
        {"response": 2, "state": "finished", "started": 1.7, "finished": 3.0},
        {"response": 3, "state": "running", "started": 1.8, "finished": None},
    ]
    here = Round([Seen(texts={"A": "word " * CHUNKS, "B": "word"})], [], calls, harmed_at=1.5)
    assert (here.calls_repeated(here.expected), here.calls_again(), here.in_flight()) == (0, 1, 2)
    calls.append({"response": 1, "state": "finished", "started": 2.5, "finished": 3.0})
    assert (here.calls_repeated(here.expected), here.calls_repeated(3), here.calls_again()) == (1, 1, 2)
    assert lost(here) == 1


@pytest.mark.django_db
def test_the_benchs_browsers_solve_the_puzzle_at_the_arenas_door(monkeypatch: Any, settings: Any) -> None:
    settings.RATE_LIMITS_ON = True
    monkeypatch.setattr("conversations.views.arena.doors.MANY_ENTRIES", 0)
    study = make_arena("bench-door", "http://127.0.0.1:1/v1", SPEED, SPEED)
    client = Client(REMOTE_ADDR=f"2001:db8::{randrange(2**16):x}")
    form = {"consent": "on", "door_key": "first"}
    page = client.post(f"/arena/{study.slug}/begin/", form)
    assert page.status_code == 429
    assert solution(client.get(f"/arena/{study.slug}/").content.decode()) == ""
    solved = client.post(f"/arena/{study.slug}/begin/", form | {"proof": solution(page.content.decode())})
    assert solved["Location"] == f"/arena/{study.slug}/"
    assert "form_key" in client.get(solved["Location"]).content.decode()
