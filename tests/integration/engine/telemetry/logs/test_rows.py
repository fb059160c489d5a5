"""Log rows in a real store: each stored once, however often it is sent, in whole days."""

import json
import signal
from datetime import date, timedelta

import pytest
from tests.integration.engine.telemetry.conftest import StartStore
from tests.telemetry_rows import LogRow, batch_of

from toban.engine.telemetry.logs.rows import NO_DURATION, InsertBatch, LogStore, key_of
from toban.engine.telemetry.store import StoreUnavailable, Telemetry
from toban.engine.telemetry.tables import LOGS

FIRST = date(2026, 11, 26)


def row(number: int, *, kind: str = "application", day: date = FIRST, **changes: object) -> LogRow:
    midnight = (day - date(1970, 1, 1)).total_seconds() - 9 * 3600
    row = LogRow(
        kind=kind,
        day=day.isoformat(),
        at=midnight + 3600 + number,
        level="INFO",
        service="shop-api",
        message=f"order {number} 受け付けました",
        user_id="",
        request_id=f"req-{number}",
        trace_id="",
        span_id="",
        ip="",
        method="",
        route="",
        status=0,
        duration_ms=NO_DURATION,
        attributes={},
        sender="shop",
        number=number,
    )
    return row._replace(**changes)  # type: ignore[arg-type]


def count(telemetry: Telemetry, *, above: int = 0) -> int:
    sql = "SELECT count() FROM logs WHERE number > {above:UInt32}"
    return int(telemetry.ask(sql, {"above": above})[0][0])


@pytest.fixture
def logs(telemetry: Telemetry) -> LogStore:
    telemetry.do("TRUNCATE TABLE logs", {})
    return LogStore(telemetry)


def test_written_rows_are_read_back_unchanged(logs: LogStore, telemetry: Telemetry) -> None:
    attributes = {
        "cart": {"items": [1, 2], "note": '改行\nと"引用"'},
        "a.b": 1,
        "": 0,
        "big": 2**60,
    }
    written = row(7, status=503, duration_ms=12.5, attributes=attributes)

    logs.write(batch_of("00" * 32, [written]))

    (found,) = telemetry.ask(
        """SELECT kind, toString(day), toUnixTimestamp64Milli(at), message, request_id, status, duration_ms,
        attributes.cart.note, attributes.big, sender FROM logs""",
        {},
    )
    assert found[:2] == ("application", "2026-11-26")
    assert found[2] == int(written.at * 1000)
    assert found[3:7] == (written.message, "req-7", 503, 12.5)
    assert found[7:] == ('改行\nと"引用"', 2**60, "shop")


def attributes_in(telemetry: Telemetry) -> object:
    ((found,),) = telemetry.ask("SELECT toJSONString(attributes) FROM logs", {})
    return json.loads(found)


@pytest.mark.parametrize(
    "sent",
    [
        "2026-11-26",
        "2026/11/26",
        "2026-11-26 11:59:59.5",
        "2026-11-26T11:59:59Z",
        "2026-11-26T11:59:59+09:00",
    ],
)
def test_attributes_that_look_like_times_are_stored_as_sent(
    logs: LogStore, telemetry: Telemetry, sent: str
) -> None:
    attributes = {"alone": sent, "listed": [sent, "", "-5", "1700000000000"], "mixed": [5, sent, {"at": ""}]}

    logs.write(batch_of("00" * 32, [row(1, attributes=attributes)]))

    assert attributes_in(telemetry) == attributes


def test_the_first_of_two_fields_with_the_same_path_is_kept(logs: LogStore, telemetry: Telemetry) -> None:
    twice = {
        "a.b": 1,
        "a": {"b": 2, "c": 3},
        "list": [{"d": {"e": 4}, "d.e": 5}, [{"f": 6}]],
        "g": {"h": None},
        "g.h": 7,
    }

    logs.write(batch_of("00" * 32, [row(1, attributes=twice)]))

    assert attributes_in(telemetry) == {
        "a": {"b": 1, "c": 3},
        "list": [{"d": {"e": 4}}, [{"f": 6}]],
        "g": {"h": 7},
    }


def test_a_table_of_an_older_version_stores_attributes_as_sent(start_store: StartStore) -> None:
    store = start_store()
    store.told("CREATE DATABASE IF NOT EXISTS toban")
    added = " DEFAULT attributes_sent CODEC(ZSTD),\n    attributes_sent String EPHEMERAL '{}'"
    former = LOGS.replace(added, "")
    store.told(former)

    LogStore(store.telemetry).write(batch_of("00" * 32, [row(1, attributes={"on": "2026/11/26"})]))

    assert "EPHEMERAL" not in former
    assert attributes_in(store.telemetry) == {"on": "2026/11/26"}


def test_a_batch_sent_again_is_stored_once(logs: LogStore, telemetry: Telemetry) -> None:
    batch = batch_of(key_of("shop", "", b"the body"), [row(number) for number in range(1, 1001)])

    logs.write(batch)
    logs.write(batch)
    LogStore(telemetry).write(batch)

    assert count(telemetry) == 1000


def test_missing_rows_are_written_although_more_rows_are_stored_than_sent(
    logs: LogStore, telemetry: Telemetry
) -> None:
    """Lines of a partly stored batch may be left out under a newer version of the document."""
    key, noon = key_of("shop", "", b"the body"), row(3600).at
    logs.write(batch_of(key, [row(number, at=noon) for number in (1, 2, 3, 4, 6)]))

    logs.write(batch_of(key, [row(number, at=noon) for number in (5, 6)]), is_repetition=True)

    assert count(telemetry) == 6


def test_two_senders_may_write_the_same_rows(logs: LogStore, telemetry: Telemetry) -> None:
    for sender in ("shop", "blog"):
        logs.write(batch_of(key_of(sender, "", b"the body"), [row(1, sender=sender)]))

    assert count(telemetry) == 2


def test_a_batch_with_more_days_than_one_insert_allows_is_stored(
    logs: LogStore, telemetry: Telemetry
) -> None:
    rows = [row(number, day=FIRST - timedelta(days=number)) for number in range(1, 121)]

    logs.write(batch_of(key_of("shop", "", b"many days"), rows))
    logs.write(batch_of(key_of("shop", "", b"many days"), rows))

    assert count(telemetry) == 120


def test_a_batch_whose_token_is_known_but_rows_are_missing_is_written_again(
    logs: LogStore, telemetry: Telemetry
) -> None:
    """A store killed between recording the token and committing the rows has one without the other."""
    batch = batch_of(key_of("shop", "", b"noted"), [row(number) for number in range(1, 11)])
    logs.write(batch)
    # The state after such a kill: the token is known, some rows are missing.
    telemetry.do("ALTER TABLE logs DELETE WHERE number > 4 SETTINGS mutations_sync = 1", {})
    assert count(telemetry) == 4

    logs.write(batch)

    assert count(telemetry) == 10
    assert count(telemetry, above=4) == 6


def test_a_batch_of_lines_without_times_is_stored_once(logs: LogStore, telemetry: Telemetry) -> None:
    """Such lines get the time they are read, and are read again when the batch is sent again."""
    rows = [row(number) for number in range(1, 11)]
    batch = batch_of(key_of("shop", "", b"without times"), rows)
    later = [each._replace(at=each.at + 30) for each in rows]
    logs.write(batch)
    # As after a kill that lost some rows: only those are missing.
    telemetry.do("ALTER TABLE logs DELETE WHERE number > 8 SETTINGS mutations_sync = 1", {})

    for _ in range(2):
        logs.write(batch_of(batch.key, later))

    assert count(telemetry) == 10
    assert count(telemetry, above=8) == 2


def test_a_killed_store_loses_nothing_acknowledged(start_store: StartStore) -> None:
    child = start_store()
    telemetry = Telemetry(child.telemetry_url)
    logs = LogStore(telemetry)
    batches = [
        batch_of(key_of("shop", str(at), b""), [row(at * 1000 + n) for n in range(1, 501)]) for at in range(6)
    ]
    for batch in batches[:3]:
        logs.write(batch)
    child.stop(signal.SIGKILL)
    with pytest.raises(StoreUnavailable):
        logs.write(batches[3])

    start_store(port=child.port)
    for batch in batches[2:]:
        logs.write(batch)

    assert count(telemetry) == 3000
    telemetry.close()


def test_a_batch_sent_again_after_the_engine_forgot_it_is_stored_once(
    logs: LogStore, telemetry: Telemetry
) -> None:
    batch = batch_of(key_of("shop", "late", b""), [row(number) for number in range(1, 6)])
    window = "ALTER TABLE logs MODIFY SETTING non_replicated_deduplication_window = "
    telemetry.do(window + "0", {})
    try:
        logs.write(InsertBatch(batch.key, batch.rows[:3]))
        for _ in range(2):
            logs.write(batch, is_repetition=True)
    finally:
        telemetry.do(window + "10000", {})

    assert count(telemetry) == 5
