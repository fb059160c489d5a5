"""Batches in a real store: each stored once, whoever else writes and whatever the store has forgotten."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyarrow as pa
import pytest
from tests.integration.engine.telemetry.conftest import StartStore
from tests.integration.engine.telemetry.logs.test_rows import FIRST, count, row
from tests.telemetry_rows import batch_of, logs_of

from toban.engine.telemetry.batches import BatchStore, BatchTable, InsertBatch, key_of
from toban.engine.telemetry.columns import DAY, MOMENT, table_of
from toban.engine.telemetry.logs.rows import LogStore
from toban.engine.telemetry.store import StoreRefused, Telemetry

# Repeated inserts are recognised only by the engine, as ClickHouse does for every table.
PARCELS = BatchTable(
    "parcels", pa.schema([("day", DAY), ("at", MOMENT), ("number", pa.uint32())]), partition=("day",)
)


@pytest.fixture
def parcels(telemetry: Telemetry) -> Iterator[BatchStore]:
    telemetry.do(
        """CREATE TABLE parcels (day Date, at DateTime64(3, 'UTC'), batch UInt64, number UInt32,
        received_at DateTime DEFAULT now()) ENGINE = MergeTree PARTITION BY day ORDER BY at
        SETTINGS non_replicated_deduplication_window = 100""",
        {},
    )
    yield BatchStore(telemetry, PARCELS)
    telemetry.do("DROP TABLE parcels", {})


def parcels_of(telemetry: Telemetry) -> list[int]:
    return [number for (number,) in telemetry.ask("SELECT number FROM parcels ORDER BY number", {})]


def written_parts(telemetry: Telemetry) -> int:
    sql = "SELECT sum(value) FROM system.events WHERE event = 'InsertedCompactParts'"
    return int(telemetry.ask(sql, {})[0][0])


def test_batches_that_arrive_together_are_written_together(telemetry: Telemetry) -> None:
    telemetry.do("TRUNCATE TABLE logs", {})
    logs = LogStore(telemetry)
    batches = [
        batch_of(key_of("shop", str(at), b""), [row(at * 100 + n) for n in range(1, 101)]) for at in range(40)
    ]

    before = written_parts(telemetry)

    with ThreadPoolExecutor(16) as senders:
        list(senders.map(logs.write, batches))

    assert count(telemetry) == 4000
    assert int(telemetry.ask("SELECT uniqExact(number) FROM logs", {})[0][0]) == 4000
    assert written_parts(telemetry) - before < 40


def test_a_batch_that_the_engine_refuses_delays_no_other(telemetry: Telemetry) -> None:
    telemetry.do("TRUNCATE TABLE logs", {})
    logs = LogStore(telemetry)
    batches = [batch_of(key_of("shop", f"good {at}", b""), [row(at + 1)]) for at in range(30)]
    rows = logs_of([row(1)])
    place = rows.column_names.index("attributes_sent")
    bad = InsertBatch(
        key_of("shop", "bad", b""), rows.set_column(place, "attributes_sent", pa.array(["no JSON"]))
    )

    with ThreadPoolExecutor(16) as senders:
        done = [senders.submit(logs.write, batch) for batch in (*batches[:15], bad, *batches[15:])]

    assert [type(each.exception()) for each in done if each.exception()] == [StoreRefused]
    assert count(telemetry) == 30


def test_a_batch_held_by_a_killed_store_is_stored_once(start_store: StartStore) -> None:
    """The store may have lost its record of inserts: then the rows themselves decide."""
    child = start_store()
    telemetry = Telemetry(child.telemetry_url)
    batch = batch_of(key_of("shop", "held", b""), [row(number) for number in range(1, 51)])
    LogStore(telemetry).write(batch)
    child.stop(signal.SIGKILL)
    start_store(port=child.port)

    for logs in (LogStore(telemetry), LogStore(telemetry)):
        logs.write(batch)
        logs.write(batch)

    assert count(telemetry) == 50
    telemetry.close()


def test_a_batch_without_times_is_recognised_on_the_next_day(start_store: StartStore) -> None:
    child = start_store()
    telemetry = Telemetry(child.telemetry_url)
    yesterday = [row(number) for number in range(1, 11)]
    key = key_of("shop", "without times", b"")
    LogStore(telemetry).write(batch_of(key, yesterday))
    child.stop(signal.SIGKILL)
    start_store(port=child.port)

    today = (FIRST + timedelta(days=1)).isoformat()
    LogStore(telemetry).write(
        batch_of(key, [each._replace(day=today, at=each.at + 86_400) for each in yesterday])
    )

    assert count(telemetry) == 10
    telemetry.close()


def test_a_writer_notices_that_the_store_was_restarted(start_store: StartStore) -> None:
    child = start_store()
    telemetry = Telemetry(child.telemetry_url)
    logs, elsewhere = LogStore(telemetry), LogStore(telemetry)
    batches = [batch_of(key_of("shop", str(at), b""), [row(at + 1)]) for at in range(3)]
    logs.write(batches[0])
    elsewhere.write(batches[1])
    child.stop(signal.SIGKILL)
    start_store(port=child.port)

    for batch in batches:
        logs.write(batch)

    assert count(telemetry) == 3
    telemetry.close()


def test_a_batch_is_recognised_although_another_came_with_a_wrong_clock(start_store: StartStore) -> None:
    child = start_store()
    telemetry = Telemetry(child.telemetry_url)
    logs = LogStore(telemetry)
    batch = batch_of(key_of("shop", "held", b""), [row(1)])
    logs.write(batch)
    ahead = "(kind, day, at, received_at) VALUES ('audit', today(), now(), '2040-01-01')"
    child.told(f"INSERT INTO toban.logs {ahead}")
    child.stop(signal.SIGKILL)
    start_store(port=child.port)

    logs.write(batch)

    assert count(telemetry) == 1
    telemetry.close()


def test_missing_rows_of_a_batch_are_added_once(telemetry: Telemetry) -> None:
    """Eight writers at once, as after a store that failed half-way."""
    telemetry.do("TRUNCATE TABLE logs", {})
    batch = batch_of(key_of("shop", "in part", b""), [row(number) for number in range(1, 101)])
    LogStore(telemetry).write(batch)
    telemetry.do("ALTER TABLE logs DELETE WHERE number > 40 SETTINGS mutations_sync = 1", {})

    def write(again: bool) -> None:
        LogStore(telemetry).write(batch, is_repetition=again)

    with ThreadPoolExecutor(8) as senders:
        list(senders.map(write, [True, False] * 4))

    assert count(telemetry) == 100


def test_a_batch_of_very_many_days_sent_twice_at_once_is_stored_once(telemetry: Telemetry) -> None:
    telemetry.do("TRUNCATE TABLE logs", {})
    rows = [row(number, day=FIRST - timedelta(days=number)) for number in range(1, 121)]
    batch = batch_of(key_of("shop", "very many days", b""), rows)

    with ThreadPoolExecutor(4) as senders:
        list(senders.map(LogStore(telemetry).write, [batch] * 4))

    assert count(telemetry) == 120


def test_batches_of_many_days_delay_no_others(telemetry: Telemetry) -> None:
    telemetry.do("TRUNCATE TABLE logs", {})
    logs = LogStore(telemetry)
    batches = [
        batch_of(
            key_of("shop", f"{at} days", b""),
            [row(n, day=FIRST - timedelta(days=at * 60 + n)) for n in range(1, 61)],
        )
        for at in range(8)
    ]

    with ThreadPoolExecutor(8) as senders:
        list(senders.map(logs.write, batches))

    assert count(telemetry) == 480


def test_rows_wrongly_taken_for_a_repetition_are_written_after_all(
    parcels: BatchStore, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ClickHouse killed between recording a token and committing the rows has one without the other."""
    # It has started again since: the tests' own store may be older, as it serves all of them.
    monkeypatch.setattr("toban.engine.telemetry.batches._DOUBTED", float("inf"))
    batch = InsertBatch(
        "ab" * 32,
        table_of(PARCELS.schema, [["1970-01-02"] * 10, [86_400.0 + n for n in range(1, 11)], range(1, 11)]),
    )
    parcels.write(batch)
    telemetry.do("ALTER TABLE parcels DELETE WHERE number > 4 SETTINGS mutations_sync = 1", {})
    assert parcels_of(telemetry) == [1, 2, 3, 4]

    parcels._insert_all(batch)
    assert parcels_of(telemetry) == [1, 2, 3, 4], "the engine knows its token"
    parcels.write(batch)

    assert parcels_of(telemetry) == list(range(1, 11))
