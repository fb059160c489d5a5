"""The measuring itself: who is due is asked, each in a thread of its own, and answers are laid out.

A thread belongs to one measurement, not to a pool: a target that hangs holds up its own thread and nothing
else, and no number of hanging targets can use up what the others need.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Thread

import structlog

from toban.chapters.monitoring.discovery import DiscoveryKind
from toban.chapters.monitoring.measuring.feeds import Feed, Find, SourceKinds, labels
from toban.chapters.monitoring.measuring.lookout import Lookout, Outlook
from toban.chapters.monitoring.source import Measurement, Source, Unmeasurable
from toban.design.values.metric import Metric
from toban.engine.clock import Clock

_MOST_BACK_OFF = 2
"""Periods between attempts at a source that fails: relief for it, and yet a recovery is seen soon."""
_AT_FIRST = timedelta(seconds=5)
ANSWERS_TO_KNOW = 2
"""Rates come with the second answer: after that a source has shown all the metrics it has."""
_FEW, _LOOKS = 50, 20
"""So many are asked at one look, or, of very many, such a part."""
_OVERDUE = timedelta(seconds=30)
"""An answer that takes longer has outlasted every time-out: the source hangs."""

_NO_DISCOVERIES: Mapping[str, DiscoveryKind] = {}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Result:
    """What one measurement gave: values, a complaint, or both."""

    slot: "Slot"
    measurements: tuple[Measurement, ...]
    complaint: str


@dataclass(slots=True, eq=False)
class Slot:
    """One source and how it has been doing."""

    feed: Feed
    source: Source
    measures: frozenset[Metric]
    """What it can measure at most."""
    label: str
    """What its place is called among the target's: the instance of its measurements."""
    since: datetime
    """When Toban began to measure here."""
    asked_at: datetime | None = None
    is_busy: bool = False
    is_retired: bool = False
    failures: int = 0
    """In a row."""
    answers: int = 0
    complaint: str = ""
    """Why the latest measurement gave less than it should."""
    seen: Counter[Metric] = field(default_factory=Counter)

    def is_due(self, now: datetime) -> bool:
        """Say whether to ask now, from what is known and not from a timer."""
        if self.is_busy:
            return False
        if self.asked_at is None:
            return True
        wait = self.feed.period * min(max(self.failures, 1), _MOST_BACK_OFF)
        # Until it is known, a page would show less than there is.
        return now - self.asked_at >= (min(wait, _AT_FIRST) if self.answers < ANSWERS_TO_KNOW else wait)

    def why_silent(self, now: datetime) -> str:
        """Say, as far as known, why there is no value."""
        if self.is_busy and self.asked_at is not None and now - self.asked_at >= _OVERDUE:
            return f"{self.label}: 応答を待ったままです"
        return self.complaint


class Board:
    """The slots of all feeds in force. One thread drives it; the measuring happens in others."""

    def __init__(
        self, kinds: SourceKinds, clock: Clock, discoveries: Mapping[str, DiscoveryKind] = _NO_DISCOVERIES
    ) -> None:
        self._kinds = kinds
        self._clock = clock
        self._lookout = Lookout(discoveries, clock)
        self._bound: tuple[Feed, ...] = ()
        self._held: list[tuple[Result, int]] = []
        self._slots: list[Slot] = []
        self._results: SimpleQueue[Result] = SimpleQueue()

    @property
    def slots(self) -> Sequence[Slot]:
        """The slots in force."""
        return self._slots

    def outlooks(self) -> Mapping[str, Outlook]:
        """Return, by target, what is known of the hosts that are looked for."""
        return self._lookout.outlooks()

    def adopt(self, feeds: Sequence[Feed], finds: Sequence[Find] = ()) -> None:
        """Measure by *feeds* from now on, and what *finds* find. A source that stays the same goes on."""
        self._bound = tuple(feeds)
        self._lookout.adopt(finds)
        self._place()

    def leave(self) -> None:
        """Another worker measures from now on, until the next feeds are adopted."""
        self._lookout.leave()

    def _place(self) -> None:
        """Have a slot for each feed of the bindings and each host that was found."""
        feeds = [*self._bound, *self._lookout.feeds()]
        by_place, now = {_place(slot.feed): slot for slot in self._slots}, self._clock()
        former = [_same(feed, by_place.get(_place(feed))) for feed in feeds]
        sources = [
            slot.source if slot else self._kinds[feed.bound.kind].build(feed.bound.config)
            for feed, slot in zip(feeds, former, strict=True)
        ]
        names = labels(feeds, [source.instance for source in sources])
        gone = set(self._slots).difference(former)
        self._slots = [
            self._placed(feed, source, name, slot, now)
            for feed, source, name, slot in zip(feeds, sources, names, former, strict=True)
        ]
        for slot in gone:
            self._retire(slot)

    def listen_anew(self, now: datetime) -> None:
        """Count silence from *now* on: before, nobody has listened, or the clock was another."""
        self._lookout.listen_anew(now)
        for slot in self._slots:
            slot.since = now
            if slot.asked_at is not None and slot.asked_at > now:
                slot.asked_at = None

    def ask(self, now: datetime) -> int:
        """Start a measurement of what is due; say how many were started.

        Of very many only some at once, those that have waited longest: so they spread over their period, and
        do not all come in one moment of it for ever.
        """
        self._lookout.ask(now)
        due = [slot for slot in self._slots if slot.is_due(now)]
        due.sort(key=lambda slot: slot.asked_at or slot.since)
        due = due[: max(_FEW, len(self._slots) // _LOOKS)]
        for slot in due:
            slot.is_busy, slot.asked_at = True, now
            Thread(target=self._measure, args=(slot,), name=f"measure {slot.label}", daemon=True).start()
        return len(due)

    def take(self) -> Iterator[Result]:
        """Yield the results that have come in, their instances named by the slots.

        That a host which was found does not answer counts once it has been looked for again and is still
        there: Auto Scaling ends hosts on purpose, and the first to notice is who measures them.
        """
        if self._lookout.take():
            self._place()
        held, self._held = self._held, []
        arrived = ((result, self._lookout.looks(result.slot.feed)) for result in self._arrived())
        for result, since in (*held, *arrived):
            slot = result.slot
            is_after_held = any(each.slot is slot for each, _ in self._held)
            if slot.is_retired:
                continue
            if is_after_held or (result.complaint and not self._lookout.has_looked(slot.feed, since)):
                self._held.append((result, since))
            else:
                yield result

    def _arrived(self) -> Iterator[Result]:
        while True:
            try:
                result = self._results.get_nowait()
            except Empty:
                return
            slot = result.slot
            slot.is_busy = False
            if slot.is_retired:
                slot.source.close()
                continue
            self._remember(slot, result)
            yield result

    def close(self) -> None:
        """Let go of every source that is not busy; the process is about to end with the others."""
        for slot in self._slots:
            self._retire(slot)
        self._slots = []

    def _placed(self, feed: Feed, source: Source, label: str, former: Slot | None, now: datetime) -> Slot:
        if former is None:
            able = self._kinds[feed.bound.kind].able(feed.bound.config)
            return Slot(feed, source, able, label, since=now)
        former.feed, former.label = feed, label
        return former

    def _retire(self, slot: Slot) -> None:
        slot.is_retired = True
        # One thread uses a source at a time: a busy one is closed when its result is taken.
        if not slot.is_busy:
            slot.source.close()

    def _measure(self, slot: Slot) -> None:
        """Run in the measurement's own thread."""
        measured: Sequence[Measurement] = ()
        complaint = ""
        try:
            measured = slot.source.measure(self._clock())
        except Unmeasurable as error:
            measured, complaint = error.measured, str(error)
        except Exception as error:
            # A faulty source must not leave its slot busy for ever.
            log.exception("source_failed", target=slot.feed.target, instance=slot.label)
            complaint = f"{slot.label}: 測定の途中で失敗しました（{type(error).__name__}）"
        # NaN is no more than a limit, nor less: taken for a value it would pass every threshold unseen.
        usable = tuple(_named(slot, each) for each in measured if math.isfinite(each.value))
        self._results.put(Result(slot, usable, complaint))

    def _remember(self, slot: Slot, result: Result) -> None:
        if result.complaint != slot.complaint and result.complaint:
            log.warning("unmeasurable", target=slot.feed.target, reason=result.complaint)
        slot.complaint = result.complaint
        metrics = {each.metric for each in result.measurements}
        # A complaint beside other values than UP is a finding: a probe that fails has measured just that.
        has_failed = bool(result.complaint) and metrics <= {Metric.UP}
        slot.failures = slot.failures + 1 if has_failed else 0
        slot.answers += not result.complaint
        slot.seen.update(metrics)


def _place(feed: Feed) -> tuple[str, str, int, str]:
    """Where *feed* stands in the bindings: no other stands there."""
    return feed.target, feed.row, feed.position, feed.host


def _same(feed: Feed, slot: Slot | None) -> Slot | None:
    """Return *slot* if what it measures by says the same as *feed*; a config need not have a hash."""
    if slot is None:
        return None
    before, now = slot.feed.bound, feed.bound
    return slot if (before.kind, before.config) == (now.kind, now.config) else None


def _named(slot: Slot, measurement: Measurement) -> Measurement:
    """Name the measurement by its slot; what the source adds (a disk's mount point) stays behind it."""
    rest = measurement.instance.removeprefix(slot.source.instance)
    return replace(measurement, instance=f"{slot.label}{rest}")
