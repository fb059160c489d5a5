"""Doubts about the query of a batch, found in advance with a real PostgreSQL."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests.integration.chapters.batch.kinds.conftest import read

from toban.chapters.batch.database import SqlQuestion
from toban.engine.bindings.secret import Secret

SQL = "SELECT sum(yen) FROM sales WHERE at >= %(start)s AND at < %(end)s"


def doubts(sql: str, reference: str = "env:BOOKS") -> list[tuple[str, str]]:
    question = SqlQuestion(Secret(reference, Path()), sql, ZoneInfo("Asia/Tokyo"), timedelta(seconds=5), 1)
    return read(question.doubts())


@pytest.fixture
def sales(books: str) -> str:
    with psycopg.connect(books) as connection:
        connection.execute("CREATE TABLE sales (at timestamptz, yen int)")
    return books


def test_a_valid_query_raises_no_doubt_and_changes_nothing(sales: str) -> None:
    assert doubts(SQL) == []


def test_a_missing_column_is_reported_with_a_hint(sales: str) -> None:
    ((doubt, hint),) = doubts(SQL.replace("yen", "dollars"))

    assert 'column "dollars" does not exist' in doubt
    assert "query の表と列の名" in hint


def test_a_query_that_would_write_is_planned_but_not_executed(sales: str) -> None:
    doubts("DELETE FROM sales WHERE at >= %(start)s")

    with psycopg.connect(sales) as connection:
        connection.execute("INSERT INTO sales VALUES (now(), 1)")
    doubts("DELETE FROM sales")
    with psycopg.connect(sales) as connection:
        assert connection.execute("SELECT count(*) FROM sales").fetchone() == (1,)


def test_a_wrong_database_is_reported_without_the_password(
    sales: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG", make_conninfo(sales, dbname="no_such_books", password="Kagi-no-himitsu"))

    ((doubt, _hint),) = doubts(SQL, "env:WRONG")

    assert '"no_such_books" does not exist' in doubt
    assert "Kagi" not in doubt


def test_a_missing_secret_is_reported_by_its_place(sales: str) -> None:
    ((doubt, _hint),) = doubts(SQL, "env:NOWHERE_TO_BE_FOUND")

    assert "NOWHERE_TO_BE_FOUND" in doubt
