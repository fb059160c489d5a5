"""What an error says about the state database, and what is said about it."""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing

import psycopg
import pytest
from django.db import Error, InterfaceError, OperationalError, ProgrammingError
from structlog.testing import capture_logs

from toban.engine.state.reach import Reach, is_away


def caused(error: Error, cause: Exception | None = None) -> Error:
    error.__cause__ = cause
    return error


def of_sqlite(ask: str) -> Exception:
    with closing(sqlite3.connect(":memory:")) as state, pytest.raises(sqlite3.Error) as raised:
        state.execute(ask)
    return raised.value


@pytest.mark.parametrize(
    ("error", "is_so"),
    [
        (caused(OperationalError(), psycopg.OperationalError("connection refused")), True),
        (caused(OperationalError(), psycopg.errors.ConnectionTimeout()), True),
        (caused(OperationalError(), psycopg.errors.AdminShutdown()), True),
        (caused(OperationalError(), psycopg.errors.CannotConnectNow()), True),
        (caused(OperationalError(), psycopg.errors.TooManyConnections()), True),
        (caused(OperationalError(), psycopg.errors.InvalidPassword()), True),
        (caused(InterfaceError("connection already closed")), True),
        (caused(OperationalError(), of_sqlite("ATTACH '/no/such/folder/x' AS y")), True),
        (caused(OperationalError(), of_sqlite("SELECT * FROM no_such_table")), False),
        (caused(OperationalError(), psycopg.errors.DeadlockDetected()), False),
        (caused(OperationalError(), psycopg.errors.DiskFull()), False),
        (caused(OperationalError(), psycopg.errors.QueryCanceled()), False),
        (caused(ProgrammingError(), psycopg.errors.UndefinedTable()), False),
    ],
)
def test_an_error_of_the_connection_or_the_server_means_that_the_state_is_away(
    error: Error, *, is_so: bool
) -> None:
    assert is_away(error) is is_so


def test_it_is_said_once_and_again_when_it_is_back() -> None:
    reach, away = Reach(), caused(OperationalError("refused"), psycopg.OperationalError())

    with capture_logs() as said:
        reach.find()
        assert reach.explains(away)
        assert reach.is_lost
        assert reach.explains(away)
        assert not reach.explains(ValueError())
        reach.find()
        reach.find()
        assert not reach.is_lost

    assert [each["event"] for each in said] == ["state_unreachable", "state_reachable"]


@pytest.mark.parametrize(
    ("error", "is_logged"), [(OperationalError("gone"), False), (ValueError("a mistake"), True)]
)
def test_djangos_log_holds_all_but_that_the_state_is_away(
    error: Exception, *, is_logged: bool, django_log: Callable[[Exception], str]
) -> None:
    assert ("Traceback" in django_log(error)) is is_logged


@pytest.fixture
def django_log() -> Callable[[Exception], str]:
    def logged(error: Exception) -> str:
        (handler,) = logging.getLogger("django").handlers
        record = logging.LogRecord(
            "django.request", logging.ERROR, "", 0, "/", (), (type(error), error, None)
        )
        return f"{handler.format(record)}\nTraceback" if handler.filter(record) else ""

    return logged
