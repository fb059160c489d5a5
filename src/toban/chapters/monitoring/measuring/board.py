"""The measuring itself: sources that are due are asked, each in its own thread, and results are collected.

Each measurement has its own thread instead of one from a pool: a hanging target holds up only its own thread,
and no number of hanging targets can use up what the others need.
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
from toban.chapters.monitoring.measuring.lookout import DiscoveryOutlook, Lookout
from toban.chapters.monitoring.measuring.shared import SharedPlaces, shared_places
from toban.chapters.monitoring.source import Measurement, Source, Unmeasurable
from toban.design.values.metric import Metric
from toban.engine.clock import Clock
from toban.message import NOTHING, Message, message_of

_MOST_BACK_OFF = 2
"""Periods between attempts at a failing source: this eases its load, and a recovery is still seen soon."""

OWN_START = timedelta(seconds=45)
"""How long Toban's own start may keep the processors of its machine busy without anybody being told."""

_AT_FIRST = timedelta(seconds=5)
ANSWERS_TO_KNOW = 2
"""Rates come with the second answer: by then a source has shown all the metrics it has."""
_REFUSED = 2
"""Once may be a network that hiccups."""
_FEW, _LOOKS = 50, 10
"""The number of sources asked per step, or the fraction if there are very many."""
_OVERDUE = timedelta(seconds=30)
"""An answer that takes longer has exceeded every timeout: the source hangs."""

_NO_DISCOVERIES: Mapping[str, DiscoveryKind] = {}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one measurement: values, a complaint, or both."""

    slot: "FeedSlot"
    measurements: tuple[Measurement, ...]
    complaint: Message


@dataclass(slots=True, eq=False)
class FeedSlot:
    """One source and its recent results."""

    feed: Feed
    source: Source
    measures: frozenset[Metric]
    """The metrics it may measure."""
    label: str
    """Its name among the target's places: the instance of its measurements."""
    since: datetime
    """When Toban began to measure here."""
    is_here: bool = False
    """Whether it is the machine that Toban runs on."""
    asked_at: datetime | None = None
    is_busy: bool = False
    is_retired: bool = False
    failures: int = 0
    """Consecutive failures."""
    answers: int = 0
    refusals: int = 0
    """Consecutive times at which what it probes did not answer at all."""
    complaint: Message = NOTHING
    """Why the latest measurement gave less than it should."""
    seen: Counter[Metric] = field(default_factory=Counter)

    def is_due(self, now: datetime) -> bool:
        """Say whether to ask now, based on recorded times rather than a timer."""
        if self.is_busy:
            return False
        if self.asked_at is None:
            return True
        wait = self.feed.period * min(max(self.failures, 1), _MOST_BACK_OFF)
        # Until the source is known, a page would show less than there is.
        return now - self.asked_at >= (min(wait, _AT_FIRST) if self.answers < ANSWERS_TO_KNOW else wait)

    def why_silent(self, now: datetime) -> Message:
        """Return why there is no value, as far as known."""
        if self.is_busy and self.asked_at is not None and now - self.asked_at >= _OVERDUE:
            return Message("monitoring.at-place", place=self.label, said=Message("monitoring.source-hangs"))
        return self.complaint


class MeasuringBoard:
    """The slots of all feeds in force. One thread drives it; the measuring happens in other threads."""

    def __init__(
        self, kinds: SourceKinds, clock: Clock, discoveries: Mapping[str, DiscoveryKind] = _NO_DISCOVERIES
    ) -> None:
        self._kinds = kinds
        self._clock = clock
        self._lookout = Lookout(discoveries, clock)
        self._bound: tuple[Feed, ...] = ()
        self._held: list[tuple[Result, int]] = []
        self._slots: list[FeedSlot] = []
        self._shared = SharedPlaces()
        self._results: SimpleQueue[Result] = SimpleQueue()

    @property
    def slots(self) -> Sequence[FeedSlot]:
        """The slots in force."""
        return self._slots

    def outlooks(self) -> Mapping[str, DiscoveryOutlook]:
        """Return, by target, what is known about its discovered hosts."""
        return self._lookout.outlooks()

    @property
    def shared(self) -> SharedPlaces:
        """The places that several targets are measured at."""
        return self._shared

    def unreachable(self) -> frozenset[str]:
        """Return the targets of which no source that probes them has had an answer lately."""
        probed: dict[str, bool] = {}
        for slot in self._slots:
            if Metric.UP in slot.measures:
                target = slot.feed.target
                probed[target] = probed.get(target, True) and slot.refusals >= _REFUSED
        return frozenset(target for target, is_away in probed.items() if is_away)

    def adopt(self, feeds: Sequence[Feed], finds: Sequence[Find] = ()) -> None:
        """Measure by *feeds* and the hosts found by *finds* from now on. An unchanged source continues."""
        self._bound = tuple(feeds)
        self._lookout.adopt(finds)
        self._place()

    def leave(self) -> None:
        """Stop discovery: another worker measures until feeds are adopted again."""
        self._lookout.leave()

    def _place(self) -> None:
        """Provide a slot for each feed in the bindings and each discovered host."""
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
        self._shared = shared_places((slot.feed, slot.label) for slot in self._slots)
        for slot in gone:
            self._retire(slot)

    def listen_anew(self, now: datetime) -> None:
        """Count silence from *now* on: before that nobody listened, or the clock was set."""
        self._lookout.listen_anew(now)
        for slot in self._slots:
            slot.since = now
            if slot.asked_at is not None and slot.asked_at > now:
                slot.asked_at = None

    def ask(self, now: datetime) -> int:
        """Start the measurements that are due; return how many were started.

        If there are very many, only some start at once, longest waiting first. So they spread over their
        period instead of all being due at the same moment forever.
        """
        self._lookout.ask(now)
        due = [slot for slot in self._slots if slot.is_due(now)]
        due.sort(key=lambda slot: slot.asked_at or slot.since)
        due = due[: max(_FEW, len(self._slots) // _LOOKS)]
        for slot in due:
            slot.is_busy, slot.asked_at = True, now
            Thread(target=self._measure, args=(slot,), name=f"measure {slot.label}", daemon=True).start()
        return len(due)

    def hasten(self, unasked: Mapping[str, datetime | None]) -> None:
        """Ask at the next step whether targets answer, unless somebody has since their times in *unasked*."""
        for slot in self._slots:
            since = unasked.get(slot.feed.target)
            is_probe = Metric.UP in slot.measures and not slot.is_busy
            if since is not None and is_probe and slot.asked_at is not None and slot.asked_at < since:
                slot.asked_at = None

    def take(self) -> Iterator[Result]:
        """Yield the results that have arrived, with instances named by their slots.

        A discovered host's failure to answer counts only once the host was looked up again and is still
        there: Auto Scaling terminates hosts on purpose, and the measuring is the first to notice.
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
        """Close every source that is not busy; the process is about to end with the others."""
        for slot in self._slots:
            self._retire(slot)
        self._slots = []

    def _placed(
        self, feed: Feed, source: Source, label: str, former: FeedSlot | None, now: datetime
    ) -> FeedSlot:
        if former is None:
            kind, config = self._kinds[feed.bound.kind], feed.bound.config
            is_here = kind.is_here is not None and kind.is_here(config)
            return FeedSlot(feed, source, kind.able(config), label, since=now, is_here=is_here)
        former.feed, former.label = feed, label
        return former

    def _retire(self, slot: FeedSlot) -> None:
        slot.is_retired = True
        # Only one thread may use a source at a time: a busy one is closed when its result is taken.
        if not slot.is_busy:
            slot.source.close()

    def _measure(self, slot: FeedSlot) -> None:
        """Run in the measurement's own thread."""
        measured: Sequence[Measurement] = ()
        complaint = NOTHING
        try:
            measured = slot.source.measure(self._clock())
        except Unmeasurable as error:
            measured, complaint = error.measured, message_of(error)
        except Exception as error:
            # A faulty source must not leave its slot busy for ever.
            log.exception("source_failed", target=slot.feed.target, instance=slot.label)
            failed = Message("monitoring.source-failed", error=type(error).__name__)
            complaint = Message("monitoring.at-place", place=slot.label, said=failed)
        # NaN is neither above nor below any limit: as a value, it would pass every threshold unnoticed.
        usable = tuple(_named(slot, each) for each in measured if math.isfinite(each.value))
        self._results.put(Result(slot, usable, complaint))

    def _remember(self, slot: FeedSlot, result: Result) -> None:
        if result.complaint != slot.complaint and result.complaint:
            log.warning("unmeasurable", target=slot.feed.target, reason=result.complaint.as_json())
        slot.complaint = result.complaint
        metrics = {each.metric for each in result.measurements}
        # A complaint with values other than UP is a finding: a failing probe has measured just that.
        has_failed = bool(result.complaint) and metrics <= {Metric.UP}
        slot.failures = slot.failures + 1 if has_failed else 0
        ups = [each.value for each in result.measurements if each.metric is Metric.UP]
        has_no_answer = bool(result.complaint) and bool(ups) and not any(ups)
        slot.refusals = slot.refusals + 1 if has_no_answer else 0
        slot.answers += not result.complaint
        slot.seen.update(metrics)


def _place(feed: Feed) -> tuple[str, str, int, str]:
    """Return the place of *feed* in the bindings, which is unique."""
    return feed.target, feed.row, feed.position, feed.host


def _same(feed: Feed, slot: FeedSlot | None) -> FeedSlot | None:
    """Return *slot* if its source is configured like *feed*; a config need not be hashable."""
    if slot is None:
        return None
    before, now = slot.feed.bound, feed.bound
    return slot if (before.kind, before.config) == (now.kind, now.config) else None


def _named(slot: FeedSlot, measurement: Measurement) -> Measurement:
    """Name the measurement by its slot, followed by what the source adds (a disk's mount point)."""
    rest = measurement.instance.removeprefix(slot.source.instance)
    is_own_start = (
        slot.is_here and measurement.metric is Metric.CPU_USAGE and measurement.at - slot.since < OWN_START
    )
    return replace(measurement, instance=f"{slot.label}{rest}", is_own_start=is_own_start)
