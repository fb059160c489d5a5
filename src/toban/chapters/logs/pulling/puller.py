"""Fetching logs from other places. The store is asked what is already stored, so that nothing is duplicated.

A position moves only once everything up to it is stored. If killed at any moment, the next run fetches the
same again.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import structlog

from toban.chapters.logs import counters
from toban.chapters.logs.formats.convert import Surroundings
from toban.chapters.logs.intake.lines import BatchOrigin, LineReader
from toban.chapters.logs.models import Pull
from toban.chapters.logs.practice import unwanted
from toban.chapters.logs.pulling.rules import PullPosition, lines, new, unseen, window
from toban.chapters.logs.pulling.source import (
    LogSource,
    LogSourceConfig,
    LogSourceKind,
    PulledEvent,
    Unfetchable,
)
from toban.chapters.logs.rules import LogRules
from toban.engine.bindings.model import KindBinding
from toban.engine.clock import Clock
from toban.engine.telemetry.logs.ids import LogIds
from toban.engine.telemetry.logs.rows import InsertBatch, LogStore
from toban.engine.telemetry.logs.words import kind_of
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable, Telemetry
from toban.message import NOTHING, Message, message_of

type LogSources = Mapping[str, KindBinding[Any]]

log = structlog.get_logger(__name__)


class Puller:
    """Fetches from every place that the bindings name. One thread drives `step`."""

    def __init__(self, telemetry: Telemetry, clock: Clock, permit: Callable[[], None]) -> None:
        """Call *permit* before each batch; it raises if another process does this now."""
        self._store = LogStore(telemetry)
        self._ids = LogIds(telemetry)
        self._clock = clock
        self._permit = permit

    def step(self, sources: LogSources, kinds: Mapping[str, LogSourceKind], rules: LogRules) -> None:
        """Fetch from each place that is due."""
        gone = Pull.objects.exclude(name__in=sources)
        # Check first: deleting nothing would also lock the database.
        if gone.exists():
            gone.delete()
        for name, bound in sources.items():
            pull = Pull.objects.filter(name=name).first() or Pull(name=name)
            if pull.looked_at is None or self._clock() - pull.looked_at >= bound.config.every:
                self._look(pull, bound, kinds[bound.kind], rules)

    def _look(self, pull: Pull, bound: KindBinding[Any], kind: LogSourceKind, rules: LogRules) -> None:
        pull.log, pull.looked_at = bound.config.log, self._clock()
        source = kind.build(bound.config)
        try:
            while self._fetch(pull, source, bound.config, rules):
                pull.save()
            pull.trouble = NOTHING
        except Unfetchable as problem:
            pull.trouble = message_of(problem)
        except StoreUnavailable as away:
            pull.trouble = Message("logs.store-not-answering", reason=message_of(away))
        finally:
            source.close()
        if pull.trouble:
            log.warning("logs_not_fetched", source=pull.name, reason=pull.trouble.as_json())
        pull.save()

    def _fetch(self, pull: Pull, source: LogSource, config: LogSourceConfig, rules: LogRules) -> bool:
        """Fetch and store the next window; say whether there is another."""
        position = pull.position
        now = _milliseconds(self._clock())
        asked = window(position, config, now)
        for page in source.events(asked.start, asked.through):
            events = unseen(page, position)
            if events:
                self._keep(pull.name, events, config, rules)
        pull.position = PullPosition(asked.through, now)
        return asked.through < now

    def _keep(self, name: str, events: list[PulledEvent], config: LogSourceConfig, rules: LogRules) -> None:
        """Store those of *events* that are not stored yet."""
        moments = [event.at for event in events]
        fresh = new(events, self._ids.stored(name, min(moments), max(moments)))
        origin = BatchOrigin(name, kind_of(config.log) if config.log else "", config.service)
        now = self._clock()
        reading = LineReader(rules).read(lines(fresh, config, Surroundings(rules.zone, now)), origin, now)
        self._permit()
        try:
            self._store.write(InsertBatch(uuid4().hex, reading.rows))
        except StoreRefused:
            log.exception("logs_refused_by_store", source=name, count=len(reading.rows))
        counters.count(name, reading)
        unwanted.note(name, reading.dropped, now)


def troubles(rules: LogRules) -> Mapping[str, Message]:
    """Return why places can't be fetched from, by the kind of log that is missing as a result."""
    found: dict[str, Message] = {}
    for pull in Pull.objects.exclude(trouble__code=""):
        named = kind_of(pull.log) if pull.log else ""
        for kind in (named,) if named else rules.kinds:
            found.setdefault(kind, Message("logs.source-trouble", source=pull.name, trouble=pull.trouble))
    return found


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
