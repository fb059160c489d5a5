"""Monitoring as steps: ask what is due, lay the readings against the rows, write what came of it at once.

Nothing here waits for the telemetry store: samples go into a buffer, and conditions are decided from the
readings themselves. State, statuses and alerts of one step are written in one transaction; when that fails
the readings are kept and the next step writes them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from django.db import transaction

from toban.chapters.monitoring import report, states
from toban.chapters.monitoring.measuring.board import Board, Slot
from toban.chapters.monitoring.measuring.feeds import Judged, Plan
from toban.chapters.monitoring.report import Row
from toban.chapters.monitoring.rows import Watches, after
from toban.chapters.monitoring.rules import not_ahead
from toban.chapters.monitoring.source import Measurement
from toban.design.values.metric import Metric
from toban.engine.evidence import ledger, status
from toban.engine.notify import alerts
from toban.engine.telemetry.samples import Sample

_MOST_WAITING = 100_000
"""Readings kept while the state database can't be written; the oldest go first."""

_LOOKING_ON = timedelta(seconds=30)
"""Steps are half a second apart; after a gap of this length nobody has listened."""

log = structlog.get_logger(__name__)


class SampleSink(Protocol):
    """Where samples go; `SampleBuffer` is one. It must not block."""

    def add(self, samples: Sequence[Sample]) -> None:
        """Take *samples* in."""


class Monitoring:
    """Chapter 2 at work. One thread drives it."""

    def __init__(self, board: Board, samples: SampleSink, permit: Callable[[], None]) -> None:
        """Before anything is written *permit* is called, which raises when another worker measures now."""
        self._board = board
        self._samples = samples
        self._permit = permit
        self._judged: tuple[Judged, ...] = ()
        self._digest = ""
        self._watches: dict[str, Watches] = {}
        self._waiting: list[tuple[str, Measurement]] = []
        self._troubles: Mapping[str, str] = {}
        self._asides: dict[str, str] = {}
        self._stepped_at: datetime | None = None
        self._term: int | None = None
        self._plan: Plan | None = None

    def turn(self, plan: Plan, digest: str, term: int | None, now: datetime) -> None:
        """Do one step of *plan*, of the document with *digest*, if this worker leads: in its *term*.

        What other leaders did meanwhile stands in the tables: each term begins with them.
        """
        if term != self._term:
            self.leave()
            self._term, self._plan = term, None
        if term is None:
            return
        if plan is not self._plan:
            self.adopt(plan, digest, now)
            self._plan = plan
        self.step(now)

    def adopt(self, plan: Plan, digest: str, now: datetime) -> None:
        """Run *plan*, of the document with *digest*, from now on; rows that stay go on where they are."""
        self._board.adopt(plan.feeds, plan.finds)
        self._judged, self._digest = plan.judged, digest
        self._watches = _not_ahead(states.load(), now)
        runs = {each.monitor.id for each in plan.judged}
        with transaction.atomic():
            self._permit()
            for clause_id in self._watches.keys() - runs:
                states.forget(clause_id, self._watches.pop(clause_id))
        # Every row, changed or not: what it is told against may be a new document.
        self._write({each.monitor.id: each for each in plan.judged}, self._after(now), now)

    def leave(self) -> None:
        """Another worker measures from now on: what was read here and not written is of no use."""
        self._board.leave()
        self._waiting, self._stepped_at = [], None

    def step(self, now: datetime) -> None:
        """Ask, take what has come, decide, write."""
        self._look_on(now)
        self._board.ask(now)
        for result in self._board.take():
            series = result.slot.feed.series
            self._samples.add([_sample(series, each) for each in result.measurements])
            self._waiting += [(series, each) for each in result.measurements]
        del self._waiting[:-_MOST_WAITING]
        found = self._after(now)
        changed = {
            each.monitor.id: each
            for each in self._judged
            if found[each.monitor.id] != self._watches.get(each.monitor.id, {}) or self._has_news(each)
        }
        if changed:
            self._write(changed, found, now)
        self._waiting = []

    def close(self) -> None:
        """Let go of the sources."""
        self._board.close()

    def _look_on(self, now: datetime) -> None:
        """Begin to listen anew where the last look is no look of just now.

        The machine stood still, another worker measured, or the clock was set: nobody was silent meanwhile.
        """
        since = self._stepped_at
        if since is None or not timedelta() <= now - since < _LOOKING_ON:
            self._board.listen_anew(now)
            self._watches = _not_ahead(self._watches, now)
        self._stepped_at = now

    def _after(self, now: datetime) -> dict[str, Watches]:
        """Return the watches of every row after the readings that wait, or their absence."""
        outlooks = self._board.outlooks()
        self._troubles = {target: each.trouble for target, each in outlooks.items()}
        readings, slots = _by_feed(self._waiting), _by_series(self._board.slots)
        return {
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

    def _write(self, rows: Mapping[str, Judged], found: Mapping[str, Watches], now: datetime) -> None:
        """Write state, statuses and alerts of *rows* together, or nothing of it."""
        shown = [
            Row(judged, list(found[clause_id].values()), self._aside(judged))
            for clause_id, judged in rows.items()
        ]
        signals = [each for row in shown for each in report.signals(row, now)]
        signals += [
            report.gone(judged, watch, now)
            for clause_id, judged in rows.items()
            for instance, watch in self._watches.get(clause_id, {}).items()
            if instance not in found[clause_id]
        ]
        with transaction.atomic():
            # First of all locks: a worker that freezes with one of the others in hand is not ended for it.
            ledger.hold()
            self._permit()
            states.replace(self._watches, {clause_id: found[clause_id] for clause_id in rows})
            status.show([report.status(row, now) for row in shown], now, self._digest)
            alerts.report(signals, now, self._digest)
        self._tell(rows, found)
        self._watches.update({clause_id: found[clause_id] for clause_id in rows})
        self._asides.update({clause_id: self._aside(judged) for clause_id, judged in rows.items()})

    def _aside(self, judged: Judged) -> str:
        """What is wrong with looking for the row's hosts."""
        return self._troubles.get(judged.target, "")

    def _has_news(self, judged: Judged) -> bool:
        return self._aside(judged) != self._asides.get(judged.monitor.id, "")

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


def _by_series(slots: Iterable[Slot]) -> Mapping[str, list[Slot]]:
    found = defaultdict(list)
    for slot in slots:
        found[slot.feed.series].append(slot)
    return found


def _sample(series: str, measurement: Measurement) -> Sample:
    return Sample(measurement.metric, series, measurement.instance, measurement.at, measurement.value)
