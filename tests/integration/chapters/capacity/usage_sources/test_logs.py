"""The size of the logs in a real telemetry store."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.telemetry_rows import LogRow, SpanRow, batch_of

from toban.chapters.capacity.usage import UsageReading, UsageUnknown
from toban.chapters.capacity.usage_sources.logs.config import LogsUsage
from toban.chapters.capacity.usage_sources.logs.source import LogsSource
from toban.engine.telemetry.logs.days import LogDays
from toban.engine.telemetry.logs.rows import LogStore, key_of
from toban.engine.telemetry.spans.rows import SpanStore
from toban.engine.telemetry.store import Telemetry

NOW = datetime.now(UTC)


def write(telemetry: Telemetry, kind: str, rows: int, day: datetime = NOW) -> None:
    """Store *rows* lines of a kind that compress badly."""

    lines = [
        LogRow(
            kind, day.date().isoformat(), day.timestamp(), "INFO", "shop", os.urandom(200).hex(), "",
            "", "", "", "", "GET", "/", 200, 20.0, {}, "nginx", number,
        )
        for number in range(rows)
    ]  # fmt: skip
    LogStore(telemetry).write(batch_of(key_of("nginx", kind, str((rows, day)).encode()), lines))


def write_span(telemetry: Telemetry) -> None:
    span = SpanRow(
        NOW.date().isoformat(), int(NOW.timestamp()) * 10**9, 5, "1" * 32, "1" * 16, "", "shop", "GET /",
        "SERVER", "", "", "GET", "/", 200, "", "{}", "{}", "[]", "[]", "collector", 1,
    )  # fmt: skip
    SpanStore(telemetry).write(batch_of(key_of("collector", "", b"1"), [span]))


def measured(telemetry: Telemetry, log: str = "") -> UsageReading:
    return LogsSource(LogsUsage.model_validate({"log": log}), telemetry).measure(NOW)


def test_the_logs_take_what_the_engine_says_by_kind(telemetry: Telemetry, store: StoreProcess) -> None:
    store.empty()
    write(telemetry, "access", 3000)
    write(telemetry, "access", 3000, NOW - timedelta(days=1))
    write(telemetry, "audit", 1000)
    write_span(telemetry)

    found = measured(telemetry)

    assert set(found.parts) == {"access", "audit", "trace"}
    # 200 random bytes a line can't be compressed below that.
    assert found.parts["access"] > 6000 * 200
    assert found.parts["access"] == pytest.approx(6 * found.parts["audit"], rel=0.2)
    assert found.used == sum(found.parts.values())
    assert found.limit is None
    assert measured(telemetry, "アクセスログ") == UsageReading(found.parts["access"])


def test_a_day_that_retention_deletes_takes_nothing_any_more(
    telemetry: Telemetry, store: StoreProcess
) -> None:
    store.empty()
    write(telemetry, "access", 500)
    write(telemetry, "access", 500, NOW - timedelta(days=1))
    before, days = measured(telemetry).used, LogDays(telemetry)

    days.delete(min(days.parts(), key=lambda each: each.day))

    assert measured(telemetry).used == pytest.approx(before / 2, rel=0.1)


def test_a_store_without_logs_is_used_by_nothing(telemetry: Telemetry, store: StoreProcess) -> None:
    store.empty()

    assert measured(telemetry) == UsageReading(0)


def test_a_kind_without_lines_is_not_small_but_wrong(telemetry: Telemetry, store: StoreProcess) -> None:
    store.empty()
    write(telemetry, "access", 10)

    with pytest.raises(UsageUnknown, match=r"監査ログ の行がありません \(ある種類: access\)"):
        measured(telemetry, "監査ログ")


def test_a_store_that_is_away_is_said() -> None:
    with pytest.raises(UsageUnknown, match="測定値の置き場に聞けません") as unknown:
        measured(Telemetry("http://toban:hunter2@127.0.0.1:1/toban"))

    assert "hunter2" not in str(unknown.value)
