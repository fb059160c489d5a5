"""The port through which extensions say what stood out at a time: errors, lines of logs. See `SPIKES`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from toban.engine.editions.edition import Edition
from toban.engine.registry.ports import Port
from toban.message import Message

if TYPE_CHECKING:
    from toban.engine.telemetry.store import Telemetry

_TIMES = 3
"""So many times its usual number stands out."""
_LEAST = 10
"""Fewer than this never stand out: one error where there was none is no spike."""


@dataclass(frozen=True, slots=True)
class SpikeQuestion:
    """When to look for what stood out."""

    edition: Edition
    since: datetime
    until: datetime
    telemetry: "Telemetry"


@dataclass(frozen=True, slots=True)
class Spike:
    """Something that stood out."""

    key: str
    """The same whenever it is asked for: `errors/12/2026-04-06T03:00:00+00:00`."""
    at: datetime
    said: Message
    url: str = ""
    """The path of the page that shows it."""


type FindSpikes = Callable[[SpikeQuestion], Iterable[Spike]]

SPIKES: Port[FindSpikes] = Port("spikes")


def stands_out(count: int, before: Sequence[int]) -> bool:
    """Return whether *count* stands out beside the counts *before* it, in steps of the same length. Pure."""
    usual = sum(before) / len(before) if before else 0.0
    return count >= _LEAST and count >= _TIMES * usual
