"""What the kernel tells of TCP sockets, read no further than it is about the question.

A busy host has thousands of connections that have just ended: to read them all takes longer than the look.
"""

import socket
import sys
from collections.abc import Container, Iterator
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENING, _ESTABLISHED = "0A", "01"
_LOOPBACK = int.from_bytes(socket.inet_aton("127.0.0.1"), sys.byteorder)


def listening_on(port: int) -> frozenset[str]:
    """Return the sockets that listen on *port*, as the descriptors of their processes name them."""
    found = (row for table in _TABLES for row in _listeners(table))
    return frozenset(f"socket:[{row[9]}]" for row in found if int(row[1].rpartition(":")[2], 16) == port)


def has_one_of(sockets: Container[str], pid: int) -> bool:
    """Return whether the process *pid* has one of *sockets* open; raises `OSError` if nobody may know."""
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        # One that was closed meanwhile.
        with suppress(FileNotFoundError):
            if str(descriptor.readlink()) in sockets:
                return True
    return False


def connections_to(port: int) -> int | None:
    """Return how many connections lead to *port* of 127.0.0.1; None if this system does not tell."""
    try:
        return _TABLES[0].read_text(encoding="ascii").count(f" {_LOOPBACK:08X}:{port:04X} {_ESTABLISHED} ")
    except OSError:
        return None


def _listeners(table: Path) -> Iterator[list[str]]:
    # A system without IPv6 has no such table.
    with suppress(FileNotFoundError), table.open(encoding="ascii") as lines:
        next(lines)
        # The kernel writes those that listen first, and the rest only if somebody reads on.
        yield from takewhile(lambda row: row[3] == _LISTENING, map(str.split, lines))
