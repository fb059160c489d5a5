"""Searches and counts in the logs of a real store."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.telemetry_rows import LogRow, batch_of

from toban.engine.telemetry import parquet
from toban.engine.telemetry.logs.days import DayPart
from toban.engine.telemetry.logs.language import read_search
from toban.engine.telemetry.logs.rows import NO_DURATION, LogStore, key_of
from toban.engine.telemetry.logs.search import LogSearch, TimeSpan
from toban.engine.telemetry.parquet import LogExport

NOON = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
HOUR = TimeSpan(NOON, NOON + timedelta(hours=1))


def row(number: int, **changes: object) -> LogRow:
    row = LogRow(
        "application", "2026-11-26", NOON.timestamp() + number, "INFO", "shop-api",
        f"Order {number} 注文完了", "", f"req-{number}", "", "", "", "", "",
        0, NO_DURATION, {"cart": {"items": number}}, "shop", number,
    )  # fmt: skip
    return row._replace(**changes)  # type: ignore[arg-type]


OWN: list[dict[str, object]] = [
    {"tags": ["x", "y"], "customer": {"id": 1}},
    {"tags": "x", "customer": "c"},
    {"tags": [1, 2.5, None], "flags": [True, False], "customer": {"name": {"first": "太郎"}}},
    {"tags": ['a"b', "[z]", "x y"], "lines": [{"sku": "A1", "quantity": 2}, {"sku": "B2"}, {"quantity": 7}]},
    {"tags": [], "lines": {"sku": "A1"}, "order": {"lines": [{"item": {"sku": "C3"}}]}},
    {"tags": "[x]", "note": '["x"]'},
]
"""Custom fields of a sender, for the rows from 1 on."""


@pytest.fixture(scope="module")
def nested(store: StoreProcess) -> LogSearch:
    telemetry = store.telemetry
    assert telemetry is not None
    day = {"kind": "access", "at": (NOON + timedelta(days=1)).timestamp(), "day": "2026-11-27"}
    rows = [row(number, **day, attributes=own) for number, own in enumerate(OWN, 1)]
    LogStore(telemetry).write(batch_of(key_of("shop", "", b"nested"), rows))
    return LogSearch(telemetry)


@pytest.fixture(scope="module")
def search(store: StoreProcess) -> LogSearch:
    telemetry = store.telemetry
    assert telemetry is not None
    rows = [row(number) for number in range(1, 101)]
    rows += [
        row(200, level="ERROR", kind="error", message="Card 100% DECLINED_x", status=503, duration_ms=900.0)
    ]
    rows += [
        row(
            201,
            service="blog",
            method="GET",
            route="/a",
            duration_ms=0.0,
            attributes={"user": {"name": "山田 太郎"}},
        )
    ]
    LogStore(telemetry).write(batch_of(key_of("shop", "", b"all"), rows))
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
        ("durationMs:<100", [201]),
        ("durationMs:0", [201]),
        ("cart.items:7", [7]),
        ("cart.items:>98 -level:error", [100, 99]),
        ('user.name:"山田 太郎"', [201]),
        ("service:bl*", [201]),
        ("service:*og", [201]),
        ("service:*lo*", [201]),
        ("user.name:*", [201]),
        ("-service:shop-api", [201]),
        ("kind:エラーログ", [200]),
        ("'; DROP TABLE logs", []),
        ("level:ERROR OR service:blog", [201, 200]),
        ("requestId:req-1 OR requestId:req-2 OR requestId:req-3 NOT requestId:req-2", [3, 1]),
        ("NOT service:shop-api OR status:5*", [201, 200]),
        ("status:5*", [200]),
        ("status:50*", [200]),
        ("status:4*", []),
        ("status>=500", [200]),
        ("/100% decl[aeiou]ned/", [200]),
        ("-/order/ status:503", [200]),
        (r"/[[:digit:]]{3}% \pL+_X\z/", [200]),
        (r"requestId:req-7 /\p{Han}/", [7]),
        ("注文完了 /^Order 7 /", [7]),
        ("ｄｅｃｌｉｎｅｄ", [200]),
        ("ＤＥＣＬＩＮＥＤ OR service:blog", [201, 200]),
        ("-ｏｒｄｅｒ", [200]),
        ("nothing.here:1", []),
    ],
)
def test_a_search_finds_the_newest_first(search: LogSearch, written: str, numbers: list[int]) -> None:
    found = search.newest(read_search(written).terms, HOUR, limit=10)

    assert [each.place.number for each in found] == numbers


def test_a_duration_is_found_and_shown_as_it_was_sent(store: StoreProcess) -> None:
    assert store.telemetry is not None
    later = NOON + timedelta(days=2)
    sent = [3.1, 0.3, 12.345, 1234.5, 0.0, 60_000.25]
    rows = [
        row(number, at=later.timestamp() + number, day="2026-11-28", duration_ms=each)
        for number, each in enumerate(sent, 1)
    ]
    LogStore(store.telemetry).write(batch_of(key_of("shop", "", b"durations"), rows))
    search, span = LogSearch(store.telemetry), TimeSpan(later, later + timedelta(hours=1))

    assert [each.duration_ms for each in search.oldest((), span, limit=10)] == sent
    for each in sent:
        for written in (f"durationMs:{each}", f"durationMs:>={each} durationMs:<={each}"):
            found = search.newest(read_search(written).terms, span, limit=10)
            assert [row.duration_ms for row in found] == [each], written


def test_pages_follow_one_another_without_a_gap(search: LogSearch) -> None:
    first = search.newest([], HOUR, limit=60)
    second = search.newest([], HOUR, limit=60, before=first[-1].place)
    back = search.oldest([], HOUR, limit=200)
    since = search.oldest([], HOUR, limit=10, after=back[99].place)

    assert [each.place for each in [*first, *second]] == [each.place for each in reversed(back)]
    assert len(back) == 102
    assert [each.place.number for each in since] == [200, 201]


def test_a_row_is_returned_with_all_its_fields(search: LogSearch) -> None:
    (found,) = search.newest(read_search("requestId:req-200").terms, HOUR, limit=1)

    assert (found.at, found.kind, found.status) == (NOON + timedelta(seconds=200), "error", 503)
    assert found.duration_ms == 900.0
    assert found.attributes == {"cart": {"items": 200}}


def test_a_line_without_a_duration_has_none_and_zero_is_one(search: LogSearch) -> None:
    zero, none = (
        search.newest(read_search(f"requestId:req-{number}").terms, HOUR, limit=1)[0] for number in (201, 1)
    )

    assert (zero.duration_ms, none.duration_ms) == (0.0, None)


@pytest.mark.parametrize(
    ("begin", "end"), [(-60, 60), (0, 3), (1, 2), (5, 50), (30, 201), (199, 202), (400, 401)]
)
@pytest.mark.parametrize("step", [1, 7, 100])
def test_rows_outside_a_span_are_not_counted_by_level(
    begin: int, end: int, step: int, search: LogSearch
) -> None:
    span = TimeSpan(NOON + timedelta(seconds=begin), NOON + timedelta(seconds=end))

    assert sum(search.by_level([], span, step=step).values()) == search.count([], span)


def test_rows_are_counted_by_level_and_time_and_value(search: LogSearch) -> None:
    by_level = search.by_level([], HOUR, step=100)

    assert by_level[NOON, "INFO"] == 99
    assert by_level[NOON + timedelta(seconds=200), "ERROR"] == 1
    assert search.count([], HOUR) == 102
    assert search.values("service", [], HOUR, limit=5) == [("shop-api", 101), ("blog", 1)]
    assert search.values(("user", "name"), [], HOUR, limit=5) == [("山田 太郎", 1)]
    assert search.values("duration_ms", [], HOUR, limit=5) == [("0", 1), ("900", 1)]
    assert search.values("status", [], HOUR, limit=5) == [("503", 1)]


NEXT_DAY = TimeSpan(NOON + timedelta(days=1), NOON + timedelta(days=1, hours=1))
IN_DEPTH = [
    ("tags:x", [2, 1]),
    ('tags:"x y"', [4]),
    (r'tags:"a\"b"', [4]),
    ('tags:"[z]"', [4]),
    ('tags:"[x]"', [6]),
    ("flags:true", [3]),
    ("tags:1", [3]),
    ("tags:>2", [3]),
    ("tags:x*", [4, 2, 1]),
    ("tags:*", [6, 5, 4, 3, 2, 1]),
    ("-tags:x", [6, 5, 4, 3]),
    ("note:x", []),
    ("customer:*", [3, 2, 1]),
    ("-customer:*", [6, 5, 4]),
    ("customer:c", [2]),
    ("customer.id:1", [1]),
    ("customer.name:*", [3]),
    ("lines:*", [5, 4]),
    ("lines.sku:A1", [5, 4]),
    ("lines.sku:B*", [4]),
    ("lines.sku:*", [5, 4]),
    ("lines.quantity:>=7", [4]),
    ("order.lines.item.sku:C3", [5]),
    ("-lines.sku:A1 tags:*", [6, 3, 2, 1]),
]
"""Searches, and the rows they find."""


@pytest.mark.parametrize(("written", "numbers"), IN_DEPTH)
def test_nested_lists_and_objects_are_searched(nested: LogSearch, written: str, numbers: list[int]) -> None:
    found = nested.newest(read_search(written).terms, NEXT_DAY, limit=10)

    assert [each.place.number for each in found] == numbers


def test_the_values_of_a_list_are_its_elements(nested: LogSearch) -> None:
    assert nested.values(("tags",), [], NEXT_DAY, limit=3) == [("x", 2), ("1", 1), ("2.5", 1)]
    assert nested.values(("customer", "id"), [], NEXT_DAY, limit=3) == [("1", 1)]


def test_the_archive_searches_lists_and_objects_as_the_store_does(
    nested: LogSearch, store: StoreProcess, tmp_path: Path
) -> None:
    assert store.telemetry is not None
    file = tmp_path / "day.parquet"
    part = DayPart("", "access", date(2026, 11, 27), rows=len(OWN), bytes=0)
    file.write_bytes(b"".join(LogExport(store.telemetry, part).parquet(NEXT_DAY)))

    for written, numbers in IN_DEPTH:
        found = parquet.newest(file, read_search(written).terms, NEXT_DAY, limit=10)
        assert [each.place.number for each in found] == numbers, written
