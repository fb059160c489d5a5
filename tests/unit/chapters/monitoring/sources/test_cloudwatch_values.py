"""The meaning of CloudWatch's answers."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from toban.chapters.monitoring.sources.cloudwatch.config import CloudWatchConfig
from toban.chapters.monitoring.sources.cloudwatch.cost import cost, dollars_a_month
from toban.chapters.monitoring.sources.cloudwatch.values import (
    Database,
    MetricQuestion,
    MetricSeries,
    absent,
    asked_for,
    questions,
    readings,
)
from toban.design.values.metric import Metric

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
EC2 = "i-0123456789abcdef0"
ALB = "app/shop/50dc6c495c0c9188"
GROUP = "targetgroup/shop/73e2d6bc24d8a067"
PRIMARY = Database("available", 100, is_replica=False)


def config(**keys: object) -> CloudWatchConfig:
    return CloudWatchConfig.model_validate({"region": "ap-northeast-1", **keys})


def answered(
    asking: CloudWatchConfig, points: Mapping[str, Mapping[int, float]], database: Database | None = None
) -> dict[Metric, float]:
    """Answer by CloudWatch metric name: minutes before noon → value; unnamed metrics have no points."""
    answers = {
        question: MetricSeries(
            {NOON - timedelta(minutes=ago): value for ago, value in points.get(question.name, {}).items()}
        )
        for question in questions(asking, database)
    }
    return {each.metric: each.value for each in readings(asking, answers, database)}


def test_the_newest_value_counts() -> None:
    found = answered(config(ec2=EC2), {"CPUUtilization": {6: 90.0, 1: 42.0, 4: 80.0}})

    assert found == {Metric.CPU_USAGE: 42.0}


@pytest.mark.parametrize(("failed", "up"), [(0.0, 1.0), (1.0, 0.0)])
def test_an_instance_that_passes_its_status_checks_is_up(failed: float, up: float) -> None:
    assert answered(config(ec2=EC2), {"StatusCheckFailed": {1: failed}}) == {Metric.UP: up}


def test_the_disk_usage_of_a_database_is_a_percentage_of_the_allocated_size() -> None:
    points = {"FreeStorageSpace": {1: 25.0 * (1 << 30)}, "DatabaseConnections": {1: 12.0}}

    found = answered(config(rds="shop"), points, PRIMARY)

    assert found == {Metric.DISK_USAGE: 75.0, Metric.CONNECTIONS: 12.0, Metric.UP: 1.0}


@pytest.mark.parametrize(("state", "up"), [("available", 1.0), ("backing-up", 1.0), ("storage-full", 0.0)])
def test_a_database_is_up_in_the_states_in_which_it_serves_clients(state: str, up: float) -> None:
    database = Database(state, 100, is_replica=False)

    assert answered(config(rds="shop"), {}, database) == {Metric.UP: up}


def test_only_a_replica_is_asked_for_its_lag() -> None:
    replica = Database("available", 100, is_replica=True)

    asked = {each.name for each in questions(config(rds="shop"), replica)}

    assert asked - {each.name for each in questions(config(rds="shop"), PRIMARY)} == {"ReplicaLag"}
    assert absent(replica) == frozenset()
    assert absent(PRIMARY) == {Metric.REPLICATION_LAG}


def test_a_replica_that_does_not_replicate_has_no_known_lag() -> None:
    replica = Database("available", 100, is_replica=True)

    assert Metric.REPLICATION_LAG not in answered(config(rds="shop"), {"ReplicaLag": {1: -1.0}}, replica)


def test_aurora_has_no_disk_usage() -> None:
    aurora = Database("available", 0, is_replica=False)

    assert "FreeStorageSpace" not in {each.name for each in questions(config(rds="shop"), aurora)}
    assert Metric.DISK_USAGE in absent(aurora)


@pytest.mark.parametrize(
    ("points", "rate"),
    [
        ({"RequestCount": {1: 200.0}}, 0.0),
        ({"RequestCount": {1: 200.0}, "HTTPCode_Target_5XX_Count": {1: 3.0}}, 1.5),
        ({"RequestCount": {1: 200.0, 2: 10.0}, "HTTPCode_Target_5XX_Count": {2: 10.0}}, 0.0),
        # No target could be chosen: the balancer counts the failure but not the request.
        ({"HTTPCode_ELB_5XX_Count": {1: 40.0}}, 100.0),
        ({"RequestCount": {1: 100.0}, "HTTPCode_ELB_5XX_Count": {1: 1.0}}, 1.0),
    ],
)
def test_the_error_rate_is_that_of_the_newest_minute_with_requests(
    points: Mapping[str, Mapping[int, float]], rate: float
) -> None:
    assert answered(config(alb=ALB), points) == {Metric.ERROR_RATE: rate}


def test_without_requests_the_error_rate_is_unknown_unless_targets_are_watched() -> None:
    assert answered(config(alb=ALB), {}) == {}
    assert answered(config(alb=ALB, target_group=GROUP), {"HealthyHostCount": {1: 2.0}}) == {
        Metric.UP: 1.0,
        Metric.ERROR_RATE: 0.0,
    }


def test_a_balancer_without_healthy_targets_is_down() -> None:
    found = answered(config(alb=ALB, target_group=GROUP), {"HealthyHostCount": {1: 0.0}})

    assert found[Metric.UP] == 0.0


def test_a_response_time_is_in_milliseconds() -> None:
    assert answered(config(alb=ALB), {"TargetResponseTime": {1: 0.25}}) == {Metric.RESPONSE_TIME: 250.0}


def test_unreliable_values_are_ignored() -> None:
    asking = config(ec2=EC2)
    answers = dict.fromkeys(questions(asking, None), MetricSeries({NOON: 1.0}, fault="PartialData"))

    assert list(readings(asking, answers, None)) == []


def test_a_custom_metric_is_scaled_and_replaces_that_of_the_resource() -> None:
    own = {"namespace": "Shop", "name": "busy", "dimensions": {"b": "2", "a": "1"}, "factor": 100}
    asking = config(ec2=EC2, metrics={"cpu_usage_percent": own, "queue_length": {**own, "name": "waiting"}})

    assert MetricQuestion("Shop", "busy", (("a", "1"), ("b", "2")), "Average") in questions(asking, None)
    assert answered(asking, {"CPUUtilization": {1: 5.0}, "busy": {1: 0.5}}) == {Metric.CPU_USAGE: 50.0}
    assert asked_for(asking) == {Metric.UP, Metric.CPU_USAGE, Metric.QUEUE_LENGTH}


@pytest.mark.parametrize(
    ("metrics", "minutes", "dollars"), [(2, 1, 0.86), (2, 5, 0.17), (4, 1, 1.73), (600, 1, 259.2)]
)
def test_the_cost_is_what_the_manual_says(metrics: int, minutes: int, dollars: float) -> None:
    assert round(dollars_a_month(metrics, timedelta(minutes=minutes)), 2) == dollars


def test_the_cost_of_a_source_is_stated_in_words() -> None:
    assert str(cost(config(rds="shop", every="5分"))) == (
        "CloudWatch に 3 つの値を 5分毎に尋ねます: AWS の料金は月におよそ 0.26 USD"
    )


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"ec2": EC2, "rds": "shop"},
        {"ec2": EC2, "target_group": GROUP},
        {"metrics": {"queue_length": {"namespace": "AWS/SQS", "name": "n"}}},
        {"ec2": "web-1"},
        {"ec2": EC2, "every": "30秒"},
        {"ec2": EC2, "within": "1分"},
        {"ec2": EC2, "access_key": "env:KEY"},
    ],
)
def test_settings_that_cannot_work_are_refused(keys: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        config(**keys)
