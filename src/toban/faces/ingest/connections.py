"""Connections on which nothing is asked: each ends soon, and the oldest gives way when there are too many."""

import asyncio
import fcntl
import resource
import sys
import termios
from typing import ClassVar, override

from toban.engine.network.serving import BoundedHttp

MOST_SILENT = 1_000
"""Connections on which nothing is asked: between two requests of clients that are in no hurry, too."""
_PATIENCE = 10.0
"""Seconds for a request's headers, and for what follows a request that is answered already."""
_UNREAD = 30.0
"""Seconds that a client may leave what is sent to it unread."""
_FILES = 4_096
"""Enough for many slow strangers, and few enough for what each of them may have kept in memory."""


class BoundedConnection(BoundedHttp):
    """A connection that is closed unless somebody asks something in time, and reads the answer.

    Otherwise a stranger who asks nothing, or sends a byte a minute, could hold all connections there can be.
    """

    _silent: ClassVar[dict["BoundedConnection", asyncio.TimerHandle]] = {}
    """In the order in which they fell silent."""
    _watching: asyncio.TimerHandle

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as there
        super().connection_made(transport)
        self._watch()
        self._look()

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        self._watching.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Begin to wait for a request unless one is being answered."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering or self.transport.is_closing():
            self._forget()
        elif self not in self._silent:
            self._silent[self] = self.loop.call_later(_PATIENCE, self.timeout_keep_alive_handler)
            if len(self._silent) > MOST_SILENT:
                oldest = next(iter(self._silent))
                oldest._forget()  # noqa: SLF001 - another of the same
                oldest.timeout_keep_alive_handler()

    def _watch(self, left: int = 0) -> None:
        """Cut the connection if the client has read nothing of what was *left* to be sent the last time."""
        unsent = self._unsent()
        if unsent and unsent == left:
            # Closing would wait until all is read.
            self.transport.abort()
        self._watching = self.loop.call_later(_UNREAD, self._watch, unsent)

    def _unsent(self) -> int:
        """Return the bytes that have not arrived, if the system takes no more: 0 otherwise."""
        kept = self.transport.get_write_buffer_size()
        if not kept:
            return 0
        # The system takes more only once a third of what it holds has arrived: a slow client needs long.
        held = fcntl.ioctl(self.transport.get_extra_info("socket"), termios.TIOCOUTQ, bytes(4))
        return kept + int.from_bytes(held, sys.byteorder)

    def _forget(self) -> None:
        if (timer := self._silent.pop(self, None)) is not None:
            timer.cancel()


def allow_many() -> None:
    """Let this process hold `_FILES` files and connections, if the system does: many begin with 1,024."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(_FILES, most)), most))
