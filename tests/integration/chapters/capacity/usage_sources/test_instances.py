"""Counting a target's instances in a real telemetry store."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from tests.integration.engine.telemetry.conftest import StoreProcess

from toban.chapters.capacity.usage import UsageReading, UsageUnknown
from toban.chapters.capacity.usage_sources.instances.config import InstancesUsage
from toban.chapters.capacity.usage_sources.instances.source import InstancesSource
from toban.design.values.metric import Metric
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import Telemetry

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def web(store: StoreProcess) -> str:
    """The name of a target that has no samples yet."""
    store.empty()
    return "Webサーバー"


def put(telemetry: Telemetry, samples: Iterable[tuple[Metric, str, datetime, float]], of: str) -> None:
    rows = [Sample(metric, of, instance, at, value) for metric, instance, at, value in samples]
    telemetry.write(rows, token=f"{rows[0].at.timestamp()} {rows[0].instance} {len(rows)}")


def up(instance: str, ago: timedelta, value: float = 1.0) -> tuple[Metric, str, datetime, float]:
    return Metric.UP, instance, NOON - ago, value


def source(telemetry: Telemetry, target: str, **more: object) -> InstancesSource:
    return InstancesSource(InstancesUsage.model_validate({"target": target, **more}), telemetry)


def there(instances: Iterable[str]) -> UsageReading:
    parts = dict.fromkeys(instances, 1.0)
    return UsageReading(len(parts), None, parts)


def test_instances_that_were_up_last_count(telemetry: Telemetry, web: str) -> None:
    samples = [
        up("web-1", MINUTE),
        up("web-2", 2 * MINUTE, 0.0),
        up("web-2", MINUTE),
        up("web-3", 2 * MINUTE),
        up("web-3", MINUTE, 0.0),
        up("web-4", 6 * MINUTE),
    ]
    put(telemetry, samples, web)
    put(telemetry, [up("api-1", MINUTE)], "API")

    assert source(telemetry, web).measure(NOON) == there(["web-1", "web-2"])
    assert source(telemetry, web, within="10分").measure(NOON) == there(["web-1", "web-2", "web-4"])


def test_an_instance_whose_state_nobody_measures_counts_by_anything_else(
    telemetry: Telemetry, web: str
) -> None:
    samples = [up("web-1", MINUTE, 0.0), (Metric.CPU_USAGE, "web-1", NOON - MINUTE, 3.0)]
    put(telemetry, [*samples, (Metric.CPU_USAGE, "web-2", NOON - MINUTE, 0.0)], web)

    assert source(telemetry, web).measure(NOON) == there(["web-2"])


def test_a_disk_is_no_instance_and_neither_is_the_resource_itself(telemetry: Telemetry, web: str) -> None:
    samples = [
        up("web-1", MINUTE),
        (Metric.DISK_USAGE, "web-1 /", NOON - MINUTE, 40.0),
        (Metric.USED_AMOUNT, web, NOON - MINUTE, 2.0),
        (Metric.LIMIT_AMOUNT, web, NOON - MINUTE, 10.0),
    ]
    put(telemetry, samples, web)

    assert source(telemetry, web).measure(NOON) == there(["web-1"])


def test_a_host_that_two_sources_name_counts_once_by_the_metric_of_one(
    telemetry: Telemetry, web: str
) -> None:
    samples = [
        up("web-1", MINUTE),
        (Metric.CPU_USAGE, "web-1", NOON - MINUTE, 3.0),
        up("web-1:8080/health", MINUTE),
        (Metric.RESPONSE_TIME, "web-1:8080/health", NOON - MINUTE, 12.0),
    ]
    put(telemetry, samples, web)

    assert source(telemetry, web).measure(NOON).used == 2
    assert source(telemetry, web, metric="CPU使用率").measure(NOON) == there(["web-1"])


def test_a_target_whose_instances_are_all_down_has_none(telemetry: Telemetry, web: str) -> None:
    put(telemetry, [up("web-1", MINUTE, 0.0)], web)

    assert source(telemetry, web).measure(NOON) == there([])


def test_silence_is_not_the_number_0(telemetry: Telemetry, web: str) -> None:
    put(telemetry, [up("web-1", 6 * MINUTE)], web)

    with pytest.raises(UsageUnknown, match="この5分の Webサーバー の測定値がありません"):
        source(telemetry, web).measure(NOON)


def test_the_past_is_the_usual_number_of_each_hour(telemetry: Telemetry, web: str) -> None:
    begin = NOON - 3 * HOUR
    samples = []
    for number in range(180):
        at = begin + number * MINUTE
        samples += [(Metric.UP, "web-1", at, 1.0), (Metric.UP, "web-2", at, 1.0 if number < 60 else 0.0)]
        # A release starts the new instance ten minutes before the old one ends.
        if 70 <= number < 80:
            samples.append((Metric.UP, "web-3", at, 1.0))
        if number >= 120:
            samples.append((Metric.CPU_USAGE, "web-4", at, 50.0))
    put(telemetry, samples, web)

    found = source(telemetry, web).history(begin - HOUR, NOON)

    assert [(each.at, each.used) for each in found] == [
        (begin, 2),
        (begin + HOUR, 1),
        (begin + 2 * HOUR, 2),
    ]
    assert source(telemetry, web, metric="cpu_usage_percent").history(begin, NOON)[0].used == 1


def test_a_target_without_samples_has_no_past(telemetry: Telemetry, web: str) -> None:
    assert source(telemetry, web).history(NOON - HOUR, NOON) == []


def test_a_store_that_is_away_is_said() -> None:
    away = source(Telemetry("http://toban:hunter2@127.0.0.1:1/toban"), "Web")

    with pytest.raises(UsageUnknown, match="測定値の置き場に聞けません") as unknown:
        away.measure(NOON)

    assert "hunter2" not in str(unknown.value)


def test_a_metric_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="監視項目の名ではありません"):
        InstancesUsage.model_validate({"target": "Web", "metric": "気分"})
