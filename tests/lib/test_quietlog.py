"""No value of a row reaches a log: real errors of PostgreSQL, through the loggers that meet them."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from accounts.models import User
from prism.lib.processes import CHECKOUT
from prism.lib.quietlog import ForgetRows
from prism.lib.urls import with_redis_database
from surveys.models import Participant
from tests import databases
from tests.factories import make_enrolment, make_study, make_user

pytestmark = pytest.mark.django_db
SECRET, BELOW = "ada.lovelace@example.org", "and a second line"


def twice(request: HttpRequest) -> HttpResponse:
    """A person who is there already."""
    User.objects.create(email=SECRET)
    return HttpResponse()


def failing_row(request: HttpRequest) -> HttpResponse:
    """A row that a check refuses; PostgreSQL quotes all of it, line ends and all."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE people (name text, age int CHECK (age > 0)) ON COMMIT DROP")
        boundary = "\n\nDuring handling of the above exception, another exception occurred:\n\n"
        cursor.execute("INSERT INTO people VALUES (%s, -1)", [f"first line{boundary}{SECRET}"])
    return HttpResponse()


def unreadable(request: HttpRequest) -> HttpResponse:
    """A value that is no number, which the message itself quotes, and the statement in the lines below."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT CAST(%s AS integer)", [f"{SECRET}\n{BELOW}"])
    return HttpResponse()


def while_handling(request: HttpRequest) -> HttpResponse:
    try:
        with transaction.atomic():
            twice(request)
    except IntegrityError as error:
        raise ExceptionGroup("two things", [ValueError("other"), error]) from None
    return HttpResponse()


def no_table(request: HttpRequest) -> HttpResponse:
    """A statement with the values in it, as the client writes them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM people_of_nowhere WHERE email = %s", [SECRET])
    return HttpResponse()


VIEWS = [twice, failing_row, unreadable, while_handling, no_table]
urlpatterns = [path(f"{view.__name__}/", view) for view in VIEWS]


@pytest.fixture
def console() -> Iterator[io.StringIO]:
    """What the handler of the settings writes."""
    handlers = [h for h in logging.getLogger().handlers if any(isinstance(f, ForgetRows) for f in h.filters)]
    (handler,) = handlers
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("view", VIEWS)
def test_a_request_that_fails_in_the_database_logs_no_value(console, view):
    User.objects.create(email=SECRET)
    client = Client(raise_request_exception=False)
    with transaction.atomic():
        assert client.get(f"/{view.__name__}/").status_code == 500
        transaction.set_rollback(True)
    log = console.getvalue()
    assert "Traceback (most recent call last):" in log
    assert f"in {view.__name__}" in log
    assert SECRET not in log
    assert "DETAIL" not in log
    assert BELOW not in log


@pytest.mark.urls(__name__)
def test_what_names_the_rule_and_no_value_stays(console):
    User.objects.create(email=SECRET)
    with transaction.atomic():
        Client(raise_request_exception=False).get("/twice/")
        transaction.set_rollback(True)
    log = console.getvalue()
    assert log.count("duplicate key value violates unique constraint") == 2  # psycopg's and Django's
    assert "accounts_user_email" in log


def the_error(act: Callable[[], object]) -> Exception:
    try:
        with transaction.atomic():
            act()
    except (IntegrityError, DataError) as error:
        return error
    raise AssertionError("nothing failed")


@pytest.mark.parametrize(
    "write",
    [
        lambda log, error: log.error("not stored: %s", error),
        lambda log, error: log.error("not stored: %r", error),
        lambda log, error: log.error("not stored: %(error)s", {"error": error}),
        lambda log, error: log.error(error),
        lambda log, error: log.error(f"not stored: {error}"),
        lambda log, error: log.error(f"not stored: {error!r}"),
        lambda log, error: log.error("not stored: %s", str(error), exc_info=error),
        lambda log, error: log.error("not stored", exc_info=error.__cause__),
    ],
)
def test_however_an_error_is_written_down_its_row_is_left_out(console, write):
    User.objects.create(email=SECRET)
    error = the_error(lambda: User.objects.create(email=SECRET))
    assert SECRET in str(error)
    write(logging.getLogger("surveys.answers"), error)
    assert "violates unique constraint" in console.getvalue()
    assert SECRET not in console.getvalue()


def test_an_enrolment_twice_logs_no_number_of_a_person(console):
    enrolment = make_enrolment(make_study())
    again = the_error(lambda: make_enrolment(enrolment.study, number=enrolment.number))
    logging.getLogger("django.request").error("Internal Server Error", exc_info=again)
    assert "enrolment_number" in console.getvalue()
    assert str(enrolment.number) not in console.getvalue()


def test_a_name_too_long_logs_what_is_wrong(console):
    error = the_error(lambda: Participant.objects.create(code=SECRET * 10))
    logging.getLogger("surveys").error("not stored", exc_info=error)
    assert "value too long for type character varying" in console.getvalue()
    assert SECRET not in console.getvalue()


def test_a_server_that_is_away_is_described_in_full(console):
    with pytest.raises(psycopg.OperationalError) as failure:
        psycopg.connect("postgresql://prism@127.0.0.1:1/prism")
    said = str(failure.value)
    logging.getLogger("prism").error("not stored", exc_info=failure.value)
    assert said in console.getvalue()


def test_other_records_pass_unchanged(console):
    logging.getLogger("prism").warning("%s of %s\n  HINTS: none", 1, make_user("b@example.org").pk)
    assert "1 of " in console.getvalue()
    assert "HINTS: none" in console.getvalue()


def test_the_web_servers_own_log_has_the_rule_too():
    handlers = json.loads((CHECKOUT / "prism" / "logging.json").read_text())["handlers"]
    assert "forget_rows" in handlers["server"]["filters"]


TASK = """
import os
from prism.celery import app
from django.db import connection

@app.task(name="tiny.fail")
def fail():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE people (email text UNIQUE)")
        cursor.execute("INSERT INTO people VALUES (%s), (%s)", [os.environ["PERSON"]] * 2)

@app.task(name="tiny.stop")
def stop():
    app.control.shutdown()
"""


def test_a_task_that_fails_in_the_database_logs_no_value(tmp_path: Path):
    """A worker as in production, under the settings' logging."""
    (tmp_path / "tiny.py").write_text(TASK)
    with databases.own("quietlog") as database:
        own = {
            "DATABASE_URL": database,
            "REDIS_URL": with_redis_database(os.environ["REDIS_URL"], 29),
            "PYTHONPATH": f"{tmp_path}:{CHECKOUT}",
            "PRISM_VAR": str(tmp_path),
            "PERSON": SECRET,
        }
        send = "import tiny; tiny.fail.apply_async(queue='quiet'); tiny.stop.apply_async(queue='quiet')"
        subprocess.run([sys.executable, "-c", send], env=os.environ | own, check=True, timeout=60)
        worker = [sys.executable, "-m", "celery", "-A", "tiny", "worker", "-Q", "quiet", "-P", "threads"]
        done = subprocess.run(
            [*worker, "-c", "1", "--loglevel", "INFO"],
            env=os.environ | own,
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=120,
        )
    log = done.stdout + done.stderr
    assert "Task tiny.fail" in log
    assert "duplicate key value violates unique constraint" in log
    assert "Traceback (most recent call last):" in log
    assert SECRET not in log
    assert "DETAIL" not in log
