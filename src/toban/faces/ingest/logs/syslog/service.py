"""Listening where the bindings in force say, updated when they change."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Literal, NamedTuple, Protocol

import structlog

from toban.chapters.logs.bindings import SYSLOG, HostPort, SyslogBinding, SyslogTls
from toban.engine.clock import Clock
from toban.engine.editions.edition import Edition
from toban.engine.telemetry.logs.rows import LogStore
from toban.faces.ingest.logs.syslog.intake import SyslogIntake
from toban.faces.ingest.logs.syslog.listeners import DatagramListener, StreamListener, context
from toban.faces.ingest.logs.syslog.rules import Address, at_home

_EVERY = 2.0
"""Seconds between two looks at the bindings."""

_LAST_WORDS = 1.5
"""Seconds for storing the waiting messages at the end."""

log = structlog.get_logger(__name__)


class ListenPlace(NamedTuple):
    """Something to listen on."""

    kind: Literal["tcp", "udp", "tls"]
    at: HostPort
    written: tuple[int, ...] = ()
    """When its certificates were written: renewed ones are loaded."""


class Listener(Protocol):
    """Something that listens."""

    async def stop(self) -> None:
        """Stop listening."""


class Syslog:
    """The whole service, in one event loop."""

    def __init__(
        self,
        edition: Callable[[], Edition | None],
        store: Callable[[], LogStore],
        clock: Clock,
        *,
        every: float = _EVERY,
    ) -> None:
        self._edition = edition
        self._every = every
        self._intake = SyslogIntake(edition, store, clock)
        self._listeners: dict[ListenPlace, Listener] = {}
        self._troubled: set[ListenPlace] = set()

    async def run(self) -> None:
        """Listen and store until cancelled; then store the waiting messages, as far as that is quick."""
        storing = asyncio.create_task(self._intake.run())
        try:
            while True:
                try:
                    await self._follow()
                except Exception:
                    # The task's own boundary: nobody would notice that it ended.
                    log.exception("syslog_not_followed")
                await asyncio.sleep(self._every)
        finally:
            await self._close()
            storing.cancel()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS):
                    while self._intake.waiting and await self._intake.flush():
                        pass
            if self._intake.waiting:
                log.warning("syslog_lost", count=self._intake.waiting)

    async def _follow(self) -> None:
        """Listen as the bindings in force say. A place that can't be opened is tried again later."""
        edition = self._edition()
        binding = SYSLOG.of(edition.bindings) if edition is not None else None
        wanted = dict(_wanted(binding)) if binding is not None else {}
        for place in [place for place in self._listeners if place not in wanted]:
            await self._listeners.pop(place).stop()
        for place, tls in wanted.items():
            if place not in self._listeners:
                await self._open(place, tls)
        self._troubled &= wanted.keys()

    async def _open(self, place: ListenPlace, tls: SyslogTls | None) -> None:
        try:
            if place.kind == "udp":
                datagrams = DatagramListener(self._intake, self._may_come)
                await datagrams.start(place.at)
                self._listeners[place] = datagrams
            else:
                stream = StreamListener(self._intake, self._may_come)
                await stream.start(place.at, context(tls) if tls else None)
                self._listeners[place] = stream
        except OSError as problem:
            if place not in self._troubled:
                log.warning("syslog_not_listening", kind=place.kind, at=str(place.at), reason=str(problem))
            self._troubled.add(place)
        else:
            self._troubled.discard(place)
            log.info("syslog_listening", kind=place.kind, at=str(place.at))

    async def _close(self) -> None:
        for listener in self._listeners.values():
            await listener.stop()
        self._listeners = {}

    def _may_come(self, source: Address) -> bool:
        edition = self._edition()
        return edition is not None and bool(at_home(source, edition.bindings.senders))


def _wanted(binding: SyslogBinding) -> Iterator[tuple[ListenPlace, SyslogTls | None]]:
    if binding.tcp is not None:
        yield ListenPlace("tcp", binding.tcp), None
    if binding.udp is not None:
        yield ListenPlace("udp", binding.udp), None
    if binding.tls is not None:
        yield ListenPlace("tls", binding.tls.listen, _written(binding.tls)), binding.tls


def _written(tls: SyslogTls) -> tuple[int, ...]:
    """Return when the TLS files were written."""
    files = [file for file in (tls.certificate, tls.key, tls.clients) if file is not None]
    return tuple(file.stat().st_mtime_ns for file in files if file.exists())
