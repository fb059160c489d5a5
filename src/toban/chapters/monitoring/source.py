"""The extension point for metric sources: one small Protocol and one failure type."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from toban.design.values.metric import Metric


class Unmeasurable(Exception):
    """The source gave no value; the message says why, for the operator, and never holds a secret."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a source read: a value in the metric's own unit, and the instance it was read of."""

    metric: Metric
    instance: str
    at: datetime
    value: float


class Source(Protocol):
    """A place to measure at, ready to use. One thread uses it at a time."""

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Return all that can be measured now, or raise `Unmeasurable`.

        Rates need two readings: a source keeps its previous one, and gives such a value from the second on.
        """
