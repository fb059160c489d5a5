"""No text breaks a value reader, and every rendered value reads back as the same value."""

from collections.abc import Callable
from datetime import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.design.values.duration import (
    Duration,
    Forever,
    Generations,
    TimeUnit,
    read_duration,
    read_generations,
    read_retention,
    read_within,
)
from toban.design.values.hours import EVERY_DAY, WORKING_DAYS, Hours, read_hours
from toban.design.values.metric import NAMED, Metric, read_metric
from toban.design.values.money import BudgetAlert, Money, read_budget_alert, read_money
from toban.design.values.people import (
    ChannelKind,
    ChannelRef,
    is_placeholder,
    read_channels,
    read_recipients,
)
from toban.design.values.quantity import Quantity, read_quantity
from toban.design.values.retry import FailureAction, RetryRule, read_failure_actions, read_retry
from toban.design.values.schedule import (
    Cadence,
    DayOfMonth,
    NthBusinessDay,
    NthWeekday,
    Schedule,
    Weekday,
    read_schedule,
    read_schedules,
)
from toban.design.values.severity import read_alert_level, read_incident_severity
from toban.design.values.threshold import Comparison, Range, Threshold, read_range, read_threshold

READERS: list[Callable[[str], object]] = [
    is_placeholder,
    read_alert_level,
    read_budget_alert,
    read_channels,
    read_duration,
    read_failure_actions,
    read_generations,
    read_hours,
    read_incident_severity,
    read_metric,
    read_money,
    read_quantity,
    read_range,
    read_recipients,
    read_retention,
    read_retry,
    read_schedule,
    read_schedules,
    read_threshold,
    read_within,
]
WORDS = [
    "毎月",
    "第",
    "2",
    "日",
    "曜",
    "月",
    "末",
    "深夜",
    "1",
    "24",
    "99",
    ":",
    "-",
    "〜",
    "(",
    ")",
    "、",
    "%",
    "以上",
    "が",
    "継続",
    "連続",
    "回",
    "毎",
    "ごと",
    "時間",
    "分",
    "秒",
    "世代",
    "¥",
    "万",
    "円",
    ">",
    "<",
    "=",
    "営業日",
    "UTC",
    "daily",
    "every",
    "*",
    "/",
    "平日",
    "Slack",
    "#",
    "@",
    "P1",
    "[",
    "]",
    "以内",
    "前",
    "後",
    "時",
    ".",
    ",",
    "0",
    "８",
    "％",
    "&lt;",
    "&ndash;",
    "**",
    "`",
    "四半期",
    "年",
    "年次",
]
texts = st.one_of(st.text(), st.lists(st.sampled_from([*WORDS, " "]), max_size=14).map("".join))

amounts = st.decimals(min_value=0, max_value=9999, places=2)
times_of_day = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
lengths = st.builds(
    Duration, amounts, st.sampled_from([unit for unit in TimeUnit if unit is not TimeUnit.BUSINESS_DAY])
)
business_days = st.builds(Duration, st.integers(1, 999).map(Decimal), st.just(TimeUnit.BUSINESS_DAY))
durations = st.one_of(lengths, business_days)
quantities = st.builds(
    Quantity,
    st.decimals(min_value=0, max_value=10**6, places=3),
    st.sampled_from(["", "%", "ms", "GB", "台", "件", "秒"]),
)
spans = st.builds(
    Duration,
    st.integers(1, 60).map(Decimal),
    st.sampled_from([TimeUnit.SECOND, TimeUnit.MINUTE, TimeUnit.HOUR]),
)
days = st.one_of(
    st.builds(DayOfMonth, st.one_of(st.integers(1, 31), st.just(-1))),
    st.builds(NthWeekday, st.sampled_from([-1, 1, 2, 3, 4, 5]), st.sampled_from(Weekday)),
    st.builds(NthBusinessDay, st.sampled_from([-1, 1, 2, 10, 20])),
)
some_weekdays = st.sets(st.sampled_from(Weekday), min_size=1).map(
    lambda found: tuple(day for day in Weekday if day in found)
)
maybe_clock = st.one_of(st.none(), times_of_day)
fortnight = Duration(Decimal(2), TimeUnit.WEEK)
schedules = st.one_of(
    st.builds(Schedule, st.just(Cadence.INTERVAL), spans),
    st.builds(
        Schedule, st.just(Cadence.DAILY), at=maybe_clock, zone=st.sampled_from(["", "UTC", "Asia/Tokyo"])
    ),
    st.builds(Schedule, st.just(Cadence.DAILY), weekdays=st.just(WORKING_DAYS), at=maybe_clock),
    st.builds(
        Schedule,
        st.just(Cadence.WEEKLY),
        st.sampled_from([None, fortnight]),
        some_weekdays,
        at=times_of_day,
        until=maybe_clock,
    ),
    st.builds(Schedule, st.just(Cadence.MONTHLY), day=days, at=times_of_day, until=maybe_clock),
    st.builds(
        Schedule,
        st.sampled_from([Cadence.QUARTERLY, Cadence.HALF_YEARLY, Cadence.CONTINUOUS, Cadence.ON_DEMAND]),
    ),
    st.builds(
        Schedule,
        st.just(Cadence.YEARLY),
        months=st.sets(st.integers(1, 12), min_size=1, max_size=4).map(lambda found: tuple(sorted(found))),
        day=st.builds(DayOfMonth, st.integers(1, 28)),
        at=times_of_day,
    ),
    st.builds(
        Schedule, st.sampled_from([Cadence.WEEKLY, Cadence.MONTHLY, Cadence.YEARLY]), times=st.integers(2, 9)
    ),
)
thresholds = st.one_of(
    st.builds(Threshold, quantities, is_bare=st.just(True)),
    st.builds(
        Threshold,
        quantities,
        st.sampled_from(Comparison),
        sustained=st.one_of(st.none(), spans),
        consecutive=st.one_of(st.none(), st.integers(2, 9)),
    ),
)
hours = st.one_of(
    st.just(Hours()),
    st.builds(Hours, st.just(EVERY_DAY), times_of_day, times_of_day),
    st.builds(Hours, st.just(WORKING_DAYS), times_of_day, times_of_day, st.just(False)),
    st.builds(Hours, some_weekdays, times_of_day, times_of_day, st.booleans()),
    st.builds(Hours, st.just(EVERY_DAY[5:]), times_of_day, times_of_day, adds_holidays=st.just(True)),
)
money = st.builds(
    Money,
    st.decimals(min_value=0, max_value=10**9, places=2),
    st.sampled_from(["JPY", "USD", "EUR", "GBP"]),
)
percents = st.decimals(min_value=1, max_value=999, places=1)
channels = st.builds(
    ChannelRef,
    st.sampled_from(sorted(set(ChannelKind) - {ChannelKind.EMAIL})),
    st.sampled_from(["", "#ops-1"]),
)


def kept[T](read: Callable[[str], T | None], value: T) -> None:
    assert read(str(value)) == value


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@given(text=texts)
def test_no_text_breaks_a_reader(read: Callable[[str], object], text: str) -> None:
    read(text)


@given(durations)
def test_a_duration_reads_back(value: Duration) -> None:
    kept(read_duration, value)


@given(st.one_of(lengths, st.just(Forever())))
def test_a_retention_reads_back(value: Duration | Forever) -> None:
    kept(read_retention, value)


@given(st.builds(Generations, st.integers(0, 9999)))
def test_generations_read_back(value: Generations) -> None:
    kept(read_generations, value)


@given(quantities)
def test_a_quantity_reads_back(value: Quantity) -> None:
    kept(read_quantity, value)


@given(thresholds)
def test_a_threshold_reads_back(value: Threshold) -> None:
    kept(read_threshold, value)


@given(quantities, quantities)
def test_a_range_reads_back(low: Quantity, high: Quantity) -> None:
    first, second = sorted((low.value, high.value))
    kept(read_range, Range(Quantity(first, high.unit), Quantity(second, high.unit)))


@given(schedules)
def test_a_schedule_reads_back(value: Schedule) -> None:
    kept(read_schedule, value)


@given(hours)
def test_hours_read_back(value: Hours) -> None:
    kept(read_hours, value)


@given(money)
def test_money_reads_back(value: Money) -> None:
    kept(read_money, value)


@given(
    st.one_of(
        st.builds(BudgetAlert, money, st.one_of(st.none(), percents)),
        st.builds(BudgetAlert, st.none(), percents),
    )
)
def test_a_budget_alert_reads_back(value: BudgetAlert) -> None:
    kept(read_budget_alert, value)


@given(st.builds(RetryRule, st.integers(1, 99), st.lists(spans, max_size=4).map(tuple)))
def test_a_retry_rule_reads_back(value: RetryRule) -> None:
    kept(read_retry, value)


@given(st.lists(st.sampled_from(FailureAction), min_size=1, max_size=3).map(tuple))
def test_failure_actions_read_back(value: tuple[FailureAction, ...]) -> None:
    assert read_failure_actions("、".join(value)) == value


@given(st.lists(channels, min_size=1, max_size=3).map(tuple))
def test_channels_read_back(value: tuple[ChannelRef, ...]) -> None:
    assert read_channels("、".join(str(channel) for channel in value)) == value


@pytest.mark.parametrize("metric", [each for each in Metric if each in NAMED])
def test_a_metric_reads_back_from_its_label(metric: Metric) -> None:
    assert read_metric(metric.label) is metric


def test_hours_across_midnight_still_end() -> None:
    assert read_hours("22:00-6:00") == Hours(EVERY_DAY, time(22), time(6))
