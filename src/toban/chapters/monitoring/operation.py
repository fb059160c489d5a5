"""What chapter 2 does: measure, judge, and test its sources before they are needed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from toban.chapters.monitoring.discovery import DISCOVERY_KINDS, Undiscovered
from toban.chapters.monitoring.limits import MonitorLimits, Unjudgeable, limits_of, metric_of
from toban.chapters.monitoring.measuring.board import MeasuringBoard
from toban.chapters.monitoring.measuring.feeds import MeasuringPlan, plan, series_of, target_of
from toban.chapters.monitoring.measuring.heard import heard
from toban.chapters.monitoring.pushing import arrivals
from toban.chapters.monitoring.service import Monitoring
from toban.chapters.monitoring.source import SOURCE_KINDS, SourceKind, Unmeasurable
from toban.design.clauses.base import Clause
from toban.design.clauses.monitoring import Monitor
from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.engine.bindings.model import BoundDiscovery, KindBinding
from toban.engine.bindings.template import Unfilled
from toban.engine.editions.edition import Edition
from toban.engine.editions.tools import ToolBindings, tool_status
from toban.engine.evidence import status
from toban.engine.notify.signal import ADVICE, Signal
from toban.engine.operation import ChartedSeries, ChartLimit, EditionLoop, Operation, WorkerShift, Workplace
from toban.engine.registry.kinds import Kinds
from toban.engine.registry.ports import Ports
from toban.engine.trial import Trial, TrialCode
from toban.message import Message, message_of

_SOME_HOSTS = 3
"""The number of hosts to test per discovery: they are alike."""


def _plan(edition: Edition) -> MeasuringPlan:
    return plan(edition.design, edition.bindings, edition.kinds.of(SOURCE_KINDS))


def _shift(at: Workplace) -> WorkerShift:
    board = MeasuringBoard(at.kinds.of(SOURCE_KINDS), at.clock, at.kinds.of(DISCOVERY_KINDS))
    monitoring = Monitoring(board, at.samples, at.lead.require)

    def measure(edition: Edition, now: datetime) -> None:
        arrivals.inbox().follow(at.lead.term)
        advise = partial(_advice, at.ports, edition)
        monitoring.turn(edition.plan(OPERATION), edition.design.digest, at.lead.term, now, advise)

    def forget(_edition: Edition, _now: datetime) -> None:
        taken, stored = arrivals.inbox().taken_until(), at.samples.stored_until
        if taken is not None and stored is not None:
            arrivals.forget(min(taken, stored) - arrivals.KEPT)

    def compare(edition: Edition, now: datetime) -> None:
        bindings = edition.bindings
        bound = ToolBindings(
            at.kinds.of(SOURCE_KINDS), heard(board.slots, now), bindings.file, '[targets."…"]'
        )
        updates = [tool_status(row, bound, now) for row in edition.plan(OPERATION).tools]
        status.show(updates, now, edition.design.digest)

    loops = (
        EditionLoop("measure", measure, every=0.5),
        # Only the leader measures, and so hears anything.
        EditionLoop("forget-pushed", forget, every=30.0, leads=True),
        EditionLoop("measuring-tools", compare, every=10.0, leads=True),
    )
    return WorkerShift(loops, monitoring.close)


def _advice(ports: Ports, edition: Edition, signals: Sequence[Signal]) -> Mapping[str, Message]:
    found: dict[str, Message] = {}
    if signals:
        for advise in ports.all(ADVICE):
            found |= advise(edition, signals)
    return found


def _costs(edition: Edition) -> Iterator[Finding]:
    """Yield what others charge for measuring; for discovered hosts, the cost of each."""
    bindings, kinds = edition.bindings, edition.kinds.of(SOURCE_KINDS)
    bound = [
        ("monitoring.cost-of-target", target, each)
        for target, sources in bindings.targets.items()
        for each in sources
    ]
    for target, discoveries in bindings.discoveries.items():
        bound += [("monitoring.cost-of-each-host", target, each.sample) for each in discoveries]
    for code, target, each in bound:
        cost = kinds[each.kind].cost
        if cost is not None:
            yield Finding(
                TrialCode.COST,
                FindingLevel.INFO,
                Origin(bindings.file, each.line),
                Message(code, target=target, cost=cost(each.config)),
                f'[targets."{target}"] kind = "{each.kind}"',
                Message("monitoring.longer-every-costs-less"),
            )


def _trials(edition: Edition, now: datetime) -> Iterator[Trial]:
    yield from _source_trials(edition, now)
    yield from _discovery_trials(edition, now)


def _source_trials(edition: Edition, now: datetime) -> Iterator[Trial]:
    kinds = edition.kinds.of(SOURCE_KINDS)
    for target, sources in edition.bindings.targets.items():
        # What is only taken can't fail tonight, and before the first start nothing has been received.
        for bound in (each for each in sources if kinds[each.kind].asks):
            yield Trial(
                TrialCode.SOURCE,
                Message("monitoring.target", target=target),
                Origin(edition.bindings.file, bound.line),
                f'[[targets."{target}".sources]] kind = "{bound.kind}"',
                partial(_source_doubts, kinds[bound.kind], bound, now),
                Message("monitoring.check-source"),
            )


def _discovery_trials(edition: Edition, now: datetime) -> Iterator[Trial]:
    for target, discoveries in edition.bindings.discoveries.items():
        for each in discoveries:
            yield Trial(
                TrialCode.SOURCE,
                Message("monitoring.target", target=target),
                Origin(edition.bindings.file, each.bound.line),
                f'[[targets."{target}".discovery]] kind = "{each.bound.kind}"',
                partial(_discovery_doubts, each, edition.kinds, now),
                Message("monitoring.check-discovery"),
            )


def _discovery_doubts(discovery: BoundDiscovery, kinds: Kinds, now: datetime) -> Iterator[Message]:
    """Look up hosts, and measure some of those found."""
    place = kinds.of(DISCOVERY_KINDS)[discovery.bound.kind].build(discovery.bound.config)
    try:
        hosts = place.look()
    except Undiscovered as error:
        yield Message("monitoring.at-place", place=place.place, said=message_of(error))
        return
    if not hosts:
        yield Message("monitoring.at-place", place=place.place, said=Message("monitoring.no-hosts-found"))
    template = discovery.template
    if not kinds.of(SOURCE_KINDS)[template.kind].asks:
        return
    for host in hosts[:_SOME_HOSTS]:
        try:
            bound = KindBinding(template.kind, template.filled(host.values), discovery.bound.line)
        except Unfilled as error:
            yield Message("monitoring.at-place", place=host.name, said=message_of(error))
        else:
            yield from _source_doubts(kinds.of(SOURCE_KINDS)[template.kind], bound, now)


def _source_doubts(kind: SourceKind, bound: KindBinding[Any], now: datetime) -> Iterator[Message]:
    source = kind.build(bound.config)
    try:
        source.measure(now)
    except Unmeasurable as error:
        yield message_of(error)
    finally:
        source.close()


def _chart(clause: Clause) -> ChartedSeries | None:
    metric = metric_of(clause) if isinstance(clause, Monitor) else None
    if metric is None or not isinstance(clause, Monitor):
        return None
    return ChartedSeries(metric, target_of(clause), series_of(clause), _limits(clause))


def _limits(monitor: Monitor) -> tuple[ChartLimit, ...]:
    try:
        limits: MonitorLimits = limits_of(monitor)
    except Unjudgeable:
        return ()
    named = (("warning", limits.warning), ("critical", limits.critical))
    drawn = [ChartLimit(kind, limit.value, limit.text) for kind, limit in named if limit is not None]
    if limits.normal is not None:
        ends = (limits.normal.low, limits.normal.high)
        drawn += [ChartLimit("normal", end, limits.normal.text) for end in ends if end]
    return tuple(drawn)


OPERATION = Operation(plan=_plan, shift=_shift, foreseen=_costs, trials=_trials, chart=_chart)
