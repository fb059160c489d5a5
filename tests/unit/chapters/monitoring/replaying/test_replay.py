"""Stored readings judged again: skipping quiet hours changes nothing, and a judge written apart agrees."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.chapters.monitoring.replaying.apart import CRIT, WARN, Found, Readings, slowly

from toban.chapters.monitoring.limits import MetricLimit, MonitorLimits, NormalRange
from toban.chapters.monitoring.replaying.replay import (
    HOUR,
    Episode,
    PastHour,
    is_out,
    newest_within,
    replayed,
)
from toban.chapters.monitoring.source import Measurement
from toban.design.values.metric import Metric
from toban.design.values.threshold import Comparison, Tally
from toban.engine.notify.signal import Condition
from toban.message import plain

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
SAMPLE = timedelta(seconds=7.5)


def limits(
    *,
    warning: float | None = 70,
    critical: float | None = 85,
    hold: timedelta = timedelta(0),
    interval: timedelta = timedelta(minutes=1),
    normal: float | None = 60,
    averaged: timedelta | None = None,
    tally: Tally | None = None,
) -> MonitorLimits:
    def reached(at: float | None) -> MetricLimit | None:
        return None if at is None else MetricLimit(at, Comparison.AT_LEAST, hold, plain(f"{at}"), tally)

    return MonitorLimits(
        Metric.CPU_USAGE,
        None if normal is None else NormalRange(0, normal, plain("normal")),
        reached(warning),
        reached(critical),
        interval,
        averaged=averaged,
        patience=interval * 2,
    )


def hours_of(readings: Readings) -> list[PastHour]:
    by_hour: dict[datetime, list[float]] = {}
    for at, value in readings:
        by_hour.setdefault(at.replace(minute=0, second=0, microsecond=0), []).append(value)
    return [PastHour(at, len(values), min(values), max(values)) for at, values in sorted(by_hour.items())]


class Store:
    """The readings of one instance, which counts what is read of it."""

    def __init__(self, readings: Readings) -> None:
        self.read = 0
        self._readings = readings

    def __call__(self, start: datetime, end: datetime) -> list[Measurement]:
        found = [
            Measurement(Metric.CPU_USAGE, "web-1", at, value)
            for at, value in self._readings
            if start <= at < end
        ]
        self.read += len(found)
        return found


def episodes(readings: Readings, demands: MonitorLimits) -> tuple[Episode, ...]:
    return replayed("web-1", demands, hours_of(readings), Store(readings))


def plainly(found: Sequence[Episode]) -> Found:
    """Return the alerts as beginning, worst condition and end."""
    return [
        (
            each.opened_at,
            CRIT if Condition.CRITICAL in {condition for _, condition in each.turns} else WARN,
            each.resolved_at,
        )
        for each in found
    ]


values = st.one_of(st.floats(0, 100), st.sampled_from([59.0, 60.0, 69.9, 70.0, 84.9, 85.0, 100.0]))
stretches = st.tuples(
    # Long quiet times are what is skipped: they are as likely as noise.
    st.sampled_from([1, 1, 2, 5, 40, 700]),
    st.one_of(st.just(10.0), values),
    st.sampled_from([SAMPLE, SAMPLE, SAMPLE * 3, timedelta(minutes=5), timedelta(hours=3)]),
)


@st.composite
def pasts(draw: st.DrawFn) -> Readings:
    """Return the readings of some hours, with gaps."""
    at, found = NOON + timedelta(seconds=draw(st.integers(0, 3599))), []
    for count, value, gap in draw(st.lists(stretches, min_size=1, max_size=12)):
        at += gap
        for _ in range(count):
            found.append((at, value))
            at += SAMPLE
    return found


demanded = st.builds(
    limits,
    warning=st.sampled_from([65.0, 70.0, None]),
    critical=st.sampled_from([85.0, 90.0]),
    hold=st.sampled_from([timedelta(0), timedelta(seconds=30), timedelta(minutes=5)]),
    interval=st.sampled_from([timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1)]),
    normal=st.sampled_from([60.0, None]),
)


@settings(max_examples=150, deadline=None)
@given(pasts(), demanded)
@example([(NOON, 10.0), (NOON + 4 * HOUR, 90.0), (NOON + 4 * HOUR + SAMPLE, 10.0)], limits())
def test_the_replay_equals_one_that_is_written_apart(readings: Readings, demands: MonitorLimits) -> None:
    assert plainly(episodes(readings, demands)) == slowly(readings, demands)


windowed = st.one_of(
    st.builds(limits, averaged=st.sampled_from([timedelta(minutes=5), timedelta(minutes=90)])),
    st.builds(limits, tally=st.sampled_from([Tally(3, 5), Tally(2, 90)])),
)


@settings(max_examples=60, deadline=None)
@given(pasts(), windowed)
def test_skipping_quiet_hours_changes_no_mean_and_no_tally(
    readings: Readings, demands: MonitorLimits
) -> None:
    # One hour that is always read through, as it is out of the normal range by itself.
    whole = [PastHour(each.at, each.count, 0.0, 100.0) for each in hours_of(readings)]

    assert episodes(readings, demands) == replayed("web-1", demands, whole, Store(readings))


def steady(hours: int, value: float = 10.0, start: datetime = NOON) -> Readings:
    return [(start + SAMPLE * count, value) for count in range(hours * 480)]


def test_a_quiet_month_is_not_read_at_all() -> None:
    readings = steady(24)
    store = Store(readings)

    assert replayed("web-1", limits(), hours_of(readings), store) == ()
    assert store.read == 0


def test_what_is_read_is_the_peak_and_the_hours_around_it() -> None:
    readings = steady(24)
    readings = [
        (at, 90.0 if NOON + 10 * HOUR <= at < NOON + 10 * HOUR + 20 * SAMPLE else v) for at, v in readings
    ]
    store = Store(readings)

    (found,) = replayed("web-1", limits(), hours_of(readings), store)

    assert found.opened_at == NOON + 10 * HOUR
    assert store.read == 3 * 480


def test_an_alert_that_is_open_when_readings_stop_is_still_open() -> None:
    (found,) = episodes([*steady(1), (NOON + HOUR, 99.0)], limits())

    assert found.resolved_at is None


def test_an_alert_goes_on_over_a_time_without_readings_and_ends_with_the_first_that_are_normal() -> None:
    after = NOON + 9 * HOUR
    readings = [(NOON, 10.0), (NOON + SAMPLE, 99.0), *steady(1, start=after)]

    (found,) = episodes(readings, limits())

    assert (found.opened_at, found.resolved_at) == (NOON + SAMPLE, after)


def test_an_exact_limit_within_the_hour_is_not_skipped() -> None:
    demands = limits()
    exact = MonitorLimits(
        Metric.CPU_USAGE, None, None,
        MetricLimit(5.0, Comparison.EQUAL, timedelta(0), plain("5")), timedelta(minutes=1),
    )  # fmt: skip
    hour = PastHour(NOON, 480, 0.0, 10.0)

    assert is_out(exact, hour)
    assert not is_out(demands, hour)


def test_of_more_readings_than_can_be_replayed_the_newest_remain() -> None:
    loud = [PastHour(NOON + HOUR * n, 480, 0.0, 99.0) for n in range(10)]

    found = list(newest_within([limits()], loud, 480 * 3))

    assert found == loud[-3:]
