"""The extension point for finding hosts that come and go: one small Protocol, one failure type."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from toban.engine.bindings.model import DiscoveryBinding
from toban.engine.registry.kinds import KindPoint

MOST_HOSTS = 2_000
"""Of one discovery: more is a mistake in it rather than a fleet."""
_LONGEST = 255


class Undiscovered(Exception):
    """Which hosts there are could not be found out; the message says why, and holds no secret.

    That says nothing of the hosts: none of them is gone for it.
    """


@dataclass(frozen=True, slots=True)
class Host:
    """A host that was found."""

    name: str
    """What operators call it; no other host of the discovery is called so."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What a template may take from it: `address`, `host` and others of the kind's own."""


class Discovery(Protocol):
    """Where hosts are looked up. One thread uses it at a time."""

    @property
    def place(self) -> str:
        """What operators call it: `ec2 Role=web`. No secret is in it."""

    def look(self) -> Sequence[Host]:
        """Return all hosts that there are now, none included, or raise `Undiscovered`."""


@dataclass(frozen=True, slots=True)
class DiscoveryKind:
    """A kind of discovery as `toban.toml` names it; the registration in `wiring.py` gives it that name."""

    config: type[DiscoveryBinding]
    build: Callable[[Any], Discovery]
    """Makes a discovery of a valid config; looks at nothing yet."""


def checked(hosts: Sequence[Host]) -> Sequence[Host]:
    """Return *hosts* by name, or raise `Undiscovered` where they are too many or one can't be."""
    if len(hosts) > MOST_HOSTS:
        raise Undiscovered(f"{len(hosts)} 台も見つかりました（{MOST_HOSTS} 台まで）")
    for host in hosts:
        odd = [
            text for text in (host.name, *host.values.values()) if len(text) > _LONGEST or not _is_plain(text)
        ]
        if odd or not host.name:
            raise Undiscovered(f"名前や値として使えない文字か長さです（{host.name[:_LONGEST]!r}）")
    by_name = {host.name: host for host in hosts}
    if len(by_name) < len(hosts):
        raise Undiscovered("同じ名前の機械が二度出てきます")
    return [by_name[name] for name in sorted(by_name)]


def host_of(address: str) -> str:
    """Return the host of `host:port`: `web-1`, `::1` of `[::1]:9100`."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.rpartition(":")[0] if address.count(":") == 1 else address


def _is_plain(text: str) -> bool:
    return text.isprintable()


DISCOVERY_KINDS = KindPoint("discoveries", DiscoveryKind)
"""`kind = "…"` of a target's discovery."""
