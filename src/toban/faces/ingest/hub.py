"""One poll of the state for all open pages: changes are fetched once a second and sent to every listener."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import structlog
from django.db import Error, close_old_connections, connections

from toban.engine.clock import Clock, system_clock
from toban.engine.evidence import current, ledger
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.state.reach import STATE

log = structlog.get_logger(__name__)

_WAITING = 256
"""Changes that a slow page may lag behind; then it is cut off, and asks for the rest when it reconnects."""

_ACTS = frozenset({LedgerEntry.Kind.AUDIT, LedgerEntry.Kind.DOCUMENT})
"""What evidence records of acts: orders, and what Toban did about them."""

_PATIENCE = 5.0
"""Seconds that the end of a server waits for the last look at the state."""


@dataclass(frozen=True, slots=True)
class News:
    """What changed: statuses in the order of their revisions, the document, and what people did."""

    statuses: tuple[ClauseStatus, ...]
    revision: int
    """The newest of any status: a row that went out of date keeps its own."""
    digest: str
    """Of the document now in force."""
    is_renewed: bool
    """Whether that is new, or a version was refused, or is no longer."""
    has_acts: bool
    """Whether evidence has recorded acts: pages with orders may have others to offer."""


@dataclass(eq=False, slots=True)
class _Subscriber:
    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[News | None] = field(default_factory=lambda: asyncio.Queue(_WAITING))

    def tell(self, news: News | None) -> None:
        """Pass on *news* from any thread; None ends the stream."""
        with suppress(RuntimeError):  # the loop may be closed by now
            self.loop.call_soon_threadsafe(self._put, news)

    def _put(self, news: News | None) -> None:
        if self.queue.full():
            self.queue.get_nowait()
            news = None
        self.queue.put_nowait(news)


class Hub:
    """Polls the state in a thread of its own and informs every listener."""

    def __init__(
        self, refresh: Callable[[], tuple[str, str]], *, every: float = 1.0, clock: Clock = system_clock
    ) -> None:
        """*refresh* re-reads the document; *every* is in seconds.

        It returns the digests of the version in force and of a newer one that is not (empty: there is none).
        """
        self.clock = clock
        """The time by which data is received, and by which judgements go out of date."""
        self._refresh = refresh
        self._every = every
        self._listeners: set[_Subscriber] = set()
        self._stop = threading.Event()
        self._known = 0
        self._read = 0
        self._looked_at = clock()
        self._versions = ("", "")
        self._thread = threading.Thread(target=self._run, name="hub", daemon=True)

    def start(self) -> None:
        """Start polling; changes from now on are passed on."""
        try:
            self._versions = self._refresh()
            self._known, self._looked_at = current.latest_revision(), self.clock()
            head = ledger.head()
            self._read = head.sequence if head is not None else 0
        except Error as exc:
            # The server starts without its state, too, and says so on every page.
            if not STATE.explains(exc):
                raise
        self._thread.start()

    def stop(self) -> None:
        """End every stream and the thread; may be called from a signal handler, and more than once."""
        self._stop.set()
        for listener in tuple(self._listeners):
            listener.tell(None)

    def join(self) -> None:
        """Wait until the thread has ended after `stop`, but no longer than a stuck query is worth."""
        self._thread.join(timeout=_PATIENCE)

    @property
    def is_stopped(self) -> bool:
        """Whether every stream is to end."""
        return self._stop.is_set()

    async def listen(self) -> AsyncIterator[News | None]:
        """Yield news until the hub stops; without news, yield None now and then as a keep-alive."""
        listener = _Subscriber(asyncio.get_running_loop())
        with self._joined(listener):
            while not self._stop.is_set():
                try:
                    news = await asyncio.wait_for(listener.queue.get(), timeout=15)
                except TimeoutError:
                    yield None
                    continue
                if news is None:
                    return
                yield news

    @contextmanager
    def _joined(self, listener: _Subscriber) -> Iterator[None]:
        self._listeners.add(listener)
        try:
            yield
        finally:
            self._listeners.discard(listener)

    def _run(self) -> None:
        try:
            while not self._stop.wait(self._every):
                self._look()
        finally:
            connections.close_all()

    def _look(self) -> None:
        try:
            close_old_connections()
            versions = self._refresh()
            now = self.clock()
            statuses = current.changes(self._known, self._looked_at, now)
            recorded = ledger.kinds_since(self._read)
        except Error as exc:
            # The state may be away for a moment: changes made meanwhile are found later by their revision.
            if not STATE.explains(exc):
                log.warning("state_unreadable", reason=str(exc))
            return
        STATE.find()
        self._looked_at = now
        self._read = max([self._read, *recorded.values()])
        has_acts, is_renewed = bool(_ACTS & recorded.keys()), versions != self._versions
        if not (statuses or is_renewed or has_acts):
            return
        self._known = max([self._known, *(status.revision for status in statuses)])
        self._versions = versions
        news = News(statuses, self._known, versions[0], is_renewed, has_acts)
        for listener in tuple(self._listeners):
            listener.tell(news)
