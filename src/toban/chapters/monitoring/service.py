"""Monitoring in steps: ask what is due, match the readings with the rows, write all results at once.

Nothing here waits for the telemetry store: samples go into a buffer, and conditions are decided from the
readings themselves. The state, statuses and alerts of one step are written in one transaction. If that fails,
the readings are kept and the next step writes them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from django.db import transaction

from toban.chapters.monitoring import report, states
from toban.chapters.monitoring.measuring.board import FeedSlot, MeasuringBoard
from toban.chapters.monitoring.measuring.feeds import JudgedMonitor, MeasuringPlan
from toban.chapters.monitoring.measuring.suspects import NOBODY, Suspects, suspects
from toban.chapters.monitoring.report import MonitorReport
from toban.chapters.monitoring.rows import Watches, after
from toban.chapters.monitoring.rules import not_ahead
from toban.chapters.monitoring.source import Measurement
from toban.design.values.metric import Metric
from toban.engine.evidence import ledger, status
from toban.engine.notify import alerts
from toban.engine.notify.signal import Condition, Signal
from toban.engine.telemetry.samples import Sample
from toban.message import NOTHING, Message, sentences

_MOST_WAITING = 100_000
"""Readings kept while the state database can't be written; the oldest are dropped first."""

_LOOKING_ON = timedelta(seconds=30)
"""Steps are half a second apart; after a gap of this length, silence is counted again from the start."""

log = structlog.get_logger(__name__)


type AdviseAll = Callable[[Sequence[Signal]], Mapping[str, Message]]
"""Returns what to do next about bad signals, by their keys."""


def _advises_nothing(_signals: Sequence[Signal]) -> Mapping[str, Message]:
    return {}


class SampleSink(Protocol):
    """Where samples go, for example a `SampleBuffer`. It must not block."""

    def add(self, samples: Sequence[Sample]) -> None:
        """Accept *samples*."""


class Monitoring:
    """Chapter 2 at work. One thread drives it."""

    def __init__(self, board: MeasuringBoard, samples: SampleSink, permit: Callable[[], None]) -> None:
        """Call *permit* before anything is written; it raises if another worker measures now."""
        self._board = board
        self._samples = samples
        self._permit = permit
        self._judged: tuple[JudgedMonitor, ...] = ()
        self._digest = ""
        self._up_rows: Mapping[str, str] = {}
        self._watches: dict[str, Watches] = {}
        self._stored: dict[str, Watches] = {}
        """What the state database holds of them."""
        self._waiting: list[tuple[str, Measurement]] = []
        self._troubles: Mapping[str, Message] = {}
        self._asides: dict[str, Message] = {}
        self._unreachable: frozenset[str] = frozenset()
        self._told_unreachable: frozenset[str] = frozenset()
        self._suspects: Mapping[str, Suspects] = {}
        self._told_suspects: Mapping[str, Suspects] = {}
        self._stepped_at: datetime | None = None
        self._term: int | None = None
        self._plan: MeasuringPlan | None = None
        self._advise: AdviseAll = _advises_nothing

    def turn(
        self,
        plan: MeasuringPlan,
        digest: str,
        term: int | None,
        now: datetime,
        advise: AdviseAll = _advises_nothing,
    ) -> None:
        """Do one step of *plan*, for the document with *digest*, if this worker leads (in its *term*).

        *advise* says what else to do next about what is wrong.

        What other leaders did in the meantime is in the tables, which are re-read at the start of each term.
        """
        self._advise = advise
        if term != self._term:
            self.leave()
            self._term, self._plan = term, None
        if term is None:
            return
        if plan is not self._plan:
            self.adopt(plan, digest, now)
            self._plan = plan
        self.step(now)

    def adopt(self, plan: MeasuringPlan, digest: str, now: datetime) -> None:
        """Run *plan*, for the document with *digest*, from now on; rows that stay keep their state."""
        self._board.adopt(plan.feeds, plan.finds)
        self._judged, self._digest = plan.judged, digest
        is_up = (each for each in plan.judged if each.limits.metric is Metric.UP)
        self._up_rows = {each.target: each.monitor.id for each in is_up}
        self._stored = states.load()
        runs = {each.monitor.id for each in plan.judged}
        with transaction.atomic():
            self._permit()
            for clause_id in self._stored.keys() - runs:
                states.forget(clause_id, self._stored.pop(clause_id))
        self._watches = _not_ahead(self._stored, now)
        # Write every row, changed or not: it may be judged by a new document.
        self._write({each.monitor.id: each for each in plan.judged}, self._after(now), now, is_first=True)

    def leave(self) -> None:
        """Discard what was read and not written: another worker measures from now on."""
        self._board.leave()
        self._waiting, self._stepped_at = [], None

    def step(self, now: datetime) -> None:
        """Ask sources, take their results, decide, and write."""
        self._look_on(now)
        self._board.ask(now)
        for result in self._board.take():
            series = result.slot.feed.series
            self._samples.add([_sample(series, each) for each in result.measurements])
            self._waiting += [(series, each) for each in result.measurements]
        del self._waiting[:-_MOST_WAITING]
        found = self._after(now)
        self._board.hasten({target: each.unasked_since for target, each in self._suspects.items()})
        changed = {
            each.monitor.id: each
            for each in self._judged
            if found[each.monitor.id] != self._watches.get(each.monitor.id, {}) or self._has_news(each)
        }
        if changed:
            self._write(changed, found, now)
        self._waiting, self._told_unreachable = [], self._unreachable
        self._told_suspects = self._suspects

    def close(self) -> None:
        """Close the sources."""
        self._board.close()

    def _look_on(self, now: datetime) -> None:
        """Restart listening if the last step was not just now.

        The machine was stopped, another worker measured, or the clock was set: nobody was silent meanwhile.
        """
        since = self._stepped_at
        if since is None or not timedelta() <= now - since < _LOOKING_ON:
            self._board.listen_anew(now)
            self._watches = _not_ahead(self._watches, now)
        self._stepped_at = now

    def _after(self, now: datetime) -> dict[str, Watches]:
        """Return the watches of every row after the waiting readings, or their absence."""
        outlooks = self._board.outlooks()
        self._troubles = {target: each.trouble for target, each in outlooks.items()}
        self._unreachable = self._board.unreachable()
        readings, slots = _by_feed(self._waiting), _by_series(self._board.slots)
        found: dict[str, Watches] = {
            each.monitor.id: after(
                self._watches.get(each.monitor.id, {}),
                readings.get((each.series, each.limits.metric), ()),
                judged=each,
                slots=slots.get(each.series, ()),
                now=now,
                outlook=outlooks.get(each.target),
            )
            for each in self._judged
        }
        self._suspects = suspects(self._judged, found)
        return found

    def _write(
        self,
        rows: Mapping[str, JudgedMonitor],
        found: Mapping[str, Watches],
        now: datetime,
        *,
        is_first: bool = False,
    ) -> None:
        """Write the state, statuses and alerts of *rows* together, or none of them.

        The *first* time, alerts hear of every instance, whatever was reported before.
        """
        probes = self._board.shared.probes(self._up_rows)
        shown = [
            MonitorReport(
                judged,
                list(found[clause_id].values()),
                self._aside(judged),
                is_unreachable=judged.target in self._unreachable,
                suspects=self._suspects.get(judged.target, NOBODY),
                probes=probes,
                resting=frozenset() if is_first else self._resting(clause_id, found[clause_id]),
            )
            for clause_id, judged in rows.items()
        ]
        changes = [
            states.changes(clause_id, self._stored.get(clause_id, {}), found[clause_id]) for clause_id in rows
        ]
        signals = [each for row in shown for each in report.signals(row, now)]
        signals += [
            report.gone(judged, watch, now)
            for clause_id, judged in rows.items()
            for instance, watch in self._watches.get(clause_id, {}).items()
            if instance not in found[clause_id]
        ]
        with transaction.atomic():
            # Always the first lock: a worker that freezes while holding another lock is not terminated for
            # it.
            ledger.hold()
            self._permit()
            states.write(changes)
            status.show([report.status(row, now) for row in shown], now, self._digest)
            alerts.report(self._advised(signals), now, self._digest)
        self._tell(rows, found)
        self._watches.update({clause_id: found[clause_id] for clause_id in rows})
        self._stored.update({each.clause_id: each.stored for each in changes})
        self._asides.update({clause_id: self._aside(judged) for clause_id, judged in rows.items()})

    def _resting(self, clause_id: str, found: Watches) -> frozenset[str]:
        """Return the row's instances that were normal when it was written last, and still are."""
        before = self._watches.get(clause_id, {})
        normal = (name for name, watch in found.items() if watch.condition is Condition.OK)
        return frozenset(name for name in normal if name in before and before[name].condition is Condition.OK)

    def _advised(self, signals: Sequence[Signal]) -> Sequence[Signal]:
        """Return *signals* with what is known about what to do next, before what the row itself says."""
        found = self._advise([each for each in signals if each.condition is not Condition.OK])
        return [
            replace(each, advice=sentences(found[each.key], each.advice)) if each.key in found else each
            for each in signals
        ]

    def _aside(self, judged: JudgedMonitor) -> Message:
        """Return what is wrong with discovering the row's hosts."""
        return self._troubles.get(judged.target, NOTHING)

    def _has_news(self, judged: JudgedMonitor) -> bool:
        target = judged.target
        is_new = target in self._unreachable ^ self._told_unreachable
        is_new = is_new or self._suspects.get(target, NOBODY) != self._told_suspects.get(target, NOBODY)
        return is_new or self._aside(judged) != self._asides.get(judged.monitor.id, NOTHING)

    def _tell(self, rows: Iterable[str], found: Mapping[str, Watches]) -> None:
        for clause_id in rows:
            before = self._watches.get(clause_id, {})
            for instance, watch in found[clause_id].items():
                former = before.get(instance)
                if watch.condition is not (former.condition if former else None):
                    log.info(
                        "condition_changed",
                        clause=clause_id,
                        instance=instance,
                        condition=watch.condition,
                        reason=watch.reason,
                        value=watch.value,
                    )


def _not_ahead(watches: Mapping[str, Watches], now: datetime) -> dict[str, Watches]:
    return {
        clause_id: {instance: not_ahead(watch, now) for instance, watch in some.items()}
        for clause_id, some in watches.items()
    }


def _by_feed(readings: Iterable[tuple[str, Measurement]]) -> Mapping[tuple[str, Metric], list[Measurement]]:
    """Group *readings* by what a row asks for: series and metric."""
    found = defaultdict(list)
    for series, reading in readings:
        found[series, reading.metric].append(reading)
    return found


def _by_series(slots: Iterable[FeedSlot]) -> Mapping[str, list[FeedSlot]]:
    found = defaultdict(list)
    for slot in slots:
        found[slot.feed.series].append(slot)
    return found


def _sample(series: str, measurement: Measurement) -> Sample:
    return Sample(
        measurement.metric,
        series,
        measurement.instance,
        measurement.at,
        measurement.value,
        may_be_stored=measurement.is_reread,
    )
