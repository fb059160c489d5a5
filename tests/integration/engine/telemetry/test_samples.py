"""Samples in, series out, with the real store."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from toban.design.values.metric import Metric
from toban.engine.telemetry.samples import Point, Sample
from toban.engine.telemetry.store import StoreRefused, Telemetry

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CPU = Metric.CPU_USAGE


def _samples(
    target: str, *, since: datetime, every: timedelta, count: int, value: Callable[[int], float] = float
) -> list[Sample]:
    return [Sample(CPU, target, "web-1", since + every * number, value(number)) for number in range(count)]


def test_a_bucket_holds_the_mean_minimum_and_maximum(telemetry: Telemetry) -> None:
    samples = _samples(
        "集計", since=NOON, every=MINUTE / 2, count=4, value=lambda n: [1.0, 4.0, 10.0, 20.0][n]
    )
    telemetry.write(samples, token="buckets")

    series = telemetry.series(CPU, "集計", None, NOON, NOON + 2 * MINUTE, 2)

    assert series == [Point(NOON, 2.5, 1.0, 4.0), Point(NOON + MINUTE, 15.0, 10.0, 20.0)]


def test_the_start_of_a_range_is_included_and_the_end_is_not(telemetry: Telemetry) -> None:
    telemetry.write(_samples("境界", since=NOON, every=MINUTE, count=3), token="boundary")

    series = telemetry.series(CPU, "境界", None, NOON, NOON + 2 * MINUTE, 2)

    assert [point.mean for point in series] == [0.0, 1.0]


def test_one_instance_can_be_queried_alone(telemetry: Telemetry) -> None:
    telemetry.write(
        [Sample(CPU, "二台", "web-1", NOON, 10.0), Sample(CPU, "二台", "web-2", NOON, 30.0)],
        token="instances",
    )

    one = telemetry.series(CPU, "二台", "web-2", NOON, NOON + MINUTE, 1)
    both = telemetry.series(CPU, "二台", None, NOON, NOON + MINUTE, 1)

    assert one == [Point(NOON, 30.0, 30.0, 30.0)]
    assert both == [Point(NOON, 20.0, 10.0, 30.0)]


def test_a_gap_has_no_points(telemetry: Telemetry) -> None:
    telemetry.write(_samples("欠測", since=NOON, every=2 * HOUR, count=2), token="gap")

    series = telemetry.series(CPU, "欠測", None, NOON, NOON + 3 * HOUR, 180)

    assert [point.at for point in series] == [NOON, NOON + 2 * HOUR]


def test_a_long_range_from_the_rollup_has_the_same_figures_as_the_samples(telemetry: Telemetry) -> None:
    samples = _samples("長期", since=NOON, every=MINUTE, count=180, value=lambda n: n % 7 + n / 10)
    telemetry.write(samples[:100], token="long-1")
    telemetry.write(samples[100:], token="long-2")

    series = telemetry.series(CPU, "長期", None, NOON, NOON + 3 * HOUR, 3)

    for number, point in enumerate(series):
        values = [sample.value for sample in samples[number * 60 : number * 60 + 60]]
        assert point.at == NOON + number * HOUR
        assert math.isclose(point.mean, sum(values) / 60)
        assert (point.low, point.high) == (min(values), max(values))
    assert len(series) == 3


def test_a_page_of_sparklines_has_an_entry_for_every_key(telemetry: Telemetry) -> None:
    memory = Sample(Metric.MEMORY_USAGE, "頁'1", "web-1", NOON, 50.0)
    telemetry.write([Sample(CPU, "頁'1", "web-1", NOON, 1.0), memory], token="page")
    other = [Sample(CPU, "頁\\2\n", "web-1", NOON, 2.0)]
    telemetry.write(other, token="page-2")
    keys = [("頁'1", CPU), ("頁'1", Metric.MEMORY_USAGE), ("頁\\2\n", CPU), ("どこにもない", CPU)]

    lines = telemetry.sparklines(keys, NOON, NOON + MINUTE, 1)

    assert lines == {
        ("頁'1", CPU): [Point(NOON, 1.0, 1.0, 1.0)],
        ("頁'1", Metric.MEMORY_USAGE): [Point(NOON, 50.0, 50.0, 50.0)],
        ("頁\\2\n", CPU): [Point(NOON, 2.0, 2.0, 2.0)],
        ("どこにもない", CPU): [],
    }


def test_a_thousand_sparklines_also_take_one_query(telemetry: Telemetry) -> None:
    keys = [(f"サーバー{number:04}" * 5, CPU) for number in range(1000)]
    telemetry.write([Sample(CPU, target, "a", NOON, 1.0) for target, _ in keys], token="thousand")

    lines = telemetry.sparklines(keys, NOON, NOON + MINUTE, 1)

    assert all(len(lines[key]) == 1 for key in keys)


def test_no_sparklines_need_no_query(telemetry: Telemetry) -> None:
    assert telemetry.sparklines([], NOON, NOON + MINUTE, 1) == {}


def test_the_latest_sample_of_each_instance_is_found(telemetry: Telemetry) -> None:
    newest = NOON + timedelta(milliseconds=1)
    telemetry.write(
        [
            Sample(CPU, "最新", "web-1", newest, 2.0),
            Sample(CPU, "最新", "web-1", NOON, 1.0),
            Sample(CPU, "最新", "web-2", NOON, 3.0),
        ],
        token="latest",
    )

    latest = telemetry.latest("最新", CPU)

    assert latest == [
        Sample(CPU, "最新", "web-1", newest, 2.0),
        Sample(CPU, "最新", "web-2", NOON, 3.0),
    ]


def test_text_that_looks_like_sql_is_treated_as_a_value(telemetry: Telemetry) -> None:
    target = "'; DROP TABLE samples; --"
    telemetry.write([Sample(CPU, target, "a", NOON, 1.0)], token="injection")

    series = telemetry.series(CPU, target, "a' OR '1'='1", NOON, NOON + MINUTE, 1)

    assert series == []
    assert telemetry.latest(target, CPU) == [Sample(CPU, target, "a", NOON, 1.0)]


def test_rows_that_the_engine_refuses_are_reported_and_none_is_stored(telemetry: Telemetry) -> None:
    samples = [Sample(CPU, "拒否", "a", NOON, 1.0), Sample(CPU, "拒否", "a", NOON + MINUTE, math.nan)]

    with pytest.raises(StoreRefused, match="value_is_finite"):
        telemetry.write(samples, token="refused")

    assert telemetry.latest("拒否", CPU) == []


def test_writing_nothing_returns_at_once(telemetry: Telemetry) -> None:
    telemetry.write([], token="nothing")


def test_more_samples_than_one_insert_takes_are_all_stored_once(telemetry: Telemetry) -> None:
    samples = _samples("大量", since=NOON, every=timedelta(seconds=1), count=50_001, value=lambda _: 1.0)

    telemetry.write(samples, token="many")
    telemetry.write(samples, token="many")

    assert telemetry.latest("大量", CPU)[0].at == samples[-1].at
    hour = telemetry.series(CPU, "大量", None, NOON, NOON + timedelta(seconds=50_001), 50_001)
    assert len(hour) == 50_001
    assert _stored(telemetry, "大量") == (50_001, 50_001)


def test_a_batch_across_the_end_of_a_month_is_stored_once(telemetry: Telemetry) -> None:
    samples = _samples("月末", since=datetime(2026, 11, 30, 23, 59, tzinfo=UTC), every=MINUTE, count=3)

    telemetry.write(samples, token="month")
    telemetry.write(samples, token="month")

    assert _stored(telemetry, "月末") == (3, 3)


def test_missing_samples_are_reported(telemetry: Telemetry) -> None:
    stored = _samples("Absent", since=NOON, every=timedelta(milliseconds=1), count=2)
    near = [Sample(each.metric, each.target, "web-9", each.at, each.value) for each in stored]
    telemetry.write(stored, token="absent")

    assert telemetry.missing([*stored, *near]) == near
    assert telemetry.missing([]) == []


def test_the_same_samples_under_another_token_are_stored_again(telemetry: Telemetry) -> None:
    samples = _samples("別", since=NOON, every=MINUTE, count=2)

    telemetry.write(samples, token="one")
    telemetry.write(samples, token="two")

    assert _stored(telemetry, "別") == (4, 4)


def _stored(telemetry: Telemetry, target: str) -> tuple[int, int]:
    """Count a target's samples, in the table of samples and in the rollup."""
    client = telemetry._client()
    bound = {"target": target}
    samples = client.query("SELECT count() FROM samples WHERE target = {target:String}", parameters=bound)
    rollup = client.query(
        "SELECT sum(count) FROM samples_5m WHERE target = {target:String}", parameters=bound
    )
    return samples.result_rows[0][0], rollup.result_rows[0][0]
