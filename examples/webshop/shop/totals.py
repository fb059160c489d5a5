"""Batch B004: add up a day's sales. `python -m shop.totals`, with the database in SHOP_DATABASE_URL.

The day is the one before the run was due, in Japan, or BATCH_DATE (`toban run B004 --set date=2026-11-01`).
Running it again for the same day replaces the day's figures.
"""

import os
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg

_SHOP_ZONE = ZoneInfo("Asia/Tokyo")

_ADD_UP = """
INSERT INTO daily_totals (day, orders, customers, items, amount_yen, computed_at)
SELECT %(day)s::date, count(*), count(DISTINCT customer_id), coalesce(sum(quantity), 0),
       coalesce(sum(amount_yen), 0), now()
FROM orders
WHERE ordered_at >= %(start)s AND ordered_at < %(end)s
ON CONFLICT (day) DO UPDATE SET
    orders = excluded.orders, customers = excluded.customers, items = excluded.items,
    amount_yen = excluded.amount_yen, computed_at = excluded.computed_at
RETURNING orders, customers, items, amount_yen
"""


def day_of(environment: Mapping[str, str]) -> date:
    """Return the day to add up; raise `ValueError` for a date that is none."""
    if "BATCH_DATE" in environment:
        return date.fromisoformat(environment["BATCH_DATE"])
    due_at = datetime.fromisoformat(environment["BATCH_DUE_AT"])
    return due_at.astimezone(_SHOP_ZONE).date() - timedelta(days=1)


def add_up(database_url: str, day: date) -> tuple[int, int, int, int]:
    """Write the day's figures and return them: orders, customers, items, yen."""
    start = datetime(day.year, day.month, day.day, tzinfo=_SHOP_ZONE)
    with psycopg.connect(database_url) as connection:
        bounds = {"day": day, "start": start, "end": start + timedelta(days=1)}
        row = connection.execute(_ADD_UP, bounds).fetchone()
    if row is None:
        raise AssertionError("an upsert with RETURNING gives its row")
    orders, customers, items, amount_yen = row
    return orders, customers, items, amount_yen


def main() -> None:
    """Add up the day that the batch is for."""
    day = day_of(os.environ)
    orders, customers, items, amount_yen = add_up(os.environ["SHOP_DATABASE_URL"], day)
    print(f"{day}: 注文 {orders}件、顧客 {customers}人、商品 {items}個、売上 ¥{amount_yen:,}")  # noqa: T201 - its log


if __name__ == "__main__":
    main()
