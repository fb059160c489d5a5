"""The figures of this machine."""

from datetime import UTC, datetime, timedelta

from toban.chapters.monitoring.sources.host.source import KIND, HostConfig, HostSource
from toban.design.values.metric import Metric

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


def test_cpu_comes_with_the_second_measurement_and_memory_with_the_first() -> None:
    source = HostSource(HostConfig(instance="db-1"))

    first = {each.metric for each in source.measure(NOON)}
    sum(range(3_000_000))  # The kernel counts in hundredths of a second: wait for some.
    second = {each.metric: each for each in source.measure(NOON + timedelta(seconds=15))}
    source.close()

    assert Metric.MEMORY_USAGE in first
    assert Metric.CPU_USAGE not in first
    assert 0 < second[Metric.CPU_USAGE].value <= 100
    assert 0 < second[Metric.MEMORY_USAGE].value < 100
    assert second[Metric.CPU_USAGE].instance == "db-1"


def test_a_host_without_a_name_is_called_by_its_host_name() -> None:
    assert HostSource(HostConfig()).instance


def test_a_host_whose_service_is_asked_elsewhere_does_not_say_that_it_is_up() -> None:
    said = {each.metric for each in HostSource(HostConfig(up=False)).measure(NOON)}

    assert Metric.UP not in said
    assert Metric.MEMORY_USAGE in said
    assert KIND.able(HostConfig(up=False)) == KIND.able(HostConfig()) - {Metric.UP}
