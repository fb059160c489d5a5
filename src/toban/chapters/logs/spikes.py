"""When logs held far more errors than before. See `toban.engine.impact.spikes`."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, timedelta

from toban.engine.impact.spikes import Spike, SpikeQuestion, stands_out
from toban.engine.telemetry.logs.search import LogSearch, TimeSpan
from toban.engine.telemetry.store import StoreUnavailable
from toban.message import Message

_STEP, _BEFORE = timedelta(minutes=5), 12
"""How finely lines are counted, and how many steps say what is usual."""
_BAD = ("ERROR", "CRITICAL")


def spikes(question: SpikeQuestion) -> Iterator[Spike]:
    """Yield the times at which errors in logs began to stand out; none while the store is away."""
    first = question.since.astimezone(UTC)
    first -= (first - first.replace(hour=0, minute=0, second=0, microsecond=0)) % _STEP
    start, search = first - _BEFORE * _STEP, LogSearch(question.telemetry)
    with suppress(StoreUnavailable):
        counted = search.by_level((), TimeSpan(start, question.until), step=_STEP.total_seconds())
        steps = -((start - question.until.astimezone(UTC)) // _STEP)
        counts = [sum(counted.get((start + n * _STEP, level), 0) for level in _BAD) for n in range(steps)]
        goes_on = False
        for n in range(_BEFORE, steps):
            at, spiked = start + n * _STEP, stands_out(counts[n], counts[n - _BEFORE : n])
            if spiked and not goes_on:
                yield Spike(f"logs/{at.isoformat()}", at, Message("logs.spike"), "/logs/")
            goes_on = spiked
