"""From two scrapes of a Prometheus exposition to the values a document uses.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/. Names are those of node_exporter and
postgres_exporter, and for HTTP services those in Prometheus' own client libraries and guides.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from prometheus_client.parser import text_string_to_metric_families

from toban.chapters.monitoring.source import Measurement
from toban.design.values.metric import Metric

SELDOM = frozenset((Metric.CONNECTIONS, Metric.REPLICATION_LAG))
"""Only a postgres_exporter has them; without one, it is better to ask the database itself."""

MEASURES = SELDOM | {
    Metric.UP,
    Metric.CPU_USAGE,
    Metric.MEMORY_USAGE,
    Metric.DISK_USAGE,
    Metric.ERROR_RATE,
    Metric.RESPONSE_TIME,
}
"""What expositions can measure, whether fetched or pushed."""

type Labels = Mapping[str, str]
type Series = tuple[str, frozenset[tuple[str, str]]]

_CPU = "node_cpu_seconds_total"
_AVAILABLE, _TOTAL = "node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"
_FREE_FOR_USERS, _FREE, _SIZE = (f"node_filesystem_{each}_bytes" for each in ("avail", "free", "size"))
_REQUESTS = "http_requests_total"
_SECONDS, _COUNT = (f"http_request_duration_seconds_{each}" for each in ("sum", "count"))
BUCKET = "http_request_duration_seconds_bucket"
"""The buckets of the response times. A service has many: they are read only for a percentile."""
_DATABASE_UP, _BACKENDS = "pg_up", "pg_stat_database_numbackends"
_LAG, _IS_REPLICA = "pg_replication_lag_seconds", "pg_replication_is_replica"
_NAMES = (
    *(_CPU, _AVAILABLE, _TOTAL, _FREE_FOR_USERS, _FREE, _SIZE),
    *(_REQUESTS, _SECONDS, _COUNT),
    *(_DATABASE_UP, _BACKENDS, _LAG, _IS_REPLICA),
)
_KNOWN = frozenset((*_NAMES, BUCKET))
_WANTED = re.compile(rf"(?:{'|'.join(_NAMES)})[ {{]")
_WANTED_BUCKETS = re.compile(rf"{BUCKET}[ {{]")
_STATUS_LABELS = ("code", "status", "status_code", "http_status")
# File systems without a capacity of their own, or full by design.
_NO_DISK = frozenset(("tmpfs", "devtmpfs", "ramfs", "squashfs", "overlay", "iso9660", "autofs", "efivarfs"))


@dataclass(frozen=True, slots=True)
class Scrape:
    """The known series of one exposition."""

    values: Mapping[Series, float]

    def named(self, name: str) -> Iterator[tuple[Labels, float]]:
        """Yield the labels and value of every series called *name*."""
        for (each, labels), value in self.values.items():
            if each == name:
                yield dict(labels), value

    @property
    def is_database_away(self) -> bool:
        """Whether a postgres_exporter answered while its PostgreSQL did not."""
        return any(value == 0 for _, value in self.named(_DATABASE_UP))


def is_known(name: str) -> bool:
    """Say whether Toban uses series of that name."""
    return name in _KNOWN


def read_scrape(text: str) -> Scrape:
    """Return the series Toban knows, without buckets; raise `ValueError` if *text* is not an exposition.

    Only known lines are parsed: a host exposes about a thousand, of which some forty matter.
    """
    return _read(text, _WANTED)


def read_buckets(text: str) -> Scrape:
    """Return the buckets of response times; raise `ValueError` if *text* is not an exposition."""
    return _read(text, _WANTED_BUCKETS)


def _read(text: str, wanted: re.Pattern[str]) -> Scrape:
    known = "".join(f"{line}\n" for line in text.splitlines() if wanted.match(line))
    return Scrape(
        {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(known)
            for sample in family.samples
        }
    )


def measurements(before: Scrape | None, now: Scrape, instance: str, at: datetime) -> tuple[Measurement, ...]:
    """Return what *now* says, and what happened since *before*, in the metrics' own units."""
    found = [*_memory(now, instance, at), *_disks(now, instance, at), *_database(now, instance, at)]
    if before is not None:
        found += [*_cpu(before, now, instance, at), *_requests(before, now, instance, at)]
    return tuple(found)


def _memory(now: Scrape, instance: str, at: datetime) -> Iterator[Measurement]:
    available = next((value for _, value in now.named(_AVAILABLE)), None)
    total = next((value for _, value in now.named(_TOTAL)), 0.0)
    if available is not None and total > 0:
        yield Measurement(Metric.MEMORY_USAGE, instance, at, 100 * (1 - available / total))


def _disks(now: Scrape, instance: str, at: datetime) -> Iterator[Measurement]:
    """Yield one value per mounted disk, computed like df(1): space reserved for root is on neither side."""
    for labels, size in now.named(_SIZE):
        if labels.get("fstype", "") in _NO_DISK:
            continue
        key = frozenset(labels.items())
        available = now.values.get((_FREE_FOR_USERS, key))
        if available is None:
            continue
        used = size - now.values.get((_FREE, key), available)
        if used + available > 0:
            where = f"{instance} {labels.get('mountpoint', '')}".rstrip()
            yield Measurement(Metric.DISK_USAGE, where, at, 100 * used / (used + available))


def _database(now: Scrape, instance: str, at: datetime) -> Iterator[Measurement]:
    """Yield the connections of all databases together, and the lag of a standby.

    A primary exposes a lag too; it is always 0 and says nothing about its standbys.
    """
    backends = [value for _, value in now.named(_BACKENDS)]
    if backends:
        yield Measurement(Metric.CONNECTIONS, instance, at, sum(backends))
    if all(value for _, value in now.named(_IS_REPLICA)):
        lag = max((value for _, value in now.named(_LAG) if isfinite(value)), default=None)
        if lag is not None:
            yield Measurement(Metric.REPLICATION_LAG, instance, at, lag)


def _cpu(before: Scrape, now: Scrape, instance: str, at: datetime) -> Iterator[Measurement]:
    total = increase(before, now, _CPU)
    idle = increase(before, now, _CPU, lambda labels: labels.get("mode") == "idle")
    if total > 0:
        yield Measurement(Metric.CPU_USAGE, instance, at, 100 * (1 - idle / total))


def _requests(before: Scrape, now: Scrape, instance: str, at: datetime) -> Iterator[Measurement]:
    if any(_status(labels) for labels, _ in now.named(_REQUESTS)):
        answered = increase(before, now, _REQUESTS)
        failed = increase(before, now, _REQUESTS, lambda labels: _status(labels).startswith("5"))
        # Without requests, none has failed: the service has just proved this by answering the scrape.
        yield Measurement(Metric.ERROR_RATE, instance, at, 100 * failed / answered if answered else 0.0)
    count = increase(before, now, _COUNT)
    if count > 0:
        mean = 1000 * increase(before, now, _SECONDS) / count
        yield Measurement(Metric.RESPONSE_TIME, instance, at, mean)


def _status(labels: Labels) -> str:
    return next((labels[name] for name in _STATUS_LABELS if name in labels), "")


def increase(
    before: Scrape, now: Scrape, name: str, counts: Callable[[Labels], bool] = lambda _labels: True
) -> float:
    """Return how much the counters called *name* have grown.

    A counter below its previous value was reset by a restart, and has grown from zero since; so has one that
    did not exist before.
    """
    grown = 0.0
    for labels, value in now.named(name):
        if counts(labels):
            former = before.values.get((name, frozenset(labels.items())), 0.0)
            grown += value - former if value >= former else value
    return grown
