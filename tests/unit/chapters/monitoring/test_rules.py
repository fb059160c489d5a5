"""From readings to conditions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.chapters.monitoring.limits import MetricLimit, MonitorLimits, NormalRange
from toban.chapters.monitoring.rules import (
    ConditionReason,
    InstanceWatch,
    deciding,
    observe,
    silence,
)
from toban.chapters.monitoring.source import Measurement
from toban.design.values.metric import Metric
from toban.design.values.threshold import Comparison, Tally
from toban.engine.notify.signal import Condition
from toban.message import NOTHING, Message, plain

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
SAMPLE = timedelta(seconds=15)
UNSEEN = InstanceWatch("web-1", None, NOON)


def limits(*, hold: timedelta = timedelta(0), warning: bool = True) -> MonitorLimits:
    return MonitorLimits(
        Metric.CPU_USAGE,
        NormalRange(0, 60, plain("0-60%")),
        MetricLimit(70, Comparison.AT_LEAST, hold, plain("70%以上")) if warning else None,
        MetricLimit(85, Comparison.AT_LEAST, hold, plain("85%以上")),
        timedelta(minutes=1),
    )


AT_ONCE = limits()


def after(
    values: Sequence[float], demands: MonitorLimits = AT_ONCE, watch: InstanceWatch = UNSEEN
) -> InstanceWatch:
    """Return the watch after *values*, one every 15 seconds from noon on."""
    for count, value in enumerate(values):
        reading = Measurement(Metric.CPU_USAGE, "web-1", NOON + SAMPLE * count, value)
        watch = observe(watch, reading, demands)
    return watch


@pytest.mark.parametrize(
    ("value", "condition", "reason"),
    [
        (60.0, Condition.OK, ConditionReason.NORMAL),
        (65.0, Condition.OK, ConditionReason.BETWEEN),
        (70.0, Condition.WARNING, ConditionReason.REACHED),
        (85.0, Condition.CRITICAL, ConditionReason.REACHED),
    ],
)
def test_the_first_reading_decides_at_once(
    value: float, condition: Condition, reason: ConditionReason
) -> None:
    watch = after([value])

    assert (watch.condition, watch.reason, watch.began_at) == (condition, reason, NOON)


def started(*values: float, watch: InstanceWatch = UNSEEN) -> InstanceWatch:
    """Return the watch after *values* of Toban's own machine, read while Toban was starting."""
    for count, value in enumerate(values):
        reading = Measurement(Metric.CPU_USAGE, "web-1", NOON + SAMPLE * count, value, is_own_start=True)
        watch = observe(watch, reading, AT_ONCE)
    return watch


def test_the_load_of_tobans_own_start_reaches_no_threshold_and_is_shown() -> None:
    first, after_normal = started(99), started(40, 99)

    assert (first.condition, first.reason, first.value) == (None, ConditionReason.STARTING, 99)
    assert (after_normal.condition, after_normal.reason) == (Condition.OK, ConditionReason.STARTING)
    assert started(99, 40).condition is Condition.OK


def test_a_load_that_outlasts_the_start_counts_from_its_end() -> None:
    later = Measurement(Metric.CPU_USAGE, "web-1", NOON + SAMPLE * 3, 99)

    watch = observe(started(99, 99, 99), later, AT_ONCE)

    assert (watch.condition, watch.began_at) == (Condition.CRITICAL, later.at)


def test_what_was_critical_before_the_start_stays_so() -> None:
    assert started(99, watch=after([99])).condition is Condition.CRITICAL


def test_a_warning_turns_critical_at_the_first_critical_reading() -> None:
    watch = after([75, 90])

    assert (watch.condition, watch.began_at) == (Condition.CRITICAL, NOON + SAMPLE)


def test_a_lasting_condition_keeps_its_start_time() -> None:
    assert after([90, 91, 92]).began_at == NOON


def test_an_alert_resolves_at_the_third_normal_reading_and_not_before() -> None:
    second, third = after([90, 50, 50]), after([90, 50, 50, 50])

    assert (second.condition, second.reason, second.calm) == (
        Condition.CRITICAL,
        ConditionReason.RECOVERING,
        2,
    )
    assert (third.condition, third.reason) == (Condition.OK, ConditionReason.NORMAL)
    assert third.began_at == NOON + SAMPLE


def test_a_relapse_restarts_the_count_of_normal_readings() -> None:
    assert after([90, 50, 50, 90, 50, 50]).condition is Condition.CRITICAL


def test_a_warning_does_not_resolve_between_normal_and_warning() -> None:
    watch = after([75, *[65] * 20])

    assert (watch.condition, watch.reason) == (Condition.WARNING, ConditionReason.NOT_YET_NORMAL)


def test_a_value_oscillating_around_the_threshold_stays_one_alert() -> None:
    assert after([75, 65, 75, 65, 75, 65]).began_at == NOON


def test_critical_falls_back_to_a_warning_between_normal_and_warning() -> None:
    watch = after([90, 65, 65, 65])

    assert (watch.condition, watch.began_at) == (Condition.WARNING, NOON + SAMPLE)


def test_critical_without_a_warning_level_lasts_until_normal() -> None:
    only_critical = limits(warning=False)

    assert after([90, 65, 65, 65, 65], only_critical).condition is Condition.CRITICAL
    assert after([90, 65, 50, 50, 50], only_critical).condition is Condition.OK


def test_one_warning_among_normal_readings_limits_the_recovery_to_a_warning() -> None:
    assert after([90, 50, 75, 50]).condition is Condition.WARNING


@pytest.mark.parametrize(("apart", "readings"), [(7.5, 5), (15.0, 3), (60.0, 3)])
def test_a_recovery_takes_as_many_quarters_of_the_interval_as_readings(apart: float, readings: int) -> None:
    watch, seen = after([90]), 0
    while watch.condition is Condition.CRITICAL:
        seen += 1
        at = NOON + timedelta(seconds=apart) * seen
        watch = observe(watch, Measurement(Metric.CPU_USAGE, "web-1", at, 50), AT_ONCE)

    assert seen == readings


def test_a_sustained_condition_fires_when_its_time_has_passed_and_not_before() -> None:
    sustained = limits(hold=timedelta(minutes=1))

    almost, full = after([90] * 4, sustained), after([90] * 5, sustained)

    assert (almost.condition, almost.reason) == (None, ConditionReason.HOLDING)
    assert (full.condition, full.began_at) == (Condition.CRITICAL, NOON)


def test_an_interruption_restarts_a_sustained_condition() -> None:
    sustained = limits(hold=timedelta(minutes=1))

    assert after([90, 90, 90, 50, 90, 90, 90], sustained).condition is Condition.OK


def test_a_warning_holds_while_critical_comes_and_goes() -> None:
    sustained = limits(hold=timedelta(minutes=1))

    assert after([75, 90, 75, 90, 75], sustained).condition is Condition.WARNING


def test_a_gap_does_not_count_towards_a_sustained_condition() -> None:
    sustained = limits(hold=timedelta(minutes=5))
    before = after([90], sustained)
    late = Measurement(Metric.CPU_USAGE, "web-1", NOON + timedelta(minutes=6), 90)

    assert observe(before, late, sustained).condition is None


def test_missing_data_is_a_condition_after_two_intervals_and_not_before() -> None:
    watch = after([50])

    def at(later: timedelta) -> InstanceWatch:
        return silence(
            watch, AT_ONCE, listening_since=NOON, why=Message("monitoring.not-connected"), now=NOON + later
        )

    almost, full = at(timedelta(seconds=119)), at(timedelta(minutes=2))
    assert AT_ONCE.patience == timedelta(minutes=2)
    assert almost is watch
    assert (full.condition, full.reason, full.note) == (
        Condition.NO_DATA,
        ConditionReason.SILENT,
        Message("monitoring.not-connected"),
    )
    assert (full.began_at, full.value) == (NOON, 50)


def test_tobans_own_downtime_does_not_count_as_missing_data() -> None:
    watch = after([50])
    restart = NOON + timedelta(hours=3)

    soon = silence(watch, AT_ONCE, listening_since=restart, why=NOTHING, now=restart + timedelta(minutes=1))

    assert soon is watch


def test_an_instance_never_measured_becomes_missing_data_too() -> None:
    now = NOON + timedelta(minutes=2)

    assert (
        silence(UNSEEN, AT_ONCE, listening_since=NOON, why=plain("x"), now=now).condition is Condition.NO_DATA
    )


def test_the_first_reading_after_missing_data_decides() -> None:
    silent = InstanceWatch("web-1", Condition.NO_DATA, NOON - timedelta(minutes=5), measured_at=None)

    assert after([50], watch=silent).condition is Condition.OK
    assert after([90], watch=silent).condition is Condition.CRITICAL


def unheard(watch: InstanceWatch) -> InstanceWatch:
    """Return *watch* ten minutes after its last reading."""
    assert watch.measured_at is not None
    now = watch.measured_at + timedelta(minutes=10)
    return silence(watch, AT_ONCE, listening_since=NOON, why=plain("x"), now=now)


@pytest.mark.parametrize(("value", "condition"), [(60, Condition.OK), (65, Condition.WARNING)])
def test_after_missing_data_an_alert_still_resolves_only_in_the_normal_range(
    value: float, condition: Condition
) -> None:
    silent = unheard(after([90]))

    assert silent.condition is Condition.NO_DATA
    assert after([value], watch=silent).condition is condition


def test_a_critical_value_after_missing_data_is_no_recovery_while_its_threshold_must_hold() -> None:
    sustained = limits(hold=timedelta(minutes=1))
    silent = unheard(after([50], sustained))

    back, held = after([90], sustained, silent), after([90] * 5, sustained, silent)

    assert (back.condition, back.reason, back.is_between) == (None, ConditionReason.HOLDING, True)
    assert held.condition is Condition.CRITICAL


def test_the_worst_instance_decides_and_missing_data_is_worse_than_ok() -> None:
    ok = replace(UNSEEN, instance="ok", condition=Condition.OK, value=50)
    silent = replace(UNSEEN, instance="silent", condition=Condition.NO_DATA)
    warning = replace(UNSEEN, instance="warning", condition=Condition.WARNING, value=75)
    worse = replace(UNSEEN, instance="worse", condition=Condition.WARNING, value=80)

    assert deciding([ok, silent], AT_ONCE) is silent
    assert deciding([worse, ok, silent, warning], AT_ONCE) is worse


def test_an_instance_outside_the_normal_range_is_worse_than_a_normal_one_of_any_value() -> None:
    idle = replace(UNSEEN, condition=Condition.OK, reason=ConditionReason.BETWEEN, value=-5)
    busy = replace(UNSEEN, condition=Condition.OK, reason=ConditionReason.NORMAL, value=50)

    assert deciding([busy, idle, busy], AT_ONCE) is idle


FIVE_MINUTES = replace(AT_ONCE, averaged=timedelta(minutes=5))


def test_a_mean_is_not_judged_before_its_window_is_covered() -> None:
    almost, full = after([90] * 19, FIVE_MINUTES), after([90] * 21, FIVE_MINUTES)

    assert (almost.condition, almost.reason, almost.value) == (None, ConditionReason.FILLING, None)
    assert (full.condition, full.value) == (Condition.CRITICAL, 90)


def test_a_mean_is_compared_and_not_the_single_reading() -> None:
    peaks = after([*[50] * 20, *[90, 50] * 4], FIVE_MINUTES)
    slow = after([*[50] * 20, *[90] * 12], FIVE_MINUTES)

    assert (peaks.condition, peaks.value) == (Condition.OK, 58)
    assert (slow.condition, slow.value) == (Condition.WARNING, 74)


def test_a_mean_starts_anew_after_missing_data_and_resolves_nothing_meanwhile() -> None:
    critical = after([90] * 21, FIVE_MINUTES)
    assert critical.measured_at is not None
    back = Measurement(Metric.CPU_USAGE, "web-1", critical.measured_at + timedelta(minutes=10), 10)

    watch = observe(critical, back, FIVE_MINUTES)

    assert (watch.condition, watch.reason, watch.last_known) == (
        None,
        ConditionReason.FILLING,
        Condition.CRITICAL,
    )


OF_FIVE = replace(
    AT_ONCE,
    warning=None,
    critical=MetricLimit(85, Comparison.AT_LEAST, timedelta(0), plain("85%"), Tally(3, 5)),
)


def test_so_many_of_the_last_measurements_must_reach_the_limit() -> None:
    bad, good = [90] * 4, [50] * 4

    assert after([*bad, *good, *bad, *good, *bad], OF_FIVE).condition is not Condition.CRITICAL
    assert after([*bad, *good, *bad, *good, *bad, 50], OF_FIVE).condition is Condition.CRITICAL
    assert after([*bad, *good, *good, *good, *bad, *bad, 50], OF_FIVE).condition is not Condition.CRITICAL


def test_one_reading_is_not_a_measurement_of_its_interval() -> None:
    assert after([90, 50, 50, 50] * 6, OF_FIVE).condition is Condition.OK


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40))
def test_any_sequence_of_values_alerts_on_critical_and_resolves_after_long_normal(
    values: list[float],
) -> None:
    assert (after([*values, 85.0]).condition) is Condition.CRITICAL
    assert (after([*values, 60.0, 60.0, 60.0, 60.0, 60.0, 60.0]).condition) is Condition.OK
