"""What to ask CloudWatch about a resource, and what its answers mean in Toban's units. Pure.

EC2: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html
RDS: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html
ALB: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from toban.chapters.monitoring.sources.cloudwatch.config import CloudWatchConfig
from toban.design.values.metric import Metric
from toban.message import NOTHING, Message

_GIB = 1 << 30
_OF_EC2 = frozenset((Metric.UP, Metric.CPU_USAGE))
_OF_RDS = frozenset(
    (Metric.UP, Metric.CPU_USAGE, Metric.CONNECTIONS, Metric.DISK_USAGE, Metric.REPLICATION_LAG)
)
_OF_ALB = frozenset((Metric.ERROR_RATE, Metric.RESPONSE_TIME))
OF_RESOURCES = _OF_EC2 | _OF_RDS | _OF_ALB
_SERVING = frozenset(
    (
        *("available", "backing-up", "modifying", "storage-optimization", "storage-config-upgrade"),
        *("configuring-enhanced-monitoring", "configuring-iam-database-auth", "configuring-log-exports"),
        *("resetting-master-credentials", "storage-initialization"),
    )
)
"""States in which an RDS instance is available.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
"""


@dataclass(frozen=True, slots=True)
class MetricQuestion:
    """One CloudWatch metric, the unit in which AWS charges."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    stat: str


@dataclass(frozen=True, slots=True)
class MetricSeries:
    """The answer to a question: values by the start of their minute, and what is wrong with them."""

    points: Mapping[datetime, float] = field(default_factory=dict)
    fault: str = ""
    """Why the values are unreliable."""

    @property
    def newest(self) -> float | None:
        """The newest value."""
        return self.points[max(self.points)] if self.points else None


type Answers = Mapping[MetricQuestion, MetricSeries]


@dataclass(frozen=True, slots=True)
class Database:
    """What RDS itself says about an instance."""

    state: str
    allocated_gib: int
    """Zero if the storage grows by itself, and so can't be full: Aurora's."""
    is_replica: bool


@dataclass(frozen=True, slots=True)
class CloudWatchReading:
    """A value in its metric's unit."""

    metric: Metric
    value: float
    note: Message = NOTHING


def asked_for(config: CloudWatchConfig) -> frozenset[Metric]:
    """Return the metrics that a source of *config* can provide."""
    own = frozenset(config.metrics)
    if config.ec2:
        return own | _OF_EC2
    if config.rds:
        return own | _OF_RDS
    if config.alb:
        return own | _OF_ALB | (frozenset((Metric.UP,)) if config.target_group else frozenset())
    return own


def questions(config: CloudWatchConfig, database: Database | None) -> frozenset[MetricQuestion]:
    """Return what to ask: only what *database* can have, since every question costs money."""
    found = {_own(config, metric) for metric in config.metrics}
    if config.ec2:
        found |= {_ec2(config, "CPUUtilization"), _ec2(config, "StatusCheckFailed", "Maximum")}
    if config.rds:
        found |= {_rds(config, name) for name in ("CPUUtilization", "DatabaseConnections")}
        if database is not None and database.allocated_gib:
            found.add(_rds(config, "FreeStorageSpace"))
        if database is not None and database.is_replica:
            found.add(_rds(config, "ReplicaLag"))
    if config.alb:
        found |= {_alb(config, name, "Sum") for name in ("RequestCount", *_FAILURES)}
        found.add(_alb(config, "TargetResponseTime", "Average"))
        if config.target_group:
            found.add(_healthy(config))
    return frozenset(found)


def absent(database: Database | None) -> frozenset[Metric]:
    """Return the metrics that this database does not have."""
    if database is None:
        return frozenset()
    lag = frozenset(() if database.is_replica else (Metric.REPLICATION_LAG,))
    return lag | frozenset(() if database.allocated_gib else (Metric.DISK_USAGE,))


def readings(
    config: CloudWatchConfig, answers: Answers, database: Database | None
) -> Iterator[CloudWatchReading]:
    """Yield what the answers say, leaving out unreliable ones."""
    sound = {question: series for question, series in answers.items() if not series.fault}
    found: dict[Metric, CloudWatchReading] = {}
    for each in _of_resource(config, sound, database):
        found[each.metric] = each
    for metric, asked in config.metrics.items():
        found.pop(metric, None)
        value = _newest(sound, _own(config, metric))
        if value is not None:
            found[metric] = CloudWatchReading(metric, value * asked.factor)
    yield from found.values()


def _of_resource(
    config: CloudWatchConfig, sound: Answers, database: Database | None
) -> Iterator[CloudWatchReading]:
    if config.ec2:
        yield from _of_ec2(config, sound)
    if config.rds:
        yield from _of_rds(config, sound, database)
    if config.alb:
        yield from _of_alb(config, sound)


def _of_ec2(config: CloudWatchConfig, sound: Answers) -> Iterator[CloudWatchReading]:
    failed = _newest(sound, _ec2(config, "StatusCheckFailed", "Maximum"))
    if failed is not None:
        note = Message("monitoring.ec2-status-check-failed") if failed else NOTHING
        yield CloudWatchReading(Metric.UP, 0.0 if failed else 1.0, note)
    cpu = _newest(sound, _ec2(config, "CPUUtilization"))
    if cpu is not None:
        yield CloudWatchReading(Metric.CPU_USAGE, cpu)


def _of_rds(
    config: CloudWatchConfig, sound: Answers, database: Database | None
) -> Iterator[CloudWatchReading]:
    for name, metric in (("CPUUtilization", Metric.CPU_USAGE), ("DatabaseConnections", Metric.CONNECTIONS)):
        value = _newest(sound, _rds(config, name))
        if value is not None:
            yield CloudWatchReading(metric, value)
    if database is None:
        return
    is_up = database.state in _SERVING
    note = NOTHING if is_up else Message("monitoring.rds-state", state=database.state)
    yield CloudWatchReading(Metric.UP, float(is_up), note)
    free = _newest(sound, _rds(config, "FreeStorageSpace"))
    if free is not None:
        yield CloudWatchReading(Metric.DISK_USAGE, 100 * (1 - free / (database.allocated_gib * _GIB)))
    lag = _newest(sound, _rds(config, "ReplicaLag"))
    # -1: replication is not running, and the lag is unknown.
    if lag is not None and lag >= 0:
        yield CloudWatchReading(Metric.REPLICATION_LAG, lag)


_FAILURES = ("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count")


def _of_alb(config: CloudWatchConfig, sound: Answers) -> Iterator[CloudWatchReading]:
    healthy = _newest(sound, _healthy(config)) if config.target_group else None
    if healthy is not None:
        note = NOTHING if healthy else Message("monitoring.no-healthy-target")
        yield CloudWatchReading(Metric.UP, float(healthy > 0), note)
    counts = [sound.get(_alb(config, name, "Sum")) for name in ("RequestCount", *_FAILURES)]
    if None not in counts:
        rate = _error_rate(*(each.points for each in counts if each))
        # Counters are missing if there is nothing to count: only a load balancer that is known to be there
        # has had no requests.
        if rate is not None or healthy is not None:
            yield CloudWatchReading(Metric.ERROR_RATE, rate or 0.0)
    seconds = _newest(sound, _alb(config, "TargetResponseTime", "Average"))
    if seconds is not None:
        yield CloudWatchReading(Metric.RESPONSE_TIME, 1000 * seconds)


def _error_rate(
    requests: Mapping[datetime, float], target: Mapping[datetime, float], balancer: Mapping[datetime, float]
) -> float | None:
    """Return the percentage of failed requests in the newest minute with any requests.

    Requests for which no target could be chosen are failures of the load balancer, and not counted among its
    requests.
    """
    minutes = requests.keys() | target.keys() | balancer.keys()
    if not minutes:
        return None
    newest = max(minutes)
    failed = target.get(newest, 0.0) + balancer.get(newest, 0.0)
    asked = max(requests.get(newest, 0.0), failed)
    return 100 * failed / asked if asked else 0.0


def _newest(answers: Answers, question: MetricQuestion) -> float | None:
    series = answers.get(question)
    return series.newest if series is not None else None


def _own(config: CloudWatchConfig, metric: Metric) -> MetricQuestion:
    asked = config.metrics[metric]
    return MetricQuestion(asked.namespace, asked.name, tuple(sorted(asked.dimensions.items())), asked.stat)


def _ec2(config: CloudWatchConfig, name: str, stat: str = "Average") -> MetricQuestion:
    return MetricQuestion("AWS/EC2", name, (("InstanceId", config.ec2),), stat)


def _rds(config: CloudWatchConfig, name: str) -> MetricQuestion:
    return MetricQuestion("AWS/RDS", name, (("DBInstanceIdentifier", config.rds),), "Average")


def _alb(config: CloudWatchConfig, name: str, stat: str) -> MetricQuestion:
    return MetricQuestion("AWS/ApplicationELB", name, (("LoadBalancer", config.alb),), stat)


def _healthy(config: CloudWatchConfig) -> MetricQuestion:
    dimensions = (("LoadBalancer", config.alb), ("TargetGroup", config.target_group))
    return MetricQuestion("AWS/ApplicationELB", "HealthyHostCount", dimensions, "Maximum")
