"""Connections that an act left open, for the next act a moment later: looking, switching, looking again.

A login takes longer than all that a switch does. An event loop comes along with its connections; it runs only
while an act does, so nothing happens on them meanwhile.
"""

import asyncio
import atexit
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import asyncssh

from toban.engine.ssh.host import SshHost

KEPT_FOR = 30.0
"""Seconds."""

type Key = frozenset[SshHost]
type Connections = Mapping[SshHost, asyncssh.SSHClientConnection]


@dataclass
class _Parked:
    runner: asyncio.Runner
    connections: Connections
    timer: threading.Timer

    def close(self) -> None:
        for each in self.connections.values():
            each.abort()
        self.runner.close()


_lock = threading.Lock()
_parked: dict[Key, _Parked] = {}


def take(hosts: Key) -> tuple[asyncio.Runner, Connections]:
    """Return the loop and the connections that were left for *hosts*, or a new loop without any."""
    with _lock:
        found = _parked.pop(hosts, None)
    if found is None:
        return asyncio.Runner(), {}
    found.timer.cancel()
    # What was closed by the other side in the meantime is heard now.
    found.runner.run(asyncio.sleep(0))
    return found.runner, found.connections


def leave(hosts: Key, runner: asyncio.Runner, connections: Connections) -> None:
    """Keep the loop and its connections for the next act on *hosts*, for a moment."""
    timer = threading.Timer(KEPT_FOR, _close, (hosts, runner))
    timer.daemon = True
    left = _Parked(runner, connections, timer)
    with _lock:
        before = _parked.pop(hosts, None)
        _parked[hosts] = left
    if before is not None:
        before.timer.cancel()
        before.close()
    timer.start()


def close_all() -> None:
    """Close all connections at once."""
    with _lock:
        left = list(_parked.values())
        _parked.clear()
    for each in left:
        each.timer.cancel()
        each.close()


def _close(hosts: Key, runner: asyncio.Runner) -> None:
    with _lock:
        found = _parked.get(hosts)
        if found is None or found.runner is not runner:
            return
        del _parked[hosts]
    found.close()


atexit.register(close_all)
