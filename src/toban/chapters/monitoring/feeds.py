"""Which source feeds which monitor: the bindings' targets held against the document's rows. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from toban.chapters.monitoring.limits import Limits, Unjudgeable, limits_of
from toban.chapters.monitoring.source import SourceKind
from toban.design.clauses.monitoring import Monitor
from toban.design.reader import Design
from toban.design.values.metric import Metric
from toban.engine.bindings.model import WHOLE_SYSTEM, Bindings, Bound, Discovery

type SourceKinds = Mapping[str, SourceKind]


@dataclass(frozen=True, slots=True)
class Feed:
    """One source of one target, and how often to ask it."""

    target: str
    bound: Bound[Any]
    period: timedelta
    position: int = 0
    """Its place among the target's sources of the same name: two may look at the same host.

    Hosts that one discovery has found share theirs.
    """
    host: str = ""
    """The host that a discovery has found, by its name; empty for one that stands in the bindings."""


@dataclass(frozen=True, slots=True)
class Find:
    """One discovery of one target, and how often to ask the hosts it finds."""

    target: str
    discovery: Discovery
    period: timedelta
    position: int
    """After those of the target's sources that stand in the bindings."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A monitor that runs, with its limits in numbers."""

    monitor: Monitor
    limits: Limits

    @property
    def target(self) -> str:
        """The target's name in the bindings."""
        return target_of(self.monitor)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a document and its bindings order to be measured."""

    judged: tuple[Judged, ...]
    unbound: Mapping[str, str]
    """Clause id → why the monitor does not run, and the way out."""
    feeds: tuple[Feed, ...]
    finds: tuple[Find, ...] = ()


def target_of(monitor: Monitor) -> str:
    """Return the name under which the bindings have what *monitor* watches."""
    return monitor.target or WHOLE_SYSTEM


def plan(design: Design, bindings: Bindings, kinds: SourceKinds) -> Plan:
    """Decide what runs; a monitor that can't is told why, and keeps no other from running."""
    judged: list[Judged] = []
    unbound: dict[str, str] = {}
    for monitor in design.of(Monitor):
        try:
            limits = limits_of(monitor)
        except Unjudgeable as error:
            unbound[monitor.id] = str(error)
            continue
        reason = why_unbound(monitor, bindings, kinds)
        if reason:
            unbound[monitor.id] = reason
        else:
            judged.append(Judged(monitor, limits))
    periods = _periods(judged)
    return Plan(tuple(judged), unbound, tuple(_feeds(periods, bindings)), tuple(_finds(periods, bindings)))


def why_unbound(monitor: Monitor, bindings: Bindings, kinds: SourceKinds) -> str:
    """Say what the bindings lack for *monitor*, with the way out; nothing where they lack nothing."""
    target = target_of(monitor)
    found = [each.sample for each in bindings.discoveries.get(target, ())]
    sources = (*bindings.targets.get(target, ()), *found)
    if not sources:
        return (
            f"対象「{target}」の情報源が {bindings.file} にありません:"
            f" [targets.{_key(target)}] を書いてください"
        )
    if any(monitor.metric in kinds[bound.kind].able(bound.config) for bound in sources):
        return ""
    able = [f'kind = "{name}"' for name, kind in sorted(kinds.items()) if monitor.metric in kind.measures]
    if not able:
        asking = [f'kind = "{name}"' for name, kind in sorted(kinds.items()) if kind.asked_for]
        way_out = f": {' か '.join(asking)} なら、問い合わせを書いて測れます" if asking else ""
        return f"「{monitor.item}」をそのまま測れる情報源の種類がまだありません{way_out}"
    return (
        f"対象「{target}」のどの情報源も「{monitor.item}」を測れません:"
        f" {' か '.join(able)} を {bindings.file} に足してください"
    )


def open_targets(design: Design, kinds: SourceKinds) -> Iterator[tuple[str, list[Monitor], list[str]]]:
    """Yield each target that monitors watch, its monitors, and kinds that together can measure them.

    For each metric the first of *kinds* that can measure it is taken, one that seldom can only where no other
    is left; what none can measure needs nothing.
    """
    by_target: dict[str, list[Monitor]] = {}
    for monitor in design.of(Monitor):
        by_target.setdefault(target_of(monitor), []).append(monitor)
    for target, monitors in by_target.items():
        able = (_first_able(monitor.metric, kinds) for monitor in monitors)
        yield target, monitors, list(dict.fromkeys(name for name in able if name))


def _first_able(metric: Metric | None, kinds: SourceKinds) -> str | None:
    able = [name for name, kind in kinds.items() if metric in kind.measures]
    return min(able, key=lambda name: metric in kinds[name].seldom, default=None)


def labels(feeds: Sequence[Feed], names: Sequence[str]) -> list[str]:
    """Return a name for each feed that no other feed of the same target has.

    *names* are what the sources call their places. Where two of a target look at one place, their kinds,
    their positions, and at last the names under which they were found, tell them apart.
    """
    places = Counter((feed.target, name) for feed, name in zip(feeds, names, strict=True))
    kinds = Counter((feed.target, name, feed.bound.kind) for feed, name in zip(feeds, names, strict=True))
    positions = Counter(
        (feed.target, name, feed.bound.kind, feed.position) for feed, name in zip(feeds, names, strict=True)
    )
    found = []
    for feed, name in zip(feeds, names, strict=True):
        if places[feed.target, name] == 1:
            found.append(name)
        elif kinds[feed.target, name, feed.bound.kind] == 1:
            found.append(f"{name} ({feed.bound.kind})")
        elif positions[feed.target, name, feed.bound.kind, feed.position] > 1:
            found.append(f"{name} ({feed.host})")
        else:
            found.append(f"{name} ({feed.bound.kind} {feed.position + 1})")
    return found


def _periods(judged: Sequence[Judged]) -> Mapping[str, timedelta]:
    """How often to ask the sources of every target that a monitor watches: as the most frequent one needs."""
    periods: dict[str, timedelta] = {}
    for each in judged:
        period = each.limits.period
        periods[each.target] = min(period, periods.get(each.target, period))
    return periods


def _feeds(periods: Mapping[str, timedelta], bindings: Bindings) -> Iterator[Feed]:
    for target, period in periods.items():
        for position, bound in enumerate(bindings.targets.get(target, ())):
            yield Feed(target, bound, period, position)


def _finds(periods: Mapping[str, timedelta], bindings: Bindings) -> Iterator[Find]:
    for target, period in periods.items():
        first = len(bindings.targets.get(target, ()))
        for position, discovery in enumerate(bindings.discoveries.get(target, ()), first):
            yield Find(target, discovery, period, position)


def _key(name: str) -> str:
    """Write *name* as a TOML key."""
    is_bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if is_bare else f'"{name}"'
