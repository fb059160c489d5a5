"""Whether the metrics that a decision names are watched, and measured, wherever it wants them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.design.clauses.decisions import Decision, DecisionSubject, gaps, unwatched, watches
from toban.design.clauses.monitoring import Monitor
from toban.engine.editions.edition import Edition
from toban.engine.evidence.assertions import CounterExample, Judge, Judgement
from toban.engine.evidence.current import statuses
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import Verdict
from toban.message import NOTHING, Message, listing

PATIENCE = timedelta(minutes=5)
"""A shorter gap in the measurements breaks no decision; the monitor itself reports it at once."""

_UNKNOWN = (None, Verdict.NOT_MEASURABLE, Verdict.DECLARED)
"""The verdicts on a row that nobody measures, or not now."""


@dataclass(frozen=True, slots=True)
class WatchedRow:
    """A monitor that watches a metric of a decision, and whether it is measured."""

    monitor: Monitor
    verdict: Verdict | None = None
    """None if nobody has judged it, or not lately."""
    since: datetime | None = None
    reason: Message = NOTHING

    def is_silent(self, now: datetime) -> bool:
        """Return whether it should be measured, and has not been for a while."""
        is_unmeasured = self.verdict is Verdict.NOT_MEASURABLE and self.since is not None
        return is_unmeasured and now - (self.since or now) > PATIENCE


def judge(decision: Decision, edition: Edition, now: datetime) -> Judgement:
    """Judge a decision about metrics. See `Judge`."""
    monitors = edition.design.of(Monitor)
    rows = [each for each in monitors if any(watches(name, each) for name in decision.metrics)]
    known = {each.clause_id: each for each in statuses(now, [row.id for row in rows])}
    return judged(decision, monitors, [_watched(row, known.get(row.id)) for row in rows], now)


def _watched(row: Monitor, known: ClauseStatus | None) -> WatchedRow:
    # What is out of date says that Toban stood still, not that the metric was not there.
    is_outdated = known is not None and known.verdict == Verdict.NOT_MEASURABLE and known.holds_until
    if known is None or is_outdated:
        return WatchedRow(row)
    return WatchedRow(row, Verdict(known.verdict), known.since, known.reason)


def judged(
    decision: Decision, monitors: Sequence[Monitor], rows: Sequence[WatchedRow], now: datetime
) -> Judgement:
    """Judge *decision* by the *rows* of the document's *monitors* that watch its metrics. Pure."""
    if not monitors:
        return Judgement(verdict=Verdict.NOT_MEASURABLE, reason=Message("monitoring.no-monitors"))
    missing = list(_missing(decision, monitors))
    silent = [row for row in rows if row.is_silent(now)]
    against = [*missing, *(CounterExample.of_row(each.monitor, each.reason) for each in silent)]
    proof = {"rows": len(rows), "missing": len(missing), "silent": [each.monitor.id for each in silent]}
    if against:
        return Judgement(
            verdict=Verdict.DEVIATING,
            reason=_broken(missing, silent),
            value=_measured(rows),
            against=against,
            proof=proof,
            is_told=not missing,
        )
    if unbound := [each for each in rows if each.verdict is Verdict.UNBOUND]:
        said = Message("monitoring.decided-not-bound", rows=_names(unbound), why=unbound[0].reason)
        return Judgement(verdict=Verdict.UNBOUND, reason=said, proof=proof)
    if unknown := [each for each in rows if each.verdict in _UNKNOWN]:
        said = Message("monitoring.decided-not-measured", rows=_names(unknown))
        return Judgement(verdict=Verdict.NOT_MEASURABLE, reason=said, value=_measured(rows), proof=proof)
    said = Message("monitoring.decided-all-measured", metrics=decision.metrics)
    return Judgement(verdict=Verdict.CONFORMING, reason=said, value=_measured(rows), proof=proof)


def _missing(decision: Decision, monitors: Sequence[Monitor]) -> Iterator[CounterExample]:
    for name in unwatched(decision, monitors):
        yield CounterExample(Message("monitoring.metric-without-row", metric=name))
    if decision.subject is DecisionSubject.METRICS:
        for target, name in gaps(decision, monitors):
            row = next(each for each in monitors if each.target == target)
            said = Message("monitoring.target-without-metric", target=target, metric=name)
            yield CounterExample.of_row(row, said)


def _broken(missing: Sequence[CounterExample], silent: Sequence[WatchedRow]) -> Message:
    said = [each.text for each in missing]
    if silent:
        said.append(Message("monitoring.decided-not-measured", rows=_names(silent)))
    return listing(said)


def _measured(rows: Sequence[WatchedRow]) -> Message:
    there = sum(1 for each in rows if each.verdict not in (*_UNKNOWN, Verdict.UNBOUND))
    return Message("monitoring.rows-measured", count=there, of=len(rows))


def _names(rows: Sequence[WatchedRow]) -> list[str]:
    return [f"{each.monitor.target} {each.monitor.item}".strip() for each in rows]


ASSERTIONS: Mapping[DecisionSubject, Judge] = {
    DecisionSubject.METRICS: judge,
    DecisionSubject.APM: judge,
}
