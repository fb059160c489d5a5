"""Chapter 2, monitors: normal range, warning and critical against each other, targets and promises."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from toban.design.clauses.decisions import DETECTION, Decision, unwatched
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.objectives import Objective
from toban.design.finding import FindingLevel
from toban.design.lint.measures import comparable, is_ceiling, is_floor, length, repeated
from toban.design.lint.rule import Inspection, Remark, rule
from toban.design.lint.wording import cite, span
from toban.design.values.quantity import Quantity
from toban.design.values.threshold import Threshold
from toban.message import Message


@rule("MN001", FindingLevel.WARNING)
def gap_between_normal_and_warning(on: Inspection) -> Iterator[Remark]:
    """Values between the normal range and the warning are neither."""
    match [(monitor, gap) for monitor in on.of(Monitor) if (gap := _gap(monitor))]:
        case []:
            return
        case [(monitor, (normal, warning))]:
            yield Remark.on(
                monitor,
                Message("design.gap-before-warning", monitor=_named(monitor), normal=normal, warning=warning),
                Message("design.gap-before-warning-hint", normal=normal, warning=warning),
            )
        case several:
            yield _gaps_of([monitor for monitor, _ in several])


def _gaps_of(monitors: Sequence[Monitor]) -> Remark:
    """Return one remark that quotes all of *monitors*: who leaves gaps mostly does so in every row."""
    return Remark(
        monitors[0].origin,
        "\n".join(monitor.text for monitor in monitors),
        Message("design.gaps-before-warnings", count=len(monitors), lines=cite(*monitors)),
        Message("design.gaps-before-warnings-hint"),
    )


def _gap(monitor: Monitor) -> tuple[Quantity, Quantity] | None:
    if monitor.normal is None or monitor.warning is None:
        return None
    limit = monitor.warning.limit
    end = monitor.normal.high if is_ceiling(monitor.warning) else monitor.normal.low
    if end is None or monitor.warning.subject:
        return None
    pair = comparable(end, limit)
    # 0-79% and 80% leave no gap: the author counts in whole steps of the last digit.
    step = comparable(Quantity(Decimal(1).scaleb(int(end.value.as_tuple().exponent)), end.unit), limit)
    if pair is None or step is None:
        return None
    distance = pair[1] - pair[0] if is_ceiling(monitor.warning) else pair[0] - pair[1]
    return (end, limit) if distance > step[0] else None


@rule("MN002", FindingLevel.ERROR)
def warning_not_before_critical(on: Inspection) -> Iterator[Remark]:
    """The warning is at or beyond the critical threshold, so it never comes first."""
    for monitor in on.of(Monitor):
        warning, critical = monitor.warning, monitor.critical
        if warning is None or critical is None or not _same_direction(warning, critical):
            continue
        pair = comparable(warning.limit, critical.limit)
        if pair is None or not _comes_late(warning, critical, *pair):
            continue
        yield Remark.on(
            monitor,
            Message(
                "design.warning-not-before-critical",
                monitor=_named(monitor),
                warning=warning.limit,
                critical=critical.limit,
            ),
            Message("design.warning-not-before-critical-hint"),
        )


def _same_direction(one: Threshold, other: Threshold) -> bool:
    both = (is_ceiling(one) and is_ceiling(other)) or (is_floor(one) and is_floor(other))
    return both and one.subject == other.subject


def _comes_late(warning: Threshold, critical: Threshold, first: Decimal, second: Decimal) -> bool:
    if first == second:
        # The same limit, held longer or compared more strictly, is a separate condition.
        return _held(warning) == _held(critical)
    return first > second if is_ceiling(warning) else first < second


def _held(threshold: Threshold) -> tuple[object, ...]:
    """Return everything about *threshold* but its limit."""
    return (
        threshold.sustained,
        threshold.consecutive,
        threshold.tally,
        threshold.within,
        threshold.comparison,
    )


@rule("MN003", FindingLevel.WARNING)
def warning_comes_after_target_is_missed(on: Inspection) -> Iterator[Remark]:
    """A warning at or beyond the target warns only when the target is already missed."""
    targets = [objective for objective in on.of(Objective) if objective.metric is not None]
    for monitor in on.of(Monitor):
        for objective in targets:
            if objective.metric is monitor.metric and monitor.warning and _misses(monitor.warning, objective):
                yield Remark.on(
                    monitor,
                    Message(
                        "design.warning-after-missed-target",
                        monitor=_named(monitor),
                        warning=monitor.warning.limit,
                        objective=objective.name,
                        target=objective.target.limit,
                        lines=cite(objective),
                    ),
                    Message("design.warning-after-missed-target-hint"),
                )


def _misses(warning: Threshold, objective: Objective) -> bool:
    target = objective.target
    pair = comparable(warning.limit, target.limit)
    if pair is None or (warning.subject and target.subject and warning.subject != target.subject):
        return False
    if is_ceiling(warning) and (is_floor(target) or target.is_bare):
        return pair[0] >= pair[1]
    return is_floor(warning) and (is_ceiling(target) or target.is_bare) and pair[0] <= pair[1]


@rule("MN004", FindingLevel.ERROR)
def interval_cannot_keep_promised_detection(on: Inspection) -> Iterator[Remark]:
    """A failure just after a measurement is seen one interval later: the interval must be well below."""
    monitors = [
        (monitor, detection) for monitor in on.of(Monitor) if (detection := _worst_detection(monitor))
    ]
    for decision in on.of(Decision):
        if decision.promised is None or not DETECTION.search(f"{decision.name} {decision.content}"):
            continue
        promised = length(decision.promised)
        slow = [(monitor, detection) for monitor, detection in monitors if detection >= promised]
        if slow:
            worst = max(detection for _, detection in slow)
            yield Remark.on(
                decision,
                Message(
                    "design.detection-is-too-slow",
                    promised=span(promised),
                    lines=cite(*(monitor for monitor, _ in slow)),
                    worst=span(worst),
                ),
                Message(
                    "design.detection-is-too-slow-hint",
                    interval=span(promised / 2),
                    promise=span(worst * 2),
                ),
            )


@rule("MN007", FindingLevel.ERROR)
def decided_metrics_are_not_watched(on: Inspection) -> Iterator[Remark]:
    """A design decision names metrics that no row of the monitoring chapter watches."""
    monitors = on.of(Monitor)
    # Without a single monitor, the document leaves all of them to another.
    for decision in on.of(Decision) if monitors else ():
        if missing := unwatched(decision, monitors):
            yield Remark.on(
                decision,
                Message("design.decided-metrics-not-watched", metrics=missing),
                Message("design.decided-metrics-not-watched-hint"),
            )


@rule("MN008", FindingLevel.WARNING)
def nothing_measures_it(on: Inspection) -> Iterator[Remark]:
    """Rows whose item Toban has no measure for, and does not count in the logs, are never measured."""
    unknown = [row for row in on.of(Monitor) if row.metric is None and not _is_counted(row)]
    if unknown:
        yield Remark.on(
            unknown[0],
            Message(
                "design.nothing-measures-it",
                items=list(dict.fromkeys(row.item for row in unknown)),
                lines=cite(*unknown),
            ),
            Message("design.nothing-measures-it-hint"),
        )


def _is_counted(monitor: Monitor) -> bool:
    """Return whether its limits are so many within a time, which may be counted in the logs."""
    return any(limit is not None and limit.within for limit in (monitor.warning, monitor.critical))


def _worst_detection(monitor: Monitor) -> timedelta | None:
    """Return the longest time from a failure to its detection, not counting the measurement itself."""
    if monitor.interval is None:
        return None
    decisive = monitor.critical or monitor.warning
    interval = length(monitor.interval)
    if decisive is None:
        return interval
    held = length(decisive.sustained) if decisive.sustained else timedelta()
    times = decisive.tally.times if decisive.tally else decisive.consecutive or 1
    return repeated(interval, times) + held


def _named(monitor: Monitor) -> str:
    return f"{monitor.target} {monitor.item}".strip()
