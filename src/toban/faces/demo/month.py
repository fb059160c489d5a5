"""Live through a story: the engine's own worker, driven moment by moment with the story's time.

Only the moments count in which something is due, goes wrong or ends. In between a watch is at rest and no
sample could change it, as in docs/adr/0048, so the samples of quiet minutes are only stored.
"""

import threading
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import batched, count
from uuid import uuid4

from django.db.models import Min

from toban.chapters.monitoring.measuring.board import FeedSlot, MeasuringBoard
from toban.chapters.monitoring.measuring.feeds import plan as measuring_plan
from toban.chapters.monitoring.service import Monitoring
from toban.chapters.monitoring.source import SOURCE_KINDS
from toban.design.values.schedule.occurrence import existing
from toban.engine.editions.edition import Edition
from toban.engine.evidence import status
from toban.engine.notify.delivery import attempts
from toban.engine.notify.delivery.channel import CHANNEL_KINDS
from toban.engine.notify.delivery.outbox import NOTICES
from toban.engine.notify.models import Alert
from toban.engine.operation import works_of
from toban.engine.orders import NotPossible
from toban.engine.runs import scheduler
from toban.engine.runs.claiming.runner import Runner
from toban.engine.runs.models import Run
from toban.engine.spans import Span
from toban.engine.tasks import windows
from toban.engine.telemetry.buffer import SampleBuffer
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import Telemetry
from toban.engine.worker import Worker
from toban.faces.demo.acting import PlayedParts
from toban.faces.demo.people import SIGNED, People
from toban.message import Message

STEP = timedelta(seconds=15)
"""Between two looks while something is wrong."""
BEFORE, AFTER = timedelta(minutes=2), timedelta(minutes=12)
"""So long around a trouble, at most, the looks are that close."""
_AT_LEAST = timedelta(hours=4)
"""Between two looks while all is well and nothing is due."""
_BURNING = timedelta(minutes=15)
"""The same while an error budget burns: that it no longer does is found by looking."""
_STEPS = 8
"""While something is wrong: at each of so many looks service levels are counted; at every other, alerts."""
_MINUTE = timedelta(minutes=1)
_SOON = ("announce", "incidents")
_STATUS = ("incident-status", "routine-status", "batch-status", "incident-timeline", "incident-reports")
_LEVELS = ("levels",)
_SELDOM = ("decisions", "maintenance-rows", "incident-measures", "exceptions", "monthly-reports")
"""What the worker does after it has measured: at any look, at each that is due, each `_AT_LEAST`."""
_CHUNK = 50_000
_PATIENCE = 20.0


class Month:
    """A month to live through. Use it once, in a process of its own."""

    def __init__(self, parts: PlayedParts, telemetry: Telemetry) -> None:
        self._parts, self._story, self._clock = parts, parts.story, parts.clock
        self._telemetry = telemetry
        self._worker = Worker(parts, clock=self._clock)
        self._loops = {each.name: each.step for each in self._worker.loops()}
        self._runner = Runner("demo", self._clock)
        self._measured_at = self._regular = self._stored = parts.story.start
        self._samples = SampleBuffer(telemetry)
        self._board = MeasuringBoard(parts.kinds.of(SOURCE_KINDS), self._clock)
        self._monitoring = Monitoring(self._board, self._samples, lambda: None)
        self._watched: list[Span] = []
        """When samples were measured one by one."""

    def begin(self) -> Edition:
        """Put the document in force, at the month's first moment."""
        for name in ("lead", "reload", "lead", "standing"):
            self._loops[name]()
        edition = self._parts.in_force().last_kept() or self._parts.in_force().refresh()
        if not isinstance(edition, Edition):
            raise NotPossible(Message("demo.document-not-in-force"), Message("demo.begin-anew"))
        self._works = works_of(edition, self._parts.played)
        self._here = {key: work for key, work in self._works.items() if work.is_run_here}
        self._runner.adopt(self._here)
        scheduler.plan_due(self._works.values(), self._clock())
        self._edition, self._people = edition, People(edition, self._parts, self._telemetry)
        plan = measuring_plan(edition.design, edition.bindings, edition.kinds.of(SOURCE_KINDS))
        self._monitoring.adopt(plan, edition.design.digest, self._clock())
        return edition

    def days(self) -> Iterator[date]:
        """Live through the month; yields each day that is over."""
        zone, day = self._edition.bindings.system.zone, self._story.start.date()
        self._look()
        while self._clock() < self._story.end:
            end = min(existing(day + timedelta(days=1), time(0), zone), self._story.end)
            while self._clock() < end:
                self._reach(min(self._next(), end))
                if (over := self._story.trouble_at(self._clock() + BEFORE)) is not None:
                    self._watch(over)
                self._look()
            self._store()
            yield day
            day = self._clock().astimezone(zone).date()

    def close(self) -> None:
        """End everything; the next worker goes on from what is written."""
        self._runner.close()
        self._monitoring.close()
        self._worker.close()

    def _next(self) -> datetime:
        """Return the next moment at which something may be due."""
        now = self._clock()
        tasks = windows.open_tasks().order_by()
        closes = tasks.filter(due_until__gt=now).aggregate(first=Min("due_until"))["first"]
        signs = tasks.filter(due_at__gt=now - SIGNED).aggregate(first=Min("due_at"))["first"]
        troubles = self._story.next_trouble(now + BEFORE)
        known = (
            scheduler.next_moment(now),
            closes,
            signs and signs + SIGNED,
            troubles and troubles - BEFORE,
        )
        return min((self._regular + _pause(), *(each for each in known if each is not None)))

    def _reach(self, moment: datetime) -> None:
        """Let time pass until *moment*, and do what is due then."""
        self._clock.reach(moment)
        scheduler.make_runs(self._works, self._clock())
        while self._waits():
            self._runner.step(is_sure=True)
            self._runner.wait(0.05)
        windows.close(self._works, self._clock())

    def _waits(self) -> bool:
        here = Run.objects.filter(work__in=self._here)
        due = here.filter(state=Run.State.WAITING, wake_at__lte=self._clock())
        return due.exists() or here.filter(state=Run.State.RUNNING).exists()

    def _watch(self, over: datetime) -> None:
        """Look often, until what is wrong is *over* and everybody knows."""
        start, last = self._clock(), min(over + AFTER, self._story.end)
        for number in count():
            now = self._clock()
            if now >= last or (now >= over + BEFORE and not _is_open()):
                break
            self._measure()
            if number % 2 == 0:
                self._do(_SOON)
            if number % _STEPS == 0:
                self._watched.append((start, now))
                self._store()
                self._do(_LEVELS)
            self._reach(min(now + STEP, last))
        self._watched.append((start, self._clock()))

    def _look(self) -> None:
        """Look at everything once, after whatever was due."""
        now = self._clock()
        self._measure()
        self._watched.append((now, now + _MINUTE))
        self._do((*_SOON, *_STATUS))
        if now >= self._regular + _pause():
            self._regular = now
            self._store()
            self._do((*_LEVELS, *_SELDOM))
        self._people.act(now)

    def _do(self, names: Sequence[str]) -> None:
        for name in names:
            self._loops[name]()
        self._people.answer(self._clock())
        kinds = self._edition.kinds.of(CHANNEL_KINDS)
        for name, bound in self._edition.bindings.channels.items():
            channel = kinds[bound.kind].build(bound.config)
            attempts.deliver_due(NOTICES, name, channel, clock=self._clock, most=1000)

    def _measure(self) -> None:
        """Ask, await the answers, and only then judge: nobody was silent since the last moment."""
        now = self._clock()
        # Until now no judgement changed: see the module.
        status.hold_over(self._measured_at, now + _MINUTE)
        self._measured_at = now
        self._board.ask(now)
        for thread in threading.enumerate():
            if thread.name.startswith("measure "):
                thread.join(_PATIENCE)
        self._monitoring.step(now)

    def _store(self) -> None:
        """Store the samples until now: those that were measured, and those of the quiet minutes."""
        now = self._clock()
        self._samples.flush(now, everything=True)
        quiet = _quiet(self._board.slots, self._watched, (self._stored, now))
        for some in batched(quiet, _CHUNK):
            self._telemetry.write(some, token=uuid4().hex)
        # The next minute after the last that is stored.
        self._stored += -((self._stored - now) // _MINUTE) * _MINUTE
        self._watched.clear()


def _pause() -> timedelta:
    burning = Alert.objects.filter(resolved_at=None, key__startswith="objectives/", key__endswith="/burn")
    return _BURNING if burning.exists() else _AT_LEAST


def _is_open() -> bool:
    """Return whether a monitor's alert is open, or somebody still has to hear of its end."""
    return Alert.objects.filter(settled=False, key__startswith="monitoring/monitor/").exists()


def _quiet(slots: Sequence[FeedSlot], watched: Sequence[Span], span: Span) -> Iterator[Sample]:
    """Yield a sample of all that *slots* measure for each minute in which nobody looked."""
    at, end = span
    while at < end:
        if not any(first <= at < last for first, last in watched):
            for slot in slots:
                for each in slot.source.measure(at):
                    yield Sample(each.metric, slot.feed.series, slot.label, at, each.value)
        at += _MINUTE
