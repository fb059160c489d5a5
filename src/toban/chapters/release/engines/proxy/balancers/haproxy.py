"""HAProxy by its runtime API: https://docs.haproxy.org/3.0/management.html#9.3

Instances are servers that Toban adds and removes; servers of the configuration get no requests once an
instance does. All changes of states are one line of commands. HAProxy forgets added servers when it reloads:
`ensure` adds them again.
"""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from toban.chapters.release.engine import DeployFailed
from toban.chapters.release.engines.proxy.balancers.balancer import Routes, Upstream
from toban.chapters.release.engines.proxy.config import HaproxyBinding
from toban.message import Message, message_of, plain

_TIMEOUT = 10.0
_MOST_BYTES = 4 << 20
_OUT = 0x01 | 0x02 | 0x04 | 0x08 | 0x10 | 0x20
"""`srv_admin_state`: in maintenance or draining, by whatever way."""

_ADDED = "New server registered."


@dataclass(frozen=True, slots=True)
class _Server:
    pool: str
    name: str
    upstream: Upstream
    is_out: bool

    @property
    def path(self) -> str:
        return f"{self.pool}/{self.name}"


class Haproxy:
    """A running HAProxy."""

    def __init__(self, config: HaproxyBinding) -> None:
        self._config = config

    def routes(self, pool: str) -> Sequence[Upstream]:
        """See `Balancer`."""
        return sorted(each.upstream for each in self._servers(pool) if not each.is_out)

    def route(self, wanted: Routes) -> None:
        """See `Balancer`."""
        states: list[str] = []
        for pool, upstreams in wanted.items():
            states += self._states(pool, upstreams)
        if states:
            self._change("; ".join(states))
        for pool, upstreams in wanted.items():
            if (found := self.routes(pool)) != sorted(upstreams):
                routed = [each.address for each in found]
                raise DeployFailed(Message("release-proxy.haproxy-differs", backend=pool, routed=routed))

    def in_flight(self, address: str) -> int | None:
        """See `Balancer`."""
        host, _, port = address.rpartition(":")
        rows = _table(self._ask("show servers conn"), skip=0)
        return sum(int(row["used_cur"]) for row in rows if (row["addr"], row["port"]) == (host, port))

    def forget(self, address: str) -> None:
        """See `Balancer`. A server that is in use stays in maintenance, and is used again with its port."""
        for each in self._servers():
            if each.upstream.address == address and each.name.startswith("toban-"):
                self._ask(f"set server {each.path} state maint; del server {each.path}")

    def _states(self, pool: str, upstreams: Sequence[Upstream]) -> list[str]:
        """Add what is missing, and return the commands that change who gets requests: new ones first."""
        there = {each.upstream.address: each for each in self._servers(pool)}
        wanted = {each.address: each for each in upstreams}
        into, out = [], []
        for address, upstream in wanted.items():
            server = there.get(address) or self._add(pool, address)
            if server.upstream.weight != upstream.weight:
                into.append(f"set weight {server.path} {upstream.weight}")
            if server.is_out:
                into.append(f"set server {server.path} state ready")
        for address, server in there.items():
            if address not in wanted and not server.is_out:
                out.append(f"set server {server.path} state drain")
        return into + out

    def _add(self, pool: str, address: str) -> _Server:
        name = f"toban-{address.rpartition(':')[2]}"
        options = " ".join(("", *self._config.options))
        self._change(f"add server {pool}/{name} {address}{options}", expected=_ADDED)
        if "check" in self._config.options:
            self._change(f"enable health {pool}/{name}")
        return _Server(pool, name, Upstream(address), is_out=True)

    def _servers(self, pool: str = "") -> Sequence[_Server]:
        """Return the servers of *pool*, or of all."""
        answer = self._ask(f"show servers state {pool}")
        if not answer.lstrip().startswith("1"):
            said = Message("release-proxy.haproxy-refused", said=plain(answer.strip()[:500]))
            raise DeployFailed(said, hint=Message("release-proxy.name-the-backend"))
        return [
            _Server(
                row["be_name"],
                row["srv_name"],
                Upstream(f"{row['srv_addr']}:{row['srv_port']}", int(row["srv_uweight"])),
                is_out=bool(int(row["srv_admin_state"]) & _OUT),
            )
            for row in _table(answer, skip=1)
        ]

    def _change(self, commands: str, *, expected: str = "") -> None:
        said = self._ask(commands).strip()
        if said != expected:
            raise DeployFailed(Message("release-proxy.haproxy-refused", said=plain(said[:500])))

    def _ask(self, commands: str) -> str:
        where = self._config.socket
        try:
            with closing(_connected(where)) as channel:
                channel.sendall(commands.encode() + b"\n")
                channel.shutdown(socket.SHUT_WR)
                return b"".join(_pieces(channel)).decode("utf-8", "replace")
        except OSError as error:
            said = Message("release-proxy.haproxy-silent", socket=where, why=message_of(error))
            raise DeployFailed(said, hint=Message("release-proxy.look-at-haproxy"), retry=True) from error


def _connected(where: str) -> socket.socket:
    host, _, port = where.rpartition(":")
    if not where.startswith("/") and port.isdecimal():
        return socket.create_connection((host.strip("[]"), int(port)), timeout=_TIMEOUT)
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    channel.settimeout(_TIMEOUT)
    try:
        channel.connect(where)
    except OSError:
        channel.close()
        raise
    return channel


def _pieces(channel: socket.socket) -> Iterator[bytes]:
    read = 0
    while read < _MOST_BYTES and (piece := channel.recv(65536)):
        read += len(piece)
        yield piece


def _table(answer: str, *, skip: int) -> Iterator[Mapping[str, str]]:
    """Yield the rows of a table whose first line, after *skip* others, names its columns."""
    lines = answer.strip().splitlines()[skip:]
    if not lines:
        return
    names = lines[0].removeprefix("#").split()
    for line in lines[1:]:
        yield dict(zip(names, line.split(), strict=False))
