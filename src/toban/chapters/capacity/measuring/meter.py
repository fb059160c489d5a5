"""The measuring of resources: those that are due are asked, each in its own thread, and answers collected.

A source that hangs holds up its own thread only, and is not asked again before it answers.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Thread

import structlog
from django.db import transaction

from toban.chapters.capacity.measuring.history import first_measured
from toban.chapters.capacity.models import ResourceReading
from toban.chapters.capacity.plan import CapacityPlan, Resource
from toban.chapters.capacity.usage import HasHistory, UsageAt, UsageReading, UsageSource, UsageUnknown
from toban.design.values.metric import Metric
from toban.engine.telemetry.buffer import SampleBuffer
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable, Telemetry
from toban.message import NOTHING, Message, message_of

PAST = timedelta(days=364)
"""How much of a source's own past is taken over: the store keeps samples for a year."""
_AGAIN = timedelta(minutes=1)
"""The longest wait after a failure."""

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Slot:
    """One resource, its source, and when it was asked."""

    resource: Resource
    source: UsageSource
    asked_at: datetime | None = None
    is_busy: bool = False
    has_failed: bool = False
    is_retired: bool = False
    known_from: datetime | None = None
    """From when on the source's own past has been taken over."""

    def is_due(self, now: datetime) -> bool:
        if self.is_busy:
            return False
        every = self.resource.config.every
        wait = min(every, _AGAIN) if self.has_failed else every
        return self.asked_at is None or now < self.asked_at or now - self.asked_at >= wait


@dataclass(frozen=True, slots=True)
class _Answer:
    slot: _Slot
    at: datetime
    reading: UsageReading | None
    trouble: Message = NOTHING
    past: Sequence[UsageAt] = ()
    known_from: datetime | None = None


@dataclass(slots=True)
class Meter:
    """Chapter 9's measuring. One thread drives it; the asking happens in others."""

    telemetry: Telemetry
    samples: SampleBuffer
    _plan: CapacityPlan | None = None
    _slots: list[_Slot] = field(default_factory=list)
    _answers: "SimpleQueue[_Answer]" = field(default_factory=SimpleQueue)

    def step(self, plan: CapacityPlan, now: datetime) -> None:
        """Ask what is due, and record what has been answered."""
        if plan is not self._plan:
            self._adopt(plan)
        for slot in self._slots:
            if slot.is_due(now):
                slot.is_busy, slot.asked_at = True, now
                Thread(target=self._ask, args=(slot, now), name="capacity", daemon=True).start()
        if answers := list(self._taken()):
            self._record(answers)

    def close(self) -> None:
        """Close the sources."""
        for slot in self._slots:
            self._retire(slot)
        self._slots, self._plan = [], None

    def _adopt(self, plan: CapacityPlan) -> None:
        """Measure by *plan* from now on; with the same bindings, what is measured keeps its source."""
        known = {(each.resource.row.resource, each.resource.name): each for each in self._slots}
        pasts = dict(ResourceReading.objects.values_list("resource", "known_from"))
        kept = []
        for resource in plan.resources:
            slot, digest = known.get((resource.row.resource, resource.name)), resource.edition.bindings.digest
            # Not only its own table: a source may look at what another one binds.
            if slot is not None and slot.resource.edition.bindings.digest == digest:
                slot.resource = resource
                kept.append(slot)
            else:
                past = pasts.get(resource.row.resource)
                kept.append(_Slot(resource, resource.opened(self.telemetry), known_from=past))
        for slot in set(self._slots) - set(kept):
            self._retire(slot)
        self._slots, self._plan = kept, plan
        names = [each.row.resource for each in plan.resources]
        ResourceReading.objects.exclude(resource__in=names).delete()

    def _retire(self, slot: _Slot) -> None:
        slot.is_retired = True
        if not slot.is_busy:
            slot.source.close()

    def _ask(self, slot: _Slot, now: datetime) -> None:
        try:
            self._answers.put(_asked(slot, now, self.telemetry))
        except Exception as error:
            log.exception("usage_source_failed", resource=slot.resource.row.resource)
            self._answers.put(_Answer(slot, now, None, message_of(error), known_from=slot.known_from))

    def _taken(self) -> Iterator[_Answer]:
        while True:
            try:
                answer = self._answers.get_nowait()
            except Empty:
                return
            answer.slot.is_busy = False
            answer.slot.has_failed = answer.reading is None
            answer.slot.known_from = answer.known_from
            if answer.slot.is_retired:
                answer.slot.source.close()
            else:
                yield answer

    def _record(self, answers: Sequence[_Answer]) -> None:
        for each in answers:
            self.samples.add(_samples(each))
        with transaction.atomic():
            for each in answers:
                ResourceReading.objects.update_or_create(
                    resource=each.slot.resource.row.resource, defaults=_columns(each)
                )


def _asked(slot: _Slot, now: datetime, telemetry: Telemetry) -> _Answer:
    try:
        reading = slot.source.measure(now)
    except UsageUnknown as unknown:
        return _Answer(slot, now, None, message_of(unknown), known_from=slot.known_from)
    if not math.isfinite(reading.used) or reading.used < 0:
        trouble = Message("capacity.not-an-amount", amount=reading.used)
        return _Answer(slot, now, None, trouble, known_from=slot.known_from)
    past, known_from = _past(slot, now, telemetry)
    return _Answer(slot, now, reading, past=past, known_from=known_from)


def _past(slot: _Slot, now: datetime, telemetry: Telemetry) -> tuple[Sequence[UsageAt], datetime | None]:
    """Return what the source knows of the time before the first sample, once; nothing if it fails."""
    name = slot.resource.row.resource
    if slot.known_from is not None or not isinstance(slot.source, HasHistory):
        return (), slot.known_from
    try:
        telemetry.ensure_schema()
        first = first_measured(telemetry, Metric.USED_AMOUNT, name) or now
        past = [each for each in slot.source.history(now - PAST, first) if each.at < first]
    except (UsageUnknown, StoreUnavailable, StoreRefused) as error:
        log.warning("usage_past_unknown", resource=name, reason=str(error))
        return (), None
    return past, past[0].at if past else first


def _samples(answer: _Answer) -> Sequence[Sample]:
    name = answer.slot.resource.row.resource
    found = [
        Sample(Metric.USED_AMOUNT, name, name, each.at, each.used, may_be_stored=True) for each in answer.past
    ]
    if answer.reading is not None:
        found.append(Sample(Metric.USED_AMOUNT, name, name, answer.at, answer.reading.used))
        if answer.reading.limit is not None:
            found.append(Sample(Metric.LIMIT_AMOUNT, name, name, answer.at, answer.reading.limit))
    return found


def _columns(answer: _Answer) -> dict[str, object]:
    columns: dict[str, object] = {"looked_at": answer.at, "trouble": answer.trouble}
    if answer.reading is not None:
        columns |= {
            "read_at": answer.at,
            "used": answer.reading.used,
            "limit": answer.reading.limit,
            "parts": dict(answer.reading.parts),
        }
        if answer.known_from is not None:
            columns["known_from"] = answer.known_from
    return columns
