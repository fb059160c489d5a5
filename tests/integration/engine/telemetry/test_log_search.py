"""What is asked of a real store's logs."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess

from toban.engine.telemetry.log_language import read_search
from toban.engine.telemetry.log_search import LogSearch, Span
from toban.engine.telemetry.logs import Batch, LogRow, LogStore, key_of

NOON = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
HOUR = Span(NOON, NOON + timedelta(hours=1))


def row(number: int, **changes: object) -> LogRow:
    row = LogRow(
        "application", "2026-11-26", NOON.timestamp() + number, "INFO", "shop-api",
        f"Order {number} 注文完了", "", f"req-{number}", "", "", "", "", "",
        0, 0.0, {"cart": {"items": number}}, "shop", number,
    )  # fmt: skip
    return row._replace(**changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def search(store: StoreProcess) -> LogSearch:
    telemetry = store.telemetry
    assert telemetry is not None
    rows = [row(number) for number in range(1, 101)]
    rows += [
        row(200, level="ERROR", kind="error", message="Card 100% DECLINED_x", status=503, duration_ms=900.0)
    ]
    rows += [row(201, service="blog", method="GET", route="/a", attributes={"user": {"name": "山田 太郎"}})]
    LogStore(telemetry).write(Batch(key_of("shop", "", b"all"), rows))
    return LogSearch(telemetry)


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("level:error", [200]),
        ("declined", [200]),
        ('"100% declined_"', [200]),
        ('"100_ declined"', []),
        ("注文完了 requestId:req-7", [7]),
        ("status:>=500", [200]),
        ("durationMs:>899 durationMs:<901", [200]),
        ("cart.items:7", [7]),
        ("cart.items:>98 -level:error", [100, 99]),
        ('user.name:"山田 太郎"', [201]),
        ("service:bl*", [201]),
        ("user.name:*", [201]),
        ("-service:shop-api", [201]),
        ("kind:エラーログ", [200]),
        ("'; DROP TABLE logs", []),
        ("nothing.here:1", []),
    ],
)
def test_a_search_finds_the_newest_first(search: LogSearch, written: str, numbers: list[int]) -> None:
    found = search.newest(read_search(written).terms, HOUR, limit=10)

    assert [each.place.number for each in found] == numbers


def test_pages_follow_one_another_without_a_gap(search: LogSearch) -> None:
    first = search.newest([], HOUR, limit=60)
    second = search.newest([], HOUR, limit=60, before=first[-1].place)
    back = search.oldest([], HOUR, limit=200)
    since = search.oldest([], HOUR, limit=10, after=back[99].place)

    assert [each.place for each in [*first, *second]] == [each.place for each in reversed(back)]
    assert len(back) == 102
    assert [each.place.number for each in since] == [200, 201]


def test_a_row_comes_back_with_all_its_fields(search: LogSearch) -> None:
    (found,) = search.newest(read_search("requestId:req-200").terms, HOUR, limit=1)

    assert (found.at, found.kind, found.status) == (NOON + timedelta(seconds=200), "error", 503)
    assert found.attributes == {"cart": {"items": 200}}


def test_rows_are_counted_by_level_and_time_and_value(search: LogSearch) -> None:
    by_level = search.by_level([], HOUR, step=100)

    assert by_level[NOON, "INFO"] == 99
    assert by_level[NOON + timedelta(seconds=200), "ERROR"] == 1
    assert search.count([], HOUR) == 102
    assert search.values("service", [], HOUR, limit=5) == [("shop-api", 101), ("blog", 1)]
    assert search.values(("user", "name"), [], HOUR, limit=5) == [("山田 太郎", 1)]
