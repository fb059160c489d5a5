"""Stores the log: from the server's walsender into the store, segment by segment, seconds behind.

A position is confirmed to the server as durable only once the store has all log before it and the catalogue
knows; until then the slot keeps the log. So any process may be killed at any time: the next one begins where
the log ends according to the catalogue, and the server still has what follows.
"""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
import zstandard

from toban.chapters.backup.engine import BackupFailed, WalPosition
from toban.chapters.backup.engines.native.checking.doubts import slot_trouble
from toban.chapters.backup.engines.native.protocol.replication import Replication, ReplicationRefusal, Stopped
from toban.chapters.backup.engines.native.protocol.segments import (
    WalSegment,
    history_key,
    log_folder,
    lsn_text,
    piece_key,
    pieces_prefix,
    position,
    segment_key,
)
from toban.chapters.backup.engines.native.protocol.server import Inquiry, ReplicationSlot
from toban.chapters.backup.engines.native.protocol.stream import (
    Keepalive,
    LogGap,
    LogReceived,
    Portion,
    WalTail,
    read_message,
    status_update,
)
from toban.chapters.backup.following.following import FollowerBusy, FollowingControl, LogBook
from toban.engine.stores.store import Store, StoreTrouble, folder_of
from toban.message import Message, message_of

_PATIENCE = 0.2
"""Seconds that one wait for the server, or for the store, may take."""
_ANSWERS = 5.0
"""Seconds between two status messages: the server hangs up after `wal_sender_timeout` without one."""
_MOST_WAITING = 4
"""The most portions on their way to the store; at this number no more log is received from the server."""
_IN_USE, _UNDEFINED_FILE, _INTERNAL = "55006", "58P01", "XX000"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WalSource:
    """Whose log is stored, and where."""

    subject: str
    dsn: str
    slot: str
    store: Store
    level: int
    pieces_every: float
    """Seconds between two pieces of an unfinished segment: about as much is lost with the server."""
    stuck_after: float = 60.0
    """Seconds that the store may take for one portion, or the server for an answer, before it is reported."""


def follow(source: WalSource, book: LogBook, following: FollowingControl) -> None:
    """Store the log until *following* or the server ends it; see `FollowsLog`."""
    inquiry = Inquiry(source.dsn)
    try:
        with Replication(source.dsn, lambda: following.why_stop() is not None) as replication:
            _WalFollower(source, book, replication, inquiry).run()
    except Stopped:
        return
    except ReplicationRefusal as error:
        if error.sqlstate == _IN_USE:
            raise FollowerBusy(message_of(error)) from error
        trouble = Message("backup-engines.trouble-of", place="PostgreSQL", trouble=message_of(error))
        raise BackupFailed(trouble) from error
    except StoreTrouble as error:
        raise BackupFailed(message_of(error)) from error
    finally:
        inquiry.close()


@dataclass(slots=True)
class _WalFollower:
    """Follows the log over one connection: any number of timelines, until the first failure."""

    source: WalSource
    book: LogBook
    replication: Replication
    inquiry: Inquiry

    def run(self) -> None:
        identity = self.replication.identify()
        found = self.inquiry.look(self.source.slot)
        kept = self._slot()
        folder = log_folder(folder_of(self.source.subject), identity.system_id)
        size = found.server.segment_bytes
        stored = self.book.end(identity.system_id)
        begin: WalPosition | None = stored or kept
        with self._gap_noted(identity.system_id, stored):
            while begin is not None:
                self._bring_history(folder, begin.timeline)
                segment = WalSegment.holding(begin.timeline, position(begin.lsn), size)
                self.replication.start_streaming(
                    self.source.slot, WalPosition(begin.timeline, lsn_text(segment.start))
                )
                shelf = _Shelf(self.source, folder)
                stretch = _TimelineLog(self, identity.system_id, WalTail(segment), shelf)
                with shelf:
                    begin = stretch.run()

    def _slot(self) -> WalPosition:
        """Return where the log that the slot keeps begins; create the slot if it is missing or lost."""
        name = self.source.slot
        found = self.inquiry.look(name).slot
        if found is not None and not found.is_physical:
            raise ReplicationRefusal(Message("backup-engines.slot-is-logical", slot=name))
        if found is not None and found.is_active:
            raise ReplicationRefusal(Message("backup-engines.slot-in-use", slot=name), _IN_USE)
        if found is not None and (found.status == "lost" or not found.restart):
            log.warning("log_slot_lost", slot=name)
            self.replication.drop_slot(name)
            found = None
        if found is None:
            self.replication.create_slot(name)
        kept = self.replication.slot(name)
        if kept is None:
            raise ReplicationRefusal(Message("backup-engines.slot-keeps-no-log", slot=name))
        return kept

    @contextmanager
    def _gap_noted(self, system_id: str, stored: WalPosition | None) -> Iterator[None]:
        """Note a break if the server no longer has the log that continues what is stored."""
        try:
            yield
        except LogGap as error:
            self.book.breaks(system_id, message_of(error))
            raise ReplicationRefusal(message_of(error)) from error
        except ReplicationRefusal as error:
            # The server has no error code of its own for a timeline that it never had.
            if error.sqlstate == _UNDEFINED_FILE or (error.sqlstate == _INTERNAL and stored is not None):
                self.book.breaks(
                    system_id, Message("backup-engines.log-gone-from-server", error=message_of(error))
                )
            raise

    def _bring_history(self, folder: str, timeline: int) -> None:
        if timeline > 1:
            content = self.replication.timeline_history(timeline)
            self.source.store.put(history_key(folder, timeline), content)


@dataclass(slots=True)
class _CommitMoment:
    """Everything committed before `at` is in the log before `flushed`."""

    flushed: int
    at: datetime


@dataclass(slots=True)
class _TimelineLog:
    """The log of one timeline, while it is received."""

    follower: _WalFollower
    system_id: str
    tail: WalTail
    shelf: "_Shelf"
    begun: WalPosition = field(init=False)
    durable: int = field(init=False)
    moments: deque[_CommitMoment] = field(default_factory=deque)
    told: int = 0
    """The position up to which the server knows that the log is durable."""
    answered: float = 0.0
    handed_over: float = 0.0
    asked: float = 0.0
    looked: float = field(default_factory=time.monotonic)
    """When the server last reported its position."""
    certain_at: datetime | None = None
    """The newest moment that the stored log can restore; None while it is catching up."""
    noted: tuple[int, datetime | None] = field(init=False)
    """What the catalogue knows: the durable position, and the newest moment that can be restored."""

    def __post_init__(self) -> None:
        self.durable = self.tail.received
        self.noted = (self.durable, None)
        self.begun = WalPosition(self.tail.segment.timeline, lsn_text(self.durable))

    def run(self) -> WalPosition | None:
        """Receive until the timeline or the connection ends; return where the next timeline begins."""
        try:
            self._receive()
        except ReplicationRefusal:
            # The server may never come back: what it has sent may be all there is.
            self._finish()
            raise
        self._finish()
        return self.follower.replication.end_streaming()

    def _receive(self) -> None:
        while True:
            self.follower.replication.look_up()
            self._settle(self.shelf.settled())
            self._every_few_seconds()
            if self.shelf.is_full:
                self.shelf.wait(_PATIENCE)
                continue
            message = self.follower.replication.receive(_PATIENCE)
            if message is None:
                return
            if message:
                self._take(message)

    def _take(self, message: memoryview) -> None:
        match read_message(message):
            case LogReceived() as received:
                for portion in self.tail.take_in(received):
                    self.shelf.add(portion)
            case Keepalive(wants_answer=True):
                self._answer()
                # A server that is shutting down waits until what it sent is durable.
                self.handed_over = 0.0

    def _every_few_seconds(self) -> None:
        now = time.monotonic()
        if now - self.asked >= self.follower.source.pieces_every:
            self._ask()
            # An unreachable server may take seconds to fail; the log is received in between.
            self.asked = time.monotonic()
        if now - self.handed_over >= self.follower.source.pieces_every and self.shelf.is_idle:
            self.handed_over = now
            if (piece := self.tail.piece()) is not None:
                self.shelf.add(piece)
        every = self.follower.source.pieces_every if self.durable > self.told else _ANSWERS
        if now - self.answered >= every:
            self._answer()

    def _ask(self) -> None:
        """Ask for the server's position and time: the time is restorable once the store has that position."""
        try:
            found = self.follower.inquiry.look(self.follower.source.slot)
        except ReplicationRefusal as error:
            # A server that is shutting down answers no more queries, but still sends all the log it has.
            if time.monotonic() - self.looked > self.follower.source.stuck_after:
                self.follower.book.shows(
                    Message("backup-engines.server-does-not-answer", error=message_of(error))
                )
            return
        self.looked = time.monotonic()
        self.moments.append(_CommitMoment(position(found.server.flushed), found.server.certain_at))
        self._settle(self.durable)
        trouble = self._trouble(found.slot)
        # No progress yet: the reason why the previous attempt failed may still apply.
        if trouble is not None or self.certain_at is not None:
            self.follower.book.shows(trouble)

    def _trouble(self, slot: ReplicationSlot | None) -> Message | None:
        danger = slot_trouble(slot) if slot is not None else None
        if danger is None and self.shelf.waited > self.follower.source.stuck_after:
            return Message("backup-engines.log-waits-for-store", count=round(self.shelf.waited))
        return danger

    def _answer(self) -> None:
        """Tell the server how far its log is durable. It may drop that, so the catalogue is updated first."""
        self._note()
        self.answered, self.told = time.monotonic(), self.durable
        self.follower.replication.send(status_update(self.tail.received, self.durable, datetime.now(UTC)))

    def _settle(self, durable: int | None) -> None:
        """Note what the store has now, and the newest moment that can be restored from it."""
        if durable is not None and durable > self.durable:
            self.durable = durable
        if not self.moments or self.moments[0].flushed > self.durable:
            return
        while self.moments and self.moments[0].flushed <= self.durable:
            self.certain_at = self.moments.popleft().at
        self._note()

    def _note(self) -> None:
        known = (self.durable, self.certain_at)
        if known != self.noted:
            self.follower.book.goes_on(self.system_id, self.begun, lsn_text(self.durable), self.certain_at)
            self.noted = known

    def _finish(self) -> None:
        """Store everything received: nothing more follows on this timeline, or over this connection."""
        if (piece := self.tail.piece()) is not None:
            self.shelf.add(piece)
        while not self.shelf.is_idle:
            self.follower.replication.look_up()
            self.shelf.wait(_PATIENCE)
            self._settle(self.shelf.settled())
        self._note()


class _Shelf:
    """Puts portions into the store, in order, in a separate thread: the server gets its answers meanwhile."""

    def __init__(self, source: WalSource, folder: str) -> None:
        self._source = source
        self._folder = folder
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="log-shelf")
        self._waiting: deque[Future[int]] = deque()
        self._moved_at = 0.0
        self._may_have_pieces = True

    def __enter__(self) -> None:
        return

    def __exit__(self, *_error: object) -> None:
        self._worker.shutdown(cancel_futures=True)

    @property
    def is_full(self) -> bool:
        """Whether no more log should be received."""
        return len(self._waiting) >= _MOST_WAITING

    @property
    def is_idle(self) -> bool:
        """Whether everything was stored or has failed."""
        return not self._waiting

    @property
    def waited(self) -> float:
        """How many seconds the next portion has been on its way."""
        return time.monotonic() - self._moved_at if self._waiting else 0.0

    def add(self, portion: Portion) -> None:
        """Queue *portion* to be stored after the ones before it."""
        if self.is_idle:
            self._moved_at = time.monotonic()
        self._waiting.append(self._worker.submit(self._store, portion))

    def wait(self, patience: float) -> None:
        """Wait for the next portion, no longer than *patience* seconds."""
        with suppress(TimeoutError):
            self._waiting[0].exception(patience)

    def settled(self) -> int | None:
        """Return the position up to which all is stored, if it has moved; raises `StoreTrouble`."""
        end = None
        while self._waiting and self._waiting[0].done():
            end = self._waiting.popleft().result()
            self._moved_at = time.monotonic()
        return end

    def _store(self, portion: Portion) -> int:
        content = zstandard.compress(portion.content, self._source.level)
        if portion.is_whole:
            self._source.store.put(segment_key(self._folder, portion.segment), content)
            self._drop_pieces(portion.segment)
        else:
            self._source.store.put(piece_key(self._folder, portion.segment, portion.offset), content)
            self._may_have_pieces = True
        return portion.end

    def _drop_pieces(self, segment: WalSegment) -> None:
        if not self._may_have_pieces:
            return
        self._may_have_pieces = False
        whole = segment_key(self._folder, segment)
        listed = self._source.store.listing(pieces_prefix(self._folder, segment))
        try:
            self._source.store.delete([each.key for each in listed if each.key != whole])
        except StoreTrouble as error:
            # They do no harm: a restore prefers the whole segment.
            log.warning("log_pieces_left", segment=segment.name, reason=message_of(error).as_json())
