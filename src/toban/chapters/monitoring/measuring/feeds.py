"""Which source feeds which monitor: the bindings' targets matched with the document's rows. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from toban.chapters.monitoring.bindings import MONITORING
from toban.chapters.monitoring.counting import counting_of
from toban.chapters.monitoring.limits import (
    MonitorLimits,
    Unjudgeable,
    has_percentile,
    limits_of,
    metric_of,
)
from toban.chapters.monitoring.source import SourceKind
from toban.design.clauses.logs import LogKind
from toban.design.clauses.monitoring import Monitor, ToolChoice
from toban.design.reader import Design
from toban.design.values.metric import Metric
from toban.design.values.tool_purpose import ToolPurpose
from toban.engine.bindings.model import WHOLE_SYSTEM, Bindings, BoundDiscovery, KindBinding
from toban.engine.bindings.section import Section
from toban.engine.bindings.toml import key
from toban.engine.telemetry.logs.words import kind_of
from toban.message import NOTHING, Message, message_of

type SourceKinds = Mapping[str, SourceKind]


@dataclass(frozen=True, slots=True)
class Feed:
    """One source of one target, and how often to ask it."""

    target: str
    bound: KindBinding[Any]
    period: timedelta
    position: int = 0
    """Its position among the target's sources, which tells apart two with the same name.

    Hosts found by one discovery share its position.
    """
    host: str = ""
    """The name of the discovered host; empty for one from the bindings."""
    row: str = ""
    """The id of the clause that it counts for; empty if it measures for all rows of its target."""

    @property
    def series(self) -> str:
        """The name under which its measurements are judged and stored."""
        return self.row or self.target


@dataclass(frozen=True, slots=True)
class Find:
    """One discovery of one target, and how often to ask the hosts it finds."""

    target: str
    discovery: BoundDiscovery
    period: timedelta
    position: int
    """After the positions of the target's sources in the bindings."""


@dataclass(frozen=True, slots=True)
class JudgedMonitor:
    """A monitor that runs, with its limits in numbers."""

    monitor: Monitor
    limits: MonitorLimits

    @property
    def target(self) -> str:
        """The target's name in the bindings."""
        return target_of(self.monitor)

    @property
    def series(self) -> str:
        """The name under which its measurements arrive."""
        return series_of(self.monitor)


@dataclass(frozen=True, slots=True)
class MeasuringPlan:
    """Everything that a document and its bindings require to be measured."""

    judged: tuple[JudgedMonitor, ...]
    unbound: Mapping[str, Message]
    """Clause id → why the monitor does not run, and the way out."""
    feeds: tuple[Feed, ...]
    finds: tuple[Find, ...] = ()
    tools: tuple[ToolChoice, ...] = ()
    """The rows that name what measures."""

    @property
    def rows(self) -> Mapping[str, Message]:
        """See `toban.engine.operation.Plan`."""
        running = (*(each.monitor for each in self.judged), *self.tools)
        return {**{row.id: NOTHING for row in running}, **self.unbound}


def target_of(monitor: Monitor) -> str:
    """Return the name that the bindings use for what *monitor* watches."""
    return monitor.target or WHOLE_SYSTEM


def series_of(monitor: Monitor) -> str:
    """Return the name under which measurements of *monitor* are stored.

    Rows that count, or ask for a percentile, each have their own.
    """
    is_own = metric_of(monitor) is Metric.LOG_COUNT or has_percentile(monitor)
    return monitor.id if is_own else target_of(monitor)


def plan(design: Design, bindings: Bindings, kinds: SourceKinds) -> MeasuringPlan:
    """Decide what runs; a monitor that can't run gets a reason, and does not keep others from running."""
    judged: list[JudgedMonitor] = []
    unbound: dict[str, Message] = {}
    counts: list[Feed] = []
    logged = frozenset(kind_of(row.name) for row in design.of(LogKind))
    for monitor in design.of(Monitor):
        try:
            each = JudgedMonitor(monitor, limits_of(monitor, MONITORING.of(bindings)))
            reason = why_unbound(monitor, bindings, kinds)
            counted = [] if reason else _own_feeds(each, bindings, kinds, logged)
        except Unjudgeable as error:
            reason = message_of(error)
        if reason:
            unbound[monitor.id] = reason
        else:
            judged.append(each)
            counts += counted
    periods = _periods(judged)
    feeds = (*_feeds(periods, bindings, kinds), *counts)
    tools = tuple(row for row in design.of(ToolChoice) if row.about is ToolPurpose.MEASURING)
    return MeasuringPlan(tuple(judged), unbound, feeds, tuple(_finds(periods, bindings)), tools)


def why_unbound(monitor: Monitor, bindings: Bindings, kinds: SourceKinds) -> Message:
    """Return what the bindings lack for *monitor*, with the way out; nothing if it runs."""
    target = target_of(monitor)
    found = [each.sample for each in bindings.discoveries.get(target, ())]
    sources = (*bindings.targets.get(target, ()), *found)
    if not sources:
        section = f"[targets.{key(target)}]"
        return Message("monitoring.target-not-bound", target=target, file=bindings.file, section=section)
    metric = metric_of(monitor)
    if any(metric in kinds[bound.kind].able(bound.config) for bound in sources):
        return NOTHING
    able = [f'kind = "{name}"' for name, kind in sorted(kinds.items()) if metric in kind.measures]
    if not able:
        asking = [f'kind = "{name}"' for name, kind in sorted(kinds.items()) if kind.asked_for]
        code = "monitoring.only-by-query" if asking else "monitoring.no-kind-for-item"
        return Message(code, item=monitor.item, kinds=asking)
    return Message(
        "monitoring.item-not-bound", target=target, item=monitor.item, kinds=able, file=bindings.file
    )


def open_targets(design: Design, kinds: SourceKinds) -> Iterator[tuple[str, list[Monitor], list[str]]]:
    """Yield each target that monitors watch, its monitors, and kinds that together can measure them.

    For each metric, the first of *kinds* that can measure it is chosen; a kind that rarely can is only used
    if there is no other. A metric that no kind can measure needs none.
    """
    by_target: dict[str, list[Monitor]] = {}
    for monitor in design.of(Monitor):
        by_target.setdefault(target_of(monitor), []).append(monitor)
    for target, monitors in by_target.items():
        able = (_first_able(metric_of(monitor), kinds) for monitor in monitors)
        yield target, monitors, list(dict.fromkeys(name for name in able if name))


def _first_able(metric: Metric | None, kinds: SourceKinds) -> str | None:
    able = [name for name, kind in kinds.items() if metric in kind.measures]
    return min(able, key=lambda name: metric in kinds[name].seldom, default=None)


def labels(feeds: Sequence[Feed], names: Sequence[str]) -> list[str]:
    """Return a unique name for each feed within its target.

    *names* are the sources' names of their places. If two feeds of a target use the same place, they are told
    apart by kind, then position, and finally the name under which they were found.
    """
    places = Counter((feed.series, name) for feed, name in zip(feeds, names, strict=True))
    kinds = Counter((feed.series, name, feed.bound.kind) for feed, name in zip(feeds, names, strict=True))
    positions = Counter(
        (feed.series, name, feed.bound.kind, feed.position) for feed, name in zip(feeds, names, strict=True)
    )
    found = []
    for feed, name in zip(feeds, names, strict=True):
        if places[feed.series, name] == 1:
            found.append(name)
        elif kinds[feed.series, name, feed.bound.kind] == 1:
            found.append(f"{name} ({feed.bound.kind})")
        elif positions[feed.series, name, feed.bound.kind, feed.position] > 1:
            found.append(f"{name} ({feed.host})")
        else:
            found.append(f"{name} ({feed.bound.kind} {feed.position + 1})")
    return found


def _periods(judged: Sequence[JudgedMonitor]) -> Mapping[str, timedelta]:
    """Return how often to ask the sources of each watched target: as its most frequent monitor needs."""
    periods: dict[str, timedelta] = {}
    for each in judged:
        if each.series != each.target:
            continue
        period = each.limits.period
        periods[each.target] = min(period, periods.get(each.target, period))
    return periods


def _feeds(periods: Mapping[str, timedelta], bindings: Bindings, kinds: SourceKinds) -> Iterator[Feed]:
    for target, period in periods.items():
        for position, bound in enumerate(bindings.targets.get(target, ())):
            if kinds[bound.kind].counted is None:
                yield Feed(target, bound, period, position)


def _own_feeds(
    judged: JudgedMonitor, bindings: Bindings, kinds: SourceKinds, logged: frozenset[str]
) -> list[Feed]:
    """Return a feed for each source that counts, or computes a percentile, for just this row.

    Raises `Unjudgeable` if there is none.
    """
    if judged.series == judged.target:
        return []
    found = []
    for position, bound in enumerate(bindings.targets.get(judged.target, ())):
        config = _own_config(judged, bound, kinds[bound.kind], logged)
        if config is not None:
            of_row = KindBinding(bound.kind, config, bound.line)
            found.append(Feed(judged.target, of_row, judged.limits.quarter, position, row=judged.monitor.id))
    if not found:
        raise Unjudgeable(_lacking(judged, kinds))
    return found


def _own_config(
    judged: JudgedMonitor, bound: KindBinding[Any], kind: SourceKind, logged: frozenset[str]
) -> Section | None:
    percentile = judged.limits.percentile
    if percentile is not None:
        return kind.ranked(bound.config, percentile) if kind.ranked is not None else None
    if kind.counted is None:
        return None
    return kind.counted(bound.config, counting_of(judged.monitor, judged.limits, logged))


def _lacking(judged: JudgedMonitor, kinds: SourceKinds) -> Message:
    section = f"[targets.{key(judged.target)}]"
    if judged.limits.percentile is None:
        return Message("monitoring.count-not-bound", section=section)
    able = [f'kind = "{name}"' for name, kind in sorted(kinds.items()) if kind.ranked is not None]
    return Message("monitoring.percentile-not-bound", section=section, kinds=able)


def _finds(periods: Mapping[str, timedelta], bindings: Bindings) -> Iterator[Find]:
    for target, period in periods.items():
        first = len(bindings.targets.get(target, ()))
        for position, discovery in enumerate(bindings.discoveries.get(target, ()), first):
            yield Find(target, discovery, period, position)
