"""What each part of the shop exposes to Prometheus: its requests, and the numbers of its host.

The host's numbers use node_exporter's names and units, so that any reader of node_exporter can read them.
"""

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import override

import psutil
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import Response

REGISTRY = CollectorRegistry()
REQUESTS = Counter("http_requests", "Requests answered.", ("method", "code"), registry=REGISTRY)
DURATION = Histogram(
    "http_request_duration_seconds",
    "Time from the request's head to the answer's head.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5),
    registry=REGISTRY,
)

# A monitor's own requests say nothing about how customers are served.
UNCOUNTED = frozenset({"/metrics", "/healthz"})


class HostCollector(Collector):
    """Reads the host when scraped; nothing is kept between two scrapes."""

    @override
    def collect(self) -> Iterable[Metric]:
        yield _cpu()
        yield from _memory()
        yield from _filesystems()
        yield _gauge("node_load1", "1m load average.", psutil.getloadavg()[0])
        yield _gauge("node_boot_time_seconds", "Node boot time, in unixtime.", psutil.boot_time())


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, value=value)


def _cpu() -> CounterMetricFamily:
    family = CounterMetricFamily(
        "node_cpu_seconds", "Seconds the CPUs spent in each mode.", labels=("cpu", "mode")
    )
    for number, times in enumerate(psutil.cpu_times(percpu=True)):
        # Guest time is already in user and nice: adding it again would exceed the total time.
        for mode in ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"):
            family.add_metric((str(number), mode), getattr(times, mode, 0.0))
    return family


def _memory() -> Iterable[Metric]:
    memory = psutil.virtual_memory()
    yield _gauge("node_memory_MemTotal_bytes", "Memory information field MemTotal_bytes.", memory.total)
    yield _gauge("node_memory_MemFree_bytes", "Memory information field MemFree_bytes.", memory.free)
    yield _gauge(
        "node_memory_MemAvailable_bytes", "Memory information field MemAvailable_bytes.", memory.available
    )


def _filesystems() -> Iterable[Metric]:
    labels = ("device", "mountpoint", "fstype")
    size = GaugeMetricFamily("node_filesystem_size_bytes", "Filesystem size in bytes.", labels=labels)
    avail = GaugeMetricFamily(
        "node_filesystem_avail_bytes", "Filesystem space available to non-root users in bytes.", labels=labels
    )
    for disk in psutil.disk_partitions():
        usage = psutil.disk_usage(disk.mountpoint)
        size.add_metric((disk.device, disk.mountpoint, disk.fstype), usage.total)
        avail.add_metric((disk.device, disk.mountpoint, disk.fstype), usage.free)
    return size, avail


class CountRequests(BaseHTTPMiddleware):
    """Counts and times every request a customer made, failed ones included."""

    @override
    async def dispatch(
        self, request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        if request.url.path in UNCOUNTED:
            return await call_next(request)
        began = time.perf_counter()
        code = "500"  # the server's answer if the handler raises
        try:
            response = await call_next(request)
            code = str(response.status_code)
        finally:
            DURATION.observe(time.perf_counter() - began)
            REQUESTS.labels(request.method, code).inc()
        return response


def metrics(_: Request) -> Response:
    """Answer a scrape."""
    return Response(generate_latest(REGISTRY), headers={"content-type": CONTENT_TYPE_LATEST})


REGISTRY.register(HostCollector())
