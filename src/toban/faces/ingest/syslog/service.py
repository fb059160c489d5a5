"""Listening where the bindings in force say, and anew when they change."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

import structlog

from toban.engine.bindings.inforce import Edition
from toban.engine.bindings.senders import SyslogBinding
from toban.engine.clock import Clock
from toban.engine.telemetry.logs import LogStore
from toban.faces.ingest.syslog.intake import Intake
from toban.faces.ingest.syslog.listeners import DatagramListener, MayCome, StreamListener, context
from toban.faces.ingest.syslog.rules import Address, at_home

_EVERY = 2.0
"""Seconds between two looks at the bindings."""

_LAST_WORDS = 1.5
"""Seconds that what waits has to be stored at the end."""

type Plan = tuple[SyslogBinding, Sequence[int]]
"""What is listened on, and when its certificates were written: renewed ones are taken up."""

log = structlog.get_logger(__name__)


class Listener(Protocol):
    """Something that listens."""

    async def stop(self) -> None:
        """Listen no more."""


class Syslog:
    """The whole of it, in one event loop."""

    def __init__(
        self, edition: Callable[[], Edition | None], store: Callable[[], LogStore], clock: Clock
    ) -> None:
        self._edition = edition
        self._intake = Intake(edition, store, clock)
        self._listeners: list[Listener] = []
        self._plan: Plan | None = None
        self._trouble = ""

    async def run(self) -> None:
        """Listen and store until cancelled; then store what waits, as far as that goes quickly."""
        storing = asyncio.create_task(self._intake.run())
        try:
            while True:
                await self._follow()
                await asyncio.sleep(_EVERY)
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
        """Listen as the bindings in force say."""
        edition = self._edition()
        binding = edition.bindings.syslog if edition is not None else None
        plan = (binding, _written(binding)) if binding is not None else None
        if plan == self._plan and not self._trouble:
            return
        await self._close()
        self._plan, trouble = plan, ""
        if binding is not None:
            try:
                await self._open(binding)
            except OSError as problem:
                # What of it listens already goes on; the rest is tried again.
                trouble = str(problem)
        if trouble and trouble != self._trouble:
            log.error("syslog_not_listening", reason=trouble)
        self._trouble = trouble

    async def _open(self, binding: SyslogBinding) -> None:
        may_come: MayCome = self._may_come
        if binding.tcp is not None:
            stream = StreamListener(self._intake, may_come)
            self._listeners.append(stream)
            await stream.start(binding.tcp)
        if binding.udp is not None:
            datagrams = DatagramListener(self._intake, may_come)
            self._listeners.append(datagrams)
            await datagrams.start(binding.udp)
        if binding.tls is not None:
            secure = StreamListener(self._intake, may_come)
            self._listeners.append(secure)
            await secure.start(binding.tls.listen, context(binding.tls))
        log.info("syslog_listening", tcp=str(binding.tcp), udp=str(binding.udp), tls=binding.tls is not None)

    async def _close(self) -> None:
        for listener in self._listeners:
            await listener.stop()
        self._listeners = []

    def _may_come(self, source: Address) -> bool:
        edition = self._edition()
        return edition is not None and bool(at_home(source, edition.bindings.senders))


def _written(binding: SyslogBinding) -> Sequence[int]:
    """Return when the files of TLS were written."""
    tls = binding.tls
    files = (tls.certificate, tls.key, tls.clients) if tls is not None else ()
    return [file.stat().st_mtime_ns for file in files if file is not None and file.exists()]
