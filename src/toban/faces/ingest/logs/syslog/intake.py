"""Messages on their way to the store: taken in up to a bound, and held until the store has them."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice
from uuid import uuid4

import structlog

from toban.chapters.logs import counters
from toban.chapters.logs.formats.convert import Surroundings, dumped
from toban.chapters.logs.intake.lines import LineReader
from toban.chapters.logs.intake.origins import written
from toban.chapters.logs.practice import unwanted
from toban.chapters.logs.rules import rules
from toban.engine.clock import Clock
from toban.engine.editions.edition import Edition
from toban.engine.telemetry.logs.rows import InsertBatch, LogStore
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.faces.ingest.logs.syslog.counters import DROPPED_TOTAL
from toban.faces.ingest.logs.syslog.rules import SyslogMessage, sorted_out
from toban.faces.ingest.takers import by_a_reader, by_a_taker

MOST_BYTES = 16 * 1024 * 1024
"""Bytes of waiting messages; as rows they take a few times as much, but only those being stored are rows."""

_OF_EACH = 200
"""Bytes that a message takes besides its content."""

_ENOUGH = 1_000
"""Messages that are worth an insert at once: no more are waited for."""

_AT_ONCE = 5_000
_AGE = 1.0
"""Seconds that fewer messages may wait."""

_PAUSE = 2.0
"""Seconds between two attempts while the store is away."""

log = structlog.get_logger(__name__)


class SyslogIntake:
    """A bounded queue into the store. Used from one event loop; `run` empties it."""

    def __init__(
        self, edition: Callable[[], Edition | None], store: Callable[[], LogStore], clock: Clock
    ) -> None:
        self._edition = edition
        self._store = store
        self._clock = clock
        self._waiting: deque[SyslogMessage] = deque()
        self._in_hand: dict[str, InsertBatch] = {}
        self._size_in_hand = 0
        self._size = 0
        self._arrived = asyncio.Event()
        self._is_enough = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._reader: tuple[Edition, LineReader] | None = None

    def offer(self, message: SyslogMessage) -> bool:
        """Take *message* if there is room."""
        if self._size >= MOST_BYTES:
            return False
        self._waiting.append(message)
        self._size += _size(message)
        self._arrived.set()
        if len(self._waiting) >= _ENOUGH:
            self._is_enough.set()
        return True

    async def put(self, messages: Sequence[SyslogMessage]) -> None:
        """Take *messages*, waiting for room."""
        for message in messages:
            while not self.offer(message):
                self._has_room.clear()
                await self._has_room.wait()

    async def run(self) -> None:
        """Store what comes in, forever."""
        while True:
            await self._arrived.wait()
            # Wait until there is enough for an insert, or the messages get old.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_enough.wait(), _AGE)
            try:
                is_done = await self.flush()
            except Exception:
                # The task's own boundary: the error may not happen again, and messages keep coming.
                log.exception("syslog_not_stored", count=self.waiting)
                is_done = False
            if not is_done:
                await asyncio.sleep(_PAUSE)

    async def flush(self) -> bool:
        """Store the oldest messages; say whether that is done. If cancelled, the next call does it again."""
        edition = self._edition()
        if not self._in_hand and edition is not None:
            messages = list(islice(self._waiting, _AT_ONCE))
            batches = await by_a_reader(self._batches, messages, edition)
            for _ in messages:
                self._waiting.popleft()
            self._in_hand, self._size_in_hand = batches, sum(map(_size, messages))
        for sender, batch in list(self._in_hand.items()):
            if not await by_a_taker(self._keep, sender, batch):
                return False
            del self._in_hand[sender]
        self._size, self._size_in_hand = self._size - self._size_in_hand, 0
        self._has_room.set()
        if len(self._waiting) < _ENOUGH:
            self._is_enough.clear()
        if not self._waiting:
            self._arrived.clear()
        return edition is not None

    @property
    def waiting(self) -> int:
        """How many messages the store does not have yet."""
        return len(self._waiting) + sum(len(batch.rows) for batch in self._in_hand.values())

    def _batches(self, messages: Sequence[SyslogMessage], edition: Edition) -> dict[str, InsertBatch]:
        """Return each sender's messages as a batch."""
        now = self._clock()
        senders = edition.bindings.senders
        lines: dict[str, list[bytes]] = defaultdict(list)
        for sender, record in sorted_out(messages, senders, Surroundings(edition.bindings.system.zone, now)):
            if sender is None:
                DROPPED_TOTAL.labels("stranger").inc()
            else:
                lines[sender].append(dumped(record))
        batches = {}
        for sender, found in lines.items():
            origin = written(sender, senders[sender]).origin
            reading = self._reader_of(edition).read(b"\n".join(found), origin, now)
            counters.count(sender, reading)
            unwanted.note(sender, reading.dropped, now)
            batches[sender] = InsertBatch(uuid4().hex, reading.rows)
        return batches

    def _keep(self, sender: str, batch: InsertBatch) -> bool:
        try:
            self._store().write(batch)
        except StoreUnavailable as away:
            log.warning("syslog_waiting", sender=sender, count=self.waiting, reason=str(away))
            return False
        except StoreRefused:
            DROPPED_TOTAL.labels("refused").inc(len(batch.rows))
            log.exception("syslog_refused_by_store", sender=sender, count=len(batch.rows))
        return True

    def _reader_of(self, edition: Edition) -> LineReader:
        if self._reader is None or self._reader[0] is not edition:
            self._reader = edition, LineReader(rules(edition.design, edition.bindings))
        return self._reader[1]


def _size(message: SyslogMessage) -> int:
    return len(message.content) + _OF_EACH
