"""The sockets on which syslog messages arrive."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from typing import override

import structlog

from toban.chapters.logs.bindings import HostPort, SyslogTls
from toban.faces.ingest.logs.syslog.counters import DROPPED_TOTAL
from toban.faces.ingest.logs.syslog.framing import BadFraming, Framer
from toban.faces.ingest.logs.syslog.intake import SyslogIntake
from toban.faces.ingest.logs.syslog.rules import Address, SyslogMessage, address_of

_READ = 64 * 1024
_MOST_CONNECTIONS = 500
_WITHIN = 30.0
"""Seconds within which a message that has begun must continue."""

_BETWEEN = 3600.0
"""Seconds that a connection may be silent; keep-alive tells a live but silent sender from a dead one."""

_HANDSHAKE = 10.0
_DATAGRAMS = 8 * 1024 * 1024
"""Bytes that the system may buffer while we are busy, as far as it allows."""

type MayCome = Callable[[Address], bool]

log = structlog.get_logger(__name__)


class StreamListener:
    """TCP, plain or with TLS: each connection is read as fast as its messages find room."""

    def __init__(self, intake: SyslogIntake, may_come: MayCome, *, patience: float = _WITHIN) -> None:
        self._intake = intake
        self._may_come = may_come
        self._patience = patience
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, at: HostPort, tls: ssl.SSLContext | None = None) -> int:
        """Listen, and return the port; raises `OSError`."""
        handshake = _HANDSHAKE if tls else None
        self._server = await asyncio.start_server(
            self._serve, at.host, at.port, limit=_READ, ssl=tls, ssl_handshake_timeout=handshake
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening, and close all connections."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        source = address_of(writer.get_extra_info("peername")[0])
        try:
            if not self._may_come(source):
                DROPPED_TOTAL.labels("stranger").inc()
            elif len(self._connections) >= _MOST_CONNECTIONS:
                DROPPED_TOTAL.labels("connections").inc()
            else:
                self._connections.add(task)
                _keep_alive(writer)
                await self._read(reader, source)
        except BadFraming as flaw:
            DROPPED_TOTAL.labels("framing").inc()
            log.warning("syslog_framing", source=str(source), reason=str(flaw))
        except (OSError, TimeoutError) as ended:
            log.info("syslog_connection_ended", source=str(source), reason=str(ended) or "silent")
        finally:
            self._connections.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, source: Address) -> None:
        framer = Framer()
        while True:
            async with asyncio.timeout(self._patience if framer.is_within else _BETWEEN):
                more = await reader.read(_READ)
            contents = framer.feed(more) if more else framer.end()
            now = time.time()
            # Waits while there is no room: then the connection is not read, and its sender waits, too.
            await self._intake.put([SyslogMessage(source, now, content) for content in contents])
            if not more:
                return


class DatagramListener(asyncio.DatagramProtocol):
    """UDP: one message per datagram (RFC 5426); without room it is dropped and counted."""

    def __init__(self, intake: SyslogIntake, may_come: MayCome) -> None:
        self._intake = intake
        self._may_come = may_come
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self, at: HostPort) -> int:
        """Listen, and return the port; raises `OSError`."""
        family = socket.AF_INET6 if ":" in at.host else socket.AF_INET
        receiver = socket.socket(family, socket.SOCK_DGRAM)
        try:
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _DATAGRAMS)
            receiver.bind((at.host, at.port))
        except OSError:
            receiver.close()
            raise
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=receiver)
        return int(receiver.getsockname()[1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._transport is not None:
            self._transport.close()

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        source = address_of(addr[0])
        if not self._may_come(source):
            DROPPED_TOTAL.labels("stranger").inc()
        elif not self._intake.offer(SyslogMessage(source, time.time(), data)):
            DROPPED_TOTAL.labels("full").inc()


def context(tls: SyslogTls) -> ssl.SSLContext:
    """Return the TLS context; raises `OSError` or `ssl.SSLError` for files that can't be used."""
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.minimum_version = ssl.TLSVersion.TLSv1_2
    # Without a password, OpenSSL would ask for one on the terminal, and everything would wait for that.
    found.load_cert_chain(tls.certificate, tls.key, password="")
    if tls.clients is not None:
        found.load_verify_locations(tls.clients)
        found.verify_mode = ssl.CERT_REQUIRED
    return found


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """Let the system find out which senders are gone without closing the connection."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
