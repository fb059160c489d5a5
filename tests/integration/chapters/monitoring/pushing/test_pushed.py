"""Pushed values: from the stored rows to the source's measurements."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from toban.chapters.monitoring.limits import Percentile
from toban.chapters.monitoring.models import Arrival
from toban.chapters.monitoring.pushing import arrivals
from toban.chapters.monitoring.pushing.arrivals import KEPT, Inbox, forget, receive
from toban.chapters.monitoring.pushing.pushed import PushedValues
from toban.chapters.monitoring.source import Unmeasurable
from toban.chapters.monitoring.sources.pushed.source import (
    KIND,
    PushedBucketsConfig,
    PushedBucketsSource,
    PushedConfig,
    PushedSource,
)
from toban.design.values.metric import Metric

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
IDLE = ("node_cpu_seconds_total", frozenset({("mode", "idle")}))
USER = ("node_cpu_seconds_total", frozenset({("mode", "user")}))


class House:
    """A source and its inbox, with a clock set by the test."""

    def __init__(self) -> None:
        self.now = NOON
        self.source = self.again()

    def again(self) -> PushedSource:
        """Return the source of a restarted worker."""
        config = PushedConfig(sender="prometheus", instance="web-1")
        self.inbox = Inbox(lambda: self.now)
        return PushedSource(config, lambda: self.inbox)

    def push(self, *pushed: PushedValues, sender: str = "prometheus") -> None:
        receive(sender, pushed, self.now)

    def measure(self, later: timedelta = 5 * SECOND) -> dict[Metric, float]:
        self.now += later
        return {each.metric: each.value for each in self.source.measure(self.now)}


@pytest.fixture
def house() -> House:
    return House()


def cpu(at: datetime, idle: float, user: float) -> PushedValues:
    return PushedValues("web-1", at, {IDLE: idle, USER: user})


def test_rates_come_with_the_second_push(house: House) -> None:
    house.push(cpu(NOON, 100, 50))
    assert house.measure() == {Metric.UP: 1.0}

    house.push(cpu(NOON + 10 * SECOND, 106, 54))

    assert house.measure()[Metric.CPU_USAGE] == pytest.approx(40)
    assert house.measure() == {}


def test_parts_of_one_scrape_are_combined_however_they_arrive(house: House) -> None:
    house.push(cpu(NOON, 100, 50))
    house.measure()
    at = NOON + 10 * SECOND

    house.push(PushedValues("web-1", at, {IDLE: 106}))
    assert house.measure(2 * SECOND) == {}
    house.push(PushedValues("web-1", at, {USER: 54}))

    assert house.measure()[Metric.CPU_USAGE] == pytest.approx(40)


def test_other_instances_and_senders_are_not_mixed_in(house: House) -> None:
    house.push(PushedValues("web-2", NOON, values=(("cpu_usage_percent", "", 9.0),)))
    house.push(PushedValues("web-1", NOON, values=(("cpu_usage_percent", "", 9.0),)), sender="another")

    assert house.measure() == {}


def test_readings_spooled_by_an_agent_keep_their_times(house: House) -> None:
    late = [
        PushedValues("web-1", NOON - n * SECOND, values=(("disk_usage_percent", "/", 50.0 + n),))
        for n in (30, 15)
    ]
    house.push(*late)
    house.now += 5 * SECOND

    disks = [each for each in house.source.measure(house.now) if each.metric is Metric.DISK_USAGE]

    assert [(each.at, each.instance, each.value) for each in disks] == [
        (NOON - 30 * SECOND, "web-1 /", 80.0),
        (NOON - 15 * SECOND, "web-1 /", 65.0),
    ]


def test_what_is_sent_again_for_want_of_an_answer_is_read_once(house: House) -> None:
    once = PushedValues("web-1", NOON, values=(("cpu_usage_percent", "", 9.0),))
    house.push(once)
    house.push(once)
    assert house.measure() == {Metric.UP: 1.0, Metric.CPU_USAGE: 9.0}

    house.push(once)

    assert house.measure() == {}


@pytest.mark.parametrize(("late", "is_reread"), [(30 * SECOND, False), (31 * SECOND, True)])
def test_what_comes_late_is_looked_up_as_it_may_have_come_before(
    house: House, late: timedelta, is_reread: bool
) -> None:
    house.measure()
    house.push(PushedValues("web-1", house.now - late, values=(("cpu_usage_percent", "", 9.0),)))
    house.now += 5 * SECOND

    assert {each.is_reread for each in house.source.measure(house.now)} == {is_reread}


def test_a_silent_instance_is_down_after_the_limit_and_up_with_the_next_push(house: House) -> None:
    house.push(cpu(NOON, 100, 50))
    house.measure()
    house.measure(NOON + 120 * SECOND - house.now)

    with pytest.raises(Unmeasurable, match="web-1 の値が届いていません") as silent:
        house.measure(SECOND)

    assert [(each.metric, each.value) for each in silent.value.measured] == [(Metric.UP, 0.0)]
    house.push(cpu(house.now, 200, 60))
    assert house.measure()[Metric.UP] == 1.0


def test_an_instance_that_never_pushed_is_down_too(house: House) -> None:
    house.measure()

    with pytest.raises(Unmeasurable):
        house.measure(121 * SECOND)


def test_a_restarted_worker_rereads_the_last_minute_and_marks_what_its_predecessor_may_have_stored(
    house: House,
) -> None:
    house.push(cpu(NOON, 100, 50))
    house.measure()

    house.source = house.again()
    house.now += 5 * SECOND
    reread = house.source.measure(house.now)
    house.push(cpu(NOON + 10 * SECOND, 106, 54))
    house.now += 5 * SECOND
    fresh = house.source.measure(house.now)

    assert [(each.metric, each.is_reread) for each in reread] == [(Metric.UP, True)]
    assert {each.metric for each in fresh} == {Metric.UP, Metric.CPU_USAGE}
    assert not any(each.is_reread for each in fresh)


def test_a_worker_that_leads_again_marks_what_another_may_have_stored_meanwhile(house: House) -> None:
    house.inbox.follow(1)
    house.measure()
    house.inbox.follow(None)
    house.push(cpu(house.now, 100, 50))
    house.inbox.follow(3)
    house.now += 5 * SECOND

    assert [each.is_reread for each in house.source.measure(house.now)] == [True]


def test_a_worker_that_leads_again_takes_no_older_scrape_for_a_restarted_counter(house: House) -> None:
    house.inbox.follow(1)
    house.push(cpu(NOON, 100, 50), cpu(NOON + 10 * SECOND, 106, 54))
    house.measure()

    house.inbox.follow(None)
    house.inbox.follow(3)
    house.now += 5 * SECOND
    found = [each for each in house.source.measure(house.now) if each.metric is Metric.CPU_USAGE]

    (rate,) = found
    assert (rate.at, round(rate.value)) == (NOON + 10 * SECOND, 40)


def test_a_worker_that_was_away_for_long_reads_everything_that_was_acknowledged(house: House) -> None:
    for number in range(3):
        house.push(PushedValues("web-1", house.now, values=(("cpu_usage_percent", "", float(number)),)))
        house.now += KEPT

    house.now += timedelta(hours=5)
    with pytest.raises(Unmeasurable) as silent:
        house.source.measure(house.now)

    found = silent.value.measured
    assert [each.value for each in found if each.metric is Metric.CPU_USAGE] == [0.0, 1.0, 2.0]


def test_a_backlog_is_read_in_parts(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "_MOST_AT_ONCE", 2)
    for number in range(3):
        house.push(PushedValues("web-1", house.now, values=(("cpu_usage_percent", "", float(number)),)))
        house.now += KEPT

    # Five hours later the first part says nothing about now, and so does not make the host one that is down.
    assert house.measure(timedelta(hours=5)) == {Metric.UP: 1.0, Metric.CPU_USAGE: 1.0}
    with pytest.raises(Unmeasurable):
        house.measure()


@pytest.mark.parametrize("committed_late", [1, 2])
def test_a_row_committed_after_one_with_a_larger_id_is_read(house: House, committed_late: int) -> None:
    pushed = [
        PushedValues("web-1", house.now + n * SECOND, values=(("cpu_usage_percent", "", float(n)),))
        for n in range(4)
    ]
    house.push(*pushed)
    rows = list(Arrival.objects.order_by("pk"))
    late = rows[committed_late]
    Arrival.objects.filter(pk=late.pk).delete()
    house.measure()

    late.save(force_insert=True)

    assert house.measure() == {Metric.UP: 1.0, Metric.CPU_USAGE: float(committed_late)}
    assert house.measure() == {}


def test_nothing_counts_as_taken_in_the_first_minute_nor_while_it_waits_for_a_source(house: House) -> None:
    house.measure()
    assert house.inbox.taken_until() is None

    house.now += KEPT
    assert house.inbox.taken_until() == house.now
    house.push(cpu(house.now, 100, 50))
    received_at = house.now
    house.now += 5 * SECOND

    assert house.inbox.taken_until() == received_at
    house.measure()
    assert house.inbox.taken_until() == house.now


def test_what_was_received_before_a_time_is_deleted(house: House) -> None:
    house.push(cpu(NOON, 100, 50))

    assert forget(NOON) == 0
    assert forget(NOON + SECOND) == 1
    assert not Arrival.objects.exists()


def buckets(at: datetime, fast: int, slow: int) -> PushedValues:
    name = "http_request_duration_seconds_bucket"
    counts = {"0.1": fast, "1": fast + slow, "+Inf": fast + slow}
    series = {(name, frozenset({("le", bound)})): float(count) for bound, count in counts.items()}
    return PushedValues("web-1", at, series)


def test_percentiles_of_two_rows_take_nothing_from_each_other_or_from_the_instance() -> None:
    assert KIND.ranked is not None
    now = [NOON]
    inbox = Inbox(lambda: now[0])
    config = PushedConfig(sender="prometheus", instance="web-1")
    sources = []
    for of in ("50", "95"):
        row = KIND.ranked(config, Percentile(Decimal(of), timedelta(minutes=5), 500.0))
        assert isinstance(row, PushedBucketsConfig)
        sources.append(PushedBucketsSource(row, lambda: inbox))
    usual = PushedSource(config, lambda: inbox)

    found = []
    for number, (fast, slow) in enumerate([(9, 9), (0, 0), (80, 20)]):
        at = NOON + number * 15 * SECOND
        receive("prometheus", [buckets(at, fast, slow)], at)
        now[0] = at + 5 * SECOND
        found = [each.value for source in sources for each in source.measure(now[0])]
        assert [each.metric for each in usual.measure(now[0])] == [Metric.UP]

    assert found == [pytest.approx(62.5), pytest.approx(775.0)]
