"""What scans for vulnerabilities offer to other extensions: what is open on a host, and another look."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from toban.engine.editions.edition import Edition
from toban.engine.registry.ports import Port
from toban.engine.runs.work import RunTurn


@dataclass(frozen=True, slots=True)
class HostVulnerabilities:
    """The open vulnerabilities of a host that a newer version mends, by their names."""

    closes: tuple[str, ...]
    """Those that end once the given packages are installed."""
    leaves: tuple[str, ...]
    """Those that stay all the same."""


class VulnerabilityScans(Protocol):
    """The scans of an edition."""

    def on_host(self, edition: Edition, host: str, installs: Mapping[str, str]) -> HostVulnerabilities | None:
        """Return what becomes of those of *host* with *installs*, or None if nobody scans it."""

    def scan(self, edition: Edition, turn: RunTurn) -> bool:
        """Scan everything once more for the turn's run; False unless everything could be looked at."""


SCANS: Port[VulnerabilityScans] = Port("vulnerability-scans")
