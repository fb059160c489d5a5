"""Kinds that play the month's story: nothing is measured, sent or carried out."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any

from toban.chapters.monitoring.source import SOURCE_KINDS, Measurement, SourceKind
from toban.design.values.metric import Metric
from toban.engine.notify.delivery.channel import CHANNEL_KINDS, Transport
from toban.engine.notify.delivery.notice import Notice
from toban.engine.operation import Operation, operations_of
from toban.engine.registry.kinds import Kinds
from toban.engine.registry.parts import Parts
from toban.engine.runs.kinds import BATCH_KINDS, BatchBinding, Site, WorkKind, key_of
from toban.engine.runs.work import RunTurn, Step, StepFailed
from toban.faces.demo.story import Story
from toban.message import Message

PLAYED = ("monitoring", "batch", "incident", "routine", "tasks", "reports")
"""The extensions whose works are run. What others do reaches out: to databases, hosts, repositories."""
_TAKES = timedelta(minutes=4)


@dataclass
class StoryClock:
    """The month's time. Batches move it on while everybody else waits for them."""

    now: datetime
    end: datetime
    """Never passed: after it comes what is real."""

    def __call__(self) -> datetime:
        """Return the month's time."""
        return self.now

    def reach(self, moment: datetime) -> None:
        """Go on to *moment*, never back."""
        self.now = max(self.now, min(moment, self.end))


@dataclass(frozen=True, slots=True)
class _Actor:
    """A source that measures what the story tells."""

    instance: str
    metrics: frozenset[Metric]
    story: Story

    def measure(self, now: datetime) -> Sequence[Measurement]:
        told = ((metric, self.story.value(metric, self.instance, now)) for metric in sorted(self.metrics))
        return [Measurement(metric, self.instance, now, value) for metric, value in told if value is not None]

    def close(self) -> None:
        """There is nothing to close."""


class _Nobody:
    """A channel to nobody: the month's messages are written down, and sent to no one."""

    def send(self, notice: Notice, addresses: tuple[str, ...]) -> str:  # noqa: ARG002 - the port's
        return "demo"


@dataclass(frozen=True, slots=True)
class _Batches:
    """Batches that fail as often as the story tells."""

    story: Story
    clock: StoryClock
    attempts: Counter[int] = field(default_factory=Counter)

    def steps(self, _config: BatchBinding, site: Site) -> tuple[Step, ...]:
        return (Step("demo", partial(self._act, key_of(site.batch))),)

    def _act(self, key: str, turn: RunTurn) -> object:
        self.attempts[turn.run_id] += 1
        self.clock.reach(self.clock.now + _TAKES)
        if self.attempts[turn.run_id] <= self.story.failing.get((key, turn.due_at.date()), 0):
            raise StepFailed(Message("demo.batch-fails"))
        return Message("demo.batch-done")


@dataclass(frozen=True)
class PlayedParts(Parts):
    """The parts, played: they plan and judge as ever, and reach nothing outside."""

    story: Story = field(kw_only=True)
    clock: StoryClock = field(kw_only=True)

    @cached_property
    def played(self) -> tuple[Operation[Any], ...]:
        """The operations whose works are run."""
        return operations_of(tuple(each for each in self.extensions if each.name in PLAYED))

    @cached_property
    def kinds(self) -> Kinds:
        """What `kind = "…"` may name: sources, channels and batches play."""
        real = Parts(self.modules).kinds
        batches = _Batches(self.story, self.clock)
        return real.played(
            {
                SOURCE_KINDS.name: _each(real.of(SOURCE_KINDS), self._source),
                CHANNEL_KINDS.name: _each(real.of(CHANNEL_KINDS), _channel),
                BATCH_KINDS.name: _each(real.of(BATCH_KINDS), lambda kind: _batch(kind, batches)),
            }
        )

    def _source(self, kind: SourceKind) -> SourceKind:
        return replace(kind, build=lambda config: _Actor(config.instance, kind.able(config), self.story))


def _each[K](kinds: Mapping[str, K], played: Callable[[K], K]) -> Mapping[str, K]:
    return {name: played(kind) for name, kind in kinds.items()}


def _channel(transport: Transport) -> Transport:
    return replace(transport, build=lambda _config: _Nobody())


def _batch(kind: WorkKind, batches: _Batches) -> WorkKind:
    return replace(kind, steps=batches.steps)
