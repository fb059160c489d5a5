"""Chapter 2 in `toban.toml`: what the document leaves open about monitors."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from toban.design.clauses.base import Clause
from toban.design.clauses.monitoring import Monitor
from toban.design.reader import Design
from toban.engine.bindings.section import Assumed, Section
from toban.engine.bindings.table import single
from toban.engine.bindings.values import Length
from toban.message import Message


def _without_interval(design: Design, _bound: Section, _name: str) -> Iterator[Clause]:
    return (row for row in design.of(Monitor) if row.interval is None)


def _monitors(design: Design, _bound: Section, _name: str) -> tuple[Clause, ...]:
    return design.of(Monitor)


class MonitoringBinding(Section):
    """`[monitoring]`: what the document leaves open about monitors."""

    interval: Annotated[
        Length,
        Assumed("monitoring.assumed-interval", Message("monitoring.why-interval"), _without_interval),
    ] = timedelta(minutes=1)
    """How often to measure if a row names no interval."""
    recovery_readings: Annotated[
        int,
        Field(ge=1, le=100),
        Assumed("monitoring.assumed-recovery", Message("monitoring.why-recovery"), _monitors),
    ] = 3
    """How many better readings in a row end a condition."""
    silent_intervals: Annotated[
        int,
        Field(ge=1, le=100),
        Assumed("monitoring.assumed-silence", Message("monitoring.why-silence"), _monitors),
    ] = 2
    """How many intervals without a reading make a monitor silent."""


MONITORING = single("monitoring", MonitoringBinding, MonitoringBinding())
"""What the document leaves open about monitors."""
