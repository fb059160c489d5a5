"""The extension point for metric sources: one small Protocol, one failure type, one line of registration."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from toban.chapters.monitoring.counting import Counting
from toban.design.values.metric import Metric
from toban.engine.bindings.section import Section
from toban.engine.registry.kinds import KindPoint


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a source read: a value in the metric's own unit, and the instance it was read of."""

    metric: Metric
    instance: str
    at: datetime
    value: float
    note: str = ""
    """What explains the value to an operator: `HTTP 503`."""


class Unmeasurable(Exception):
    """The source did not give what it should; the message tells the operator why, without any secret.

    `measured` is what it gave nevertheless: that nothing answers is a value of `Metric.UP`.
    """

    def __init__(self, message: str, measured: Sequence[Measurement] = ()) -> None:
        super().__init__(message)
        self.measured = tuple(measured)


class Source(Protocol):
    """A place to measure at, ready to use. One thread uses it at a time."""

    @property
    def instance(self) -> str:
        """What operators call the place: `web-1:9100`. No secret is in it."""

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Return all that can be measured now, or raise `Unmeasurable`; within the time-out it was given.

        Rates need two readings: a source keeps its previous one, and gives such a value from the second on.
        """

    def close(self) -> None:
        """Let go of connections; the source is not used again."""


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source as `toban.toml` names it; the registration in `wiring.py` gives it that name."""

    config: type[Section]
    measures: frozenset[Metric]
    """What a source of this kind can measure at most, unless its config asks for more."""
    build: Callable[[Any], Source]
    """Makes a source of a valid config; connects to nothing yet."""
    seldom: frozenset[Metric] = frozenset()
    """What of `measures` few places of this kind give: `toban init` proposes another kind if there is one."""
    asked_for: Callable[[Any], frozenset[Metric]] | None = None
    """What a config asks for, where it can hold questions of the operator's own."""

    cost: Callable[[Any], str] | None = None
    """Says what a source of a config is charged for by others, where it is: `月におよそ 0.86 USD`."""

    counted: Callable[[Any, Counting], Section] | None = None
    """Makes the config by which a kind that counts does so for one row, or raises `Unjudgeable`."""

    def able(self, config: Any) -> frozenset[Metric]:
        """Return what a source of *config* can measure at most."""
        return self.measures if self.asked_for is None else self.asked_for(config)


SOURCE_KINDS = KindPoint("sources", SourceKind)
"""`kind = "…"` of a target's source; `toban init` proposes the first that can measure what is asked."""
