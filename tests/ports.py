"""Ports for the servers that tests start.

A port that was free a moment ago may be another's when the server listens at last: the kernel gives its own
range to every connection and every server of all test processes. These lie below that range, and no two test
processes of a run get the same.
"""

import fcntl
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from itertools import islice
from pathlib import Path

_FIRST, _COUNT = 10_000, 22_000
"""Linux assigns ports from 32768 on, other systems from 49152."""


def free_port() -> int:
    """Return a loopback port on which nobody listens, and which no other caller gets."""
    return next(port for port in islice(_ports(), _COUNT) if _is_claimed(port) and _is_free(port))


@cache
def _ports() -> Iterator[int]:
    return _from(secrets.randbelow(_COUNT))


def _from(start: int) -> Iterator[int]:
    while True:
        yield _FIRST + start
        start = (start + 1) % _COUNT


@cache
def _claims() -> int:
    """Return the file whose bytes stand for the ports; the locks end with the process."""
    return os.open(Path(tempfile.gettempdir(), "toban-test-ports"), os.O_RDWR | os.O_CREAT, 0o600)


def _is_claimed(port: int) -> bool:
    try:
        fcntl.lockf(_claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with closing(socket.socket(socket.AF_INET, kind)) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
