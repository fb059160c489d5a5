"""The extension point for metric sources: one small Protocol, one failure type, one line to register."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from toban.chapters.monitoring.counting import Counting
from toban.chapters.monitoring.limits import Percentile
from toban.design.values.metric import Metric
from toban.engine.bindings.section import Section
from toban.engine.registry.kinds import KindPoint
from toban.message import NOTHING, Message


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a source read: a value in the metric's own unit, and the instance it belongs to."""

    metric: Metric
    instance: str
    at: datetime
    value: float
    note: Message = NOTHING
    """An explanation of the value for operators: `HTTP 503`."""
    is_reread: bool = False
    """It may have been read before, by another worker or because its sender sent it twice, and stored."""
    is_own_start: bool = False
    """Toban's own start is part of it: it reaches no threshold."""


class Unmeasurable(Exception):
    """The source did not provide what it should; the message tells the operator why, without any secret.

    `measured` is what it provided anyway: that nothing answers is a value of `Metric.UP`.
    """

    def __init__(self, said: Message, measured: Sequence[Measurement] = ()) -> None:
        super().__init__(said)
        self.measured = tuple(measured)


class Source(Protocol):
    """A place to measure, ready to use. One thread uses it at a time."""

    @property
    def instance(self) -> str:
        """Its name for operators: `web-1:9100`. It contains no secret."""

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Return all that can be measured now, or raise `Unmeasurable`, within the configured timeout.

        Rates need two readings: a source keeps its previous one, and provides rates from the second on.
        """

    def close(self) -> None:
        """Close the connections; the source is not used again."""


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source as named in `toban.toml`; the registration in `wiring.py` gives it that name."""

    config: type[Section]
    measures: frozenset[Metric]
    """The metrics a source of this kind may measure, unless its config asks for more."""
    build: Callable[[Any], Source]
    """Makes a source from a valid config; does not connect yet."""
    asks: bool = True
    """Whether it asks something that may fail; False if it takes what Toban has received."""
    seldom: frozenset[Metric] = frozenset()
    """Those of `measures` that few such places provide: `toban init` prefers another kind for them."""
    asked_for: Callable[[Any], frozenset[Metric]] | None = None
    """The metrics a config asks for, if it can hold the operator's own queries."""

    cost: Callable[[Any], Message] | None = None
    """Returns what others charge for a source with a config: `月におよそ 0.86 USD`."""

    counted: Callable[[Any, Counting], Section] | None = None
    """Makes the config with which a counting kind counts for one row, or raises `Unjudgeable`."""

    ranked: Callable[[Any, Percentile], Section] | None = None
    """Makes the config with which a kind that sees single requests computes a percentile for one row."""

    is_here: Callable[[Any], bool] | None = None
    """Says whether the place of a config is the machine that Toban runs on; None if it never is."""

    def able(self, config: Any) -> frozenset[Metric]:
        """Return the metrics that a source of *config* may measure."""
        return self.measures if self.asked_for is None else self.asked_for(config)


SOURCE_KINDS = KindPoint("sources", SourceKind)
"""`kind = "…"` of a target's source; `toban init` proposes the first that can measure the metric."""
