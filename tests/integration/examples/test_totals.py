"""The shop's batch B004 against its real tables."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from shop.totals import day_of

SHOP = Path(__file__).parents[3] / "examples" / "webshop"


@pytest.fixture
def shop(postgres_dsn: str) -> Iterator[str]:
    """The shop's books, with two orders on the last of February in Japan and one on either side."""
    with psycopg.connect(postgres_dsn, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS totals")
        admin.execute("CREATE DATABASE totals")
    url = make_conninfo(postgres_dsn, dbname="totals")
    with psycopg.connect(url) as books:
        books.execute((SHOP / "shop" / "schema.sql").read_bytes())
        for customer, quantity, yen, at in (
            (1, 1, 100, "2028-02-28 23:59:59.999+09"),
            (1, 2, 200, "2028-02-29 00:00+09"),
            (2, 3, 300, "2028-02-29 23:59:59.999+09"),
            (2, 4, 400, "2028-03-01 00:00+09"),
        ):
            books.execute(
                "INSERT INTO orders (customer_id, product_id, quantity, amount_yen, ordered_at)"
                " VALUES (%s, 1, %s, %s, %s)",
                (customer, quantity, yen, at),
            )
    yield url
    with psycopg.connect(postgres_dsn, autocommit=True) as admin:
        admin.execute("DROP DATABASE totals")


def add_up(url: str, **told: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SHOP_DATABASE_URL": url, "PYTHONPATH": str(SHOP), **told}
    return subprocess.run(
        [sys.executable, "-m", "shop.totals"], env=environment, check=False, capture_output=True, text=True
    )


def totals(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as books:
        return books.execute("SELECT day, orders, customers, items, amount_yen FROM daily_totals").fetchall()


def test_the_day_before_is_added_up_and_a_second_run_changes_nothing(shop: str) -> None:
    first = add_up(shop, BATCH_DUE_AT="2028-03-01T04:00:00+09:00")
    second = add_up(shop, BATCH_DUE_AT="2028-03-01T04:00:00+09:00")

    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout == "2028-02-29: 注文 2件、顧客 2人、商品 5個、売上 ¥500\n"
    assert totals(shop) == [(date(2028, 2, 29), 2, 2, 5, 500)]


def test_another_day_is_made_up_for_by_its_date(shop: str) -> None:
    add_up(shop, BATCH_DUE_AT="2028-03-05T04:00:00+09:00", BATCH_DATE="2028-02-28")

    assert totals(shop) == [(date(2028, 2, 28), 1, 1, 1, 100)]


def test_a_day_without_orders_is_a_row_of_zeros(shop: str) -> None:
    add_up(shop, BATCH_DUE_AT="2028-02-01T04:00:00+09:00")

    assert totals(shop) == [(date(2028, 1, 31), 0, 0, 0, 0)]


def test_the_day_is_that_of_japan_whatever_zone_the_due_time_is_written_in() -> None:
    assert day_of({"BATCH_DUE_AT": "2028-02-29T19:00:00+00:00"}) == date(2028, 2, 29)


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="day is out of range"):
        day_of({"BATCH_DUE_AT": "2028-03-01T04:00:00+09:00", "BATCH_DATE": "2028-02-30"})
