"""This host's CPU, memory and disks, from the kernel's own counters."""

import socket
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import psutil

from toban.chapters.monitoring.source import Measurement, SourceKind
from toban.design.values.metric import Metric
from toban.engine.bindings.section import Section


class HostConfig(Section):
    """`kind = "host"`: the machine that Toban runs on."""

    instance: str = ""
    """Its name for operators; empty: its host name."""
    up: bool = True
    """Whether it says that the host is up, which it is as long as Toban runs.

    False where another source of the target says whether the service answers.
    """


class _CpuTime(NamedTuple):
    """Seconds since the machine started, over all its CPUs."""

    total: float
    idle: float


class HostSource:
    """This machine. CPU usage is the mean since the last measurement but one; see `PrometheusSource`."""

    def __init__(self, config: HostConfig) -> None:
        self._instance = config.instance or socket.gethostname()
        self._is_up_told = config.up
        self._before: deque[_CpuTime] = deque(maxlen=2)

    @property
    def instance(self) -> str:
        return self._instance

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Read the counters; always succeeds."""
        memory = psutil.virtual_memory()
        usage = 100 * (1 - memory.available / memory.total)
        return [
            *([Measurement(Metric.UP, self.instance, now, 1.0)] if self._is_up_told else ()),
            Measurement(Metric.MEMORY_USAGE, self.instance, now, usage),
            *self._cpu(now),
            *self._disks(now),
        ]

    def close(self) -> None:
        """There is nothing to close."""

    def _cpu(self, now: datetime) -> Iterator[Measurement]:
        times = psutil.cpu_times()
        # Linux counts guest time within user time as well.
        doubled = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
        after = _CpuTime(sum(times) - doubled, times.idle)
        before = self._before[0] if self._before else None
        self._before.append(after)
        if before is not None and after.total > before.total:
            busy = 1 - (after.idle - before.idle) / (after.total - before.total)
            yield Measurement(Metric.CPU_USAGE, self.instance, now, min(max(100 * busy, 0.0), 100.0))

    def _disks(self, now: datetime) -> Iterator[Measurement]:
        for disk in psutil.disk_partitions(all=False):
            try:
                usage = psutil.disk_usage(disk.mountpoint)
            except OSError:
                # Toban does not judge a mount that this account may not read.
                continue
            if usage.total:
                where = f"{self.instance} {disk.mountpoint}"
                yield Measurement(Metric.DISK_USAGE, where, now, usage.percent)


_MEASURES = frozenset((Metric.UP, Metric.CPU_USAGE, Metric.MEMORY_USAGE, Metric.DISK_USAGE))


def _asked_for(config: HostConfig) -> frozenset[Metric]:
    return _MEASURES if config.up else _MEASURES - {Metric.UP}


KIND = SourceKind(
    config=HostConfig, measures=_MEASURES, build=HostSource, asked_for=_asked_for, is_here=lambda _: True
)
