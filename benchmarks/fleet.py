"""A thousand hosts on one loopback port: each serves an exposition, and breaks on demand."""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

_TOTAL = 8 * 1024**3
_FREE = {False: _TOTAL // 2, True: _TOTAL // 50}
"""Bytes available on a healthy host and on a broken one: 50% and 98% used."""

_ANSWER = """HTTP/1.1 200 OK\r
Content-Type: text/plain; version=0.0.4\r
Content-Length: {length}\r
\r
{body}"""
_BODY = """# TYPE node_memory_MemTotal_bytes gauge
node_memory_MemTotal_bytes {total}
# TYPE node_memory_MemAvailable_bytes gauge
node_memory_MemAvailable_bytes {free}
"""


def _answer(*, is_broken: bool) -> bytes:
    body = _BODY.format(total=_TOTAL, free=_FREE[is_broken])
    return _ANSWER.format(length=len(body), body=body).encode()


class Fleet:
    """The hosts from `host-0000` on; `/host-0000/metrics` is the exposition of the first."""

    def __init__(self, hosts: int, listener: socket.socket) -> None:
        self.names = [f"host-{number:04}" for number in range(hosts)]
        self.address = "{}:{}".format(*listener.getsockname())
        self.broken_at: dict[str, float] = {}
        """Host → when it broke, by `time.time`."""
        self.asked: Counter[str] = Counter()
        """`toban` or `prometheus` → how often it has asked a host."""
        self._answers = {is_broken: _answer(is_broken=is_broken) for is_broken in (False, True)}

    def break_down(self, name: str) -> None:
        """Make *name* run short of memory from now on."""
        self.broken_at[name] = time.time()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                name = request.split(b"/", 2)[1].decode("ascii")
                self.asked["prometheus" if b"Prometheus" in request else "toban"] += 1
                writer.write(self._answers[name in self.broken_at])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()


@contextmanager
def running(hosts: int) -> Iterator[Fleet]:
    """Serve *hosts* hosts from a thread."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    fleet = Fleet(hosts, listener)
    loop = asyncio.new_event_loop()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(fleet.serve, sock=listener)

    server = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield fleet
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
