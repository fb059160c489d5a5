"""From a monitor row to numbers."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from toban.chapters.monitoring.bindings import MonitoringBinding
from toban.chapters.monitoring.limits import (
    LimitZone,
    MonitorLimits,
    Unjudgeable,
    has_percentile,
    limits_of,
)
from toban.design.clauses.monitoring import Monitor
from toban.design.origin import Origin
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.metric import Metric
from toban.design.values.quantity import Quantity
from toban.design.values.threshold import Comparison, Range, Tally, Threshold


def quantity(value: str, unit: str = "%") -> Quantity:
    return Quantity(Decimal(value), unit)


def minutes(count: int) -> Duration:
    return Duration(Decimal(count), TimeUnit.MINUTE)


def monitor(
    metric: Metric | None = Metric.CPU_USAGE,
    *,
    normal: Range | None = None,
    warning: Threshold | None = None,
    critical: Threshold | None = None,
    interval: Duration | None = None,
) -> Monitor:
    return Monitor(
        id="monitoring/monitor/x",
        origin=Origin("運用設計書.md", 34),
        text="x",
        target="Webサーバー",
        item="CPU使用率",
        metric=metric,
        normal=normal,
        warning=warning,
        critical=critical,
        interval=interval,
    )


def bare(value: str, unit: str = "%") -> Threshold:
    return Threshold(quantity(value, unit), is_bare=True)


CPU = limits_of(monitor(normal=Range(quantity("0"), quantity("60")), warning=bare("70"), critical=bare("85")))


@pytest.mark.parametrize(
    ("value", "standing"),
    [
        (0.0, LimitZone.NORMAL),
        (60.0, LimitZone.NORMAL),
        (60.1, LimitZone.BETWEEN),
        (69.9, LimitZone.BETWEEN),
        (70.0, LimitZone.WARNING),
        (84.9, LimitZone.WARNING),
        (85.0, LimitZone.CRITICAL),
    ],
)
def test_a_value_is_classified_by_the_limits_of_the_row(value: float, standing: LimitZone) -> None:
    assert CPU.standing(value) is standing


@pytest.mark.parametrize(
    ("comparison", "below", "at", "above"),
    [
        (Comparison.AT_LEAST, False, True, True),
        (Comparison.ABOVE, False, False, True),
        (Comparison.AT_MOST, True, True, False),
        (Comparison.BELOW, True, False, False),
        (Comparison.EQUAL, False, True, False),
    ],
)
def test_limits_use_the_comparison_of_the_document(
    comparison: Comparison, below: bool, at: bool, above: bool
) -> None:
    limit = limits_of(monitor(critical=Threshold(quantity("80"), comparison))).critical

    assert limit is not None
    assert [limit.is_reached_by(value) for value in (79.9, 80.0, 80.1)] == [below, at, above]


@pytest.mark.parametrize("metric", [Metric.AVAILABILITY, Metric.CERTIFICATE_LIFETIME])
def test_a_single_bare_limit_means_at_most_when_high_is_good(metric: Metric) -> None:
    limits = limits_of(monitor(metric, critical=bare("14", "")))

    assert limits.standing(14) is LimitZone.CRITICAL
    assert limits.standing(15) is LimitZone.NORMAL
    assert limits.gravity(14) > limits.gravity(15)


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [
        (quantity("500", "ms"), 500.0),
        (quantity("2", "秒"), 2000.0),
        (quantity("0.5", "s"), 500.0),
        (quantity("300", ""), 300.0),
    ],
)
def test_response_times_are_compared_in_milliseconds(written: Quantity, milliseconds: float) -> None:
    limit = limits_of(monitor(Metric.RESPONSE_TIME, warning=Threshold(written))).warning

    assert limit is not None
    assert limit.value == pytest.approx(milliseconds)


def test_a_limit_in_another_kind_of_unit_is_not_compared() -> None:
    with pytest.raises(Unjudgeable, match="80%"):
        limits_of(monitor(Metric.CONNECTIONS, warning=bare("80")))


def test_an_item_without_a_metric_is_not_judgeable() -> None:
    with pytest.raises(Unjudgeable, match="CPU使用率"):
        limits_of(monitor(None, warning=bare("80")))


def about(subject: str, value: str = "800") -> Threshold:
    return Threshold(quantity(value, "ms"), Comparison.ABOVE, subject=subject)


def response(
    warning: Threshold | None = None, critical: Threshold | None = None, item: str = "応答時間"
) -> Monitor:
    return replace(monitor(Metric.RESPONSE_TIME, warning=warning, critical=critical), item=item)


@pytest.mark.parametrize(
    ("row", "minutes"),
    [
        (response(about("5分平均")), 5),
        (response(about("avg(10m)")), 10),
        (response(about("平均")), 1),
        (response(about(""), item="応答時間(5分平均)"), 5),
        (response(about("5分平均"), about("5分間の平均", "2000")), 5),
        (response(Threshold(quantity("800", "ms"), within=Duration(Decimal(5), TimeUnit.MINUTE))), 5),
        (response(about("")), None),
        (response(about("応答時間")), None),
    ],
)
def test_a_mean_is_over_the_window_that_the_row_names(row: Monitor, minutes: int | None) -> None:
    expected = timedelta(minutes=minutes) if minutes is not None else None

    assert (limits_of(row).averaged, limits_of(row).percentile) == (expected, None)


@pytest.mark.parametrize(
    ("row", "percentile", "minutes"),
    [
        (response(about("p95")), "95", 1),
        (response(about("p99(5分)")), "99", 5),
        (response(about(""), item="レスポンスタイム(p95)"), "95", 1),
        (response(about("95パーセンタイル"), about("p95", "2000")), "95", 1),
    ],
)
def test_a_percentile_is_required_of_the_source(row: Monitor, percentile: str, minutes: int) -> None:
    limits = limits_of(row)

    found = limits.percentile
    assert found is not None
    assert (found.of, found.window) == (Decimal(percentile), timedelta(minutes=minutes))
    # What is only known to exceed a bound says enough from the highest threshold.
    assert found.highest == max(each.value for each in (limits.warning, limits.critical) if each)
    assert limits.averaged is None
    assert has_percentile(row)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (response(about("最大")), "条件「最大」は、この項目では測れません"),
        (response(about("ピーク時")), "条件「ピーク時」"),
        (response(about("5分平均"), about("", "2000")), "片方だけ"),
        (response(about("p95"), about("p99", "2000")), "行を分けて"),
        (monitor(critical=Threshold(quantity("80"), subject="p95")), "百分位は測れません"),
        (response(about("2日平均")), "1日まで"),
        (monitor(Metric.UP, critical=Threshold(quantity("3", "回"), within=minutes(5))), "測れません"),
        (
            monitor(critical=Threshold(quantity("80"), tally=Tally(3, 5), within=minutes(5))),
            "組み合わせは測れません",
        ),
    ],
)
def test_a_condition_that_cannot_be_evaluated_is_not_judged_on_single_readings(
    row: Monitor, why: str
) -> None:
    with pytest.raises(Unjudgeable, match=why):
        limits_of(row)


def test_words_that_only_repeat_the_item_are_no_condition() -> None:
    limits_of(monitor(critical=Threshold(quantity("80"), subject="使用率")))
    limits_of(
        replace(monitor(Metric.ERROR_RATE, critical=Threshold(quantity("5"), subject="5xx")), item="HTTP")
    )


def test_sustained_and_consecutive_conditions_become_a_hold_time() -> None:
    limits = limits_of(
        monitor(
            warning=Threshold(quantity("80"), sustained=minutes(5)),
            critical=Threshold(quantity("90"), consecutive=3),
            interval=minutes(2),
        )
    )

    assert limits.warning is not None
    assert limits.critical is not None
    assert (limits.warning.hold, str(limits.warning.text)) == (timedelta(minutes=5), "80%以上が5分継続")
    assert (limits.critical.hold, str(limits.critical.text)) == (timedelta(minutes=4), "90%以上 連続3回")


@pytest.mark.parametrize(
    ("interval", "seconds"),
    [
        (minutes(1), 7.5),
        (Duration(Decimal(1), TimeUnit.SECOND), 1),
        (Duration(Decimal(1), TimeUnit.HOUR), 60),
        (None, 7.5),
    ],
)
def test_each_interval_is_sampled_eight_times(interval: Duration | None, seconds: float) -> None:
    assert limits_of(monitor(warning=bare("70"), interval=interval)).period == timedelta(seconds=seconds)


def test_a_liveness_row_is_critical_when_nothing_answers_whatever_its_number() -> None:
    limits: MonitorLimits = limits_of(
        monitor(Metric.UP, critical=Threshold(quantity("3", "回"), consecutive=3))
    )

    assert limits.standing(0.0) is LimitZone.CRITICAL
    assert limits.standing(1.0) is LimitZone.NORMAL
    assert limits.critical is not None
    assert limits.critical.hold == timedelta(minutes=2)


def times(count: str, window: Duration | None = None, unit: str = "件") -> Threshold:
    return Threshold(quantity(count, unit), within=window)


def test_log_rows_are_counted_in_the_window_of_the_row() -> None:
    limits = limits_of(monitor(Metric.LOG_COUNT, warning=times("3", minutes(5)), critical=times("10")))

    assert limits.window == timedelta(minutes=5)
    assert [limits.standing(value) for value in (2, 3, 9, 10)] == [
        LimitZone.NORMAL,
        LimitZone.WARNING,
        LimitZone.WARNING,
        LimitZone.CRITICAL,
    ]
    assert limits.warning is not None
    assert str(limits.warning.text) == "5分間に3件以上"


@pytest.mark.parametrize("unit", ["件", "回", ""])
def test_an_item_without_a_metric_is_counted_in_the_logs(unit: str) -> None:
    assert limits_of(monitor(None, critical=times("1", minutes(5), unit))).metric is Metric.LOG_COUNT


def test_two_windows_in_one_row_are_refused() -> None:
    row = monitor(Metric.LOG_COUNT, warning=times("3", minutes(5)), critical=times("10", minutes(60)))

    with pytest.raises(Unjudgeable, match=r"5分、60分.*行を分けて"):
        limits_of(row)


def test_a_window_is_at_most_a_day() -> None:
    limits_of(monitor(Metric.LOG_COUNT, critical=times("3", minutes(24 * 60))))

    with pytest.raises(Unjudgeable, match="1日まで"):
        limits_of(monitor(Metric.LOG_COUNT, critical=times("3", minutes(24 * 60 + 1))))


def test_what_a_row_leaves_open_comes_from_the_bindings() -> None:
    bound = MonitoringBinding(interval="5分", recovery_readings=1, silent_intervals=4)  # type: ignore[arg-type]

    open_row = limits_of(monitor(warning=bare("70")), bound)
    stated = limits_of(monitor(warning=bare("70"), interval=minutes(2)), bound)

    assert (open_row.interval, open_row.recovery) == (timedelta(minutes=5), 1)
    assert (open_row.patience, stated.patience) == (timedelta(minutes=20), timedelta(minutes=8))
