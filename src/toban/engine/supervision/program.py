"""A program that the supervisor keeps running, as a value."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from toban.message import Message


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, in which order, and how to find out whether it is ready."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the supervisor's own environment."""
    directory: Path | None = None
    ready: str = ""
    """`http://…` that answers below 500, `tcp://host:port` that accepts; empty: ready as soon as it runs."""
    after: tuple[str, ...] = ()
    """It starts after these have been ready once, and stops before them."""
    judges: tuple[str, ...] = ()
    """It starts after these have been ready once, too, or when `JUDGED_AFTER` has passed without that."""
    announces: Message | None = None
    """What to say once it is ready for the first time."""
    stop_signal: signal.Signals = signal.SIGTERM
