"""The extension point for discovering hosts that come and go: one small Protocol, one failure type."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from toban.engine.bindings.model import DiscoveryBinding
from toban.engine.registry.kinds import KindPoint
from toban.message import Message

MOST_HOSTS = 2_000
"""The limit of one discovery: more hosts are a configuration mistake rather than a fleet."""
_LONGEST = 255


class Undiscovered(Exception):
    """The list of hosts could not be determined; the message says why, and holds no secret.

    This says nothing about the hosts: none of them is considered gone.
    """


@dataclass(frozen=True, slots=True)
class DiscoveredHost:
    """A discovered host."""

    name: str
    """Its name for operators, unique within the discovery."""
    values: Mapping[str, str] = field(default_factory=dict)
    """The values a template may use: `address`, `host` and others specific to the kind."""


class Discovery(Protocol):
    """A place where hosts are looked up. One thread uses it at a time."""

    @property
    def place(self) -> str:
        """Its name for operators: `ec2 Role=web`. It contains no secret."""

    def look(self) -> Sequence[DiscoveredHost]:
        """Return all current hosts, possibly none, or raise `Undiscovered`."""


@dataclass(frozen=True, slots=True)
class DiscoveryKind:
    """A kind of discovery as named in `toban.toml`; the registration in `wiring.py` gives it that name."""

    config: type[DiscoveryBinding]
    build: Callable[[Any], Discovery]
    """Makes a discovery from a valid config; does not look anything up yet."""


def checked(hosts: Sequence[DiscoveredHost]) -> Sequence[DiscoveredHost]:
    """Return *hosts* by name, or raise `Undiscovered` if there are too many or one is invalid."""
    if len(hosts) > MOST_HOSTS:
        raise Undiscovered(Message("monitoring.too-many-hosts", count=len(hosts), most=MOST_HOSTS))
    for host in hosts:
        odd = [
            text for text in (host.name, *host.values.values()) if len(text) > _LONGEST or not _is_plain(text)
        ]
        if odd or not host.name:
            raise Undiscovered(Message("monitoring.bad-host-name", name=repr(host.name[:_LONGEST])))
    by_name = {host.name: host for host in hosts}
    if len(by_name) < len(hosts):
        raise Undiscovered(Message("monitoring.host-twice"))
    return [by_name[name] for name in sorted(by_name)]


def host_of(address: str) -> str:
    """Return the host of `host:port`: `web-1`, or `::1` for `[::1]:9100`."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.rpartition(":")[0] if address.count(":") == 1 else address


def _is_plain(text: str) -> bool:
    return text.isprintable()


DISCOVERY_KINDS = KindPoint("discoveries", DiscoveryKind)
"""`kind = "…"` of a target's discovery."""
