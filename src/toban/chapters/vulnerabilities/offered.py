"""What scans offer to other extensions; see `engine/found.py`."""

from collections.abc import Iterator, Mapping

from toban.chapters.vulnerabilities.inventories.host.config import HostInventory
from toban.chapters.vulnerabilities.models import Vulnerability, VulnerabilityScan
from toban.chapters.vulnerabilities.operation import OPERATION
from toban.chapters.vulnerabilities.plan import BoundInventory, ScanPlan
from toban.chapters.vulnerabilities.scanning import ScanAct
from toban.chapters.vulnerabilities.versions import VersionUnreadable, is_at_most
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.found import HostVulnerabilities
from toban.engine.runs.work import RunTurn


class _Scans:
    """See `VulnerabilityScans`."""

    def on_host(self, edition: Edition, host: str, installs: Mapping[str, str]) -> HostVulnerabilities | None:
        plan = edition.plan(OPERATION)
        names = [each.name for each in plan.inventories if _is_of(each, host)]
        if not names:
            return None
        found = Vulnerability.objects.open().filter(inventory__in=names).exclude(fixed="").worst_first()
        ends: dict[str, bool] = {}
        for each in found:
            # It has ended only if it has for all of its packages.
            ends[each.name] = ends.get(each.name, True) and _is_mended(each, installs)
        return HostVulnerabilities(
            tuple(name for name, is_over in ends.items() if is_over),
            tuple(name for name, is_over in ends.items() if not is_over),
        )

    def scan(self, edition: Edition, turn: RunTurn) -> bool:
        plan: ScanPlan = edition.plan(OPERATION)
        if plan.advisories is None or not plan.inventories:
            return False
        act = ScanAct(plan.inventories, plan.advisories, edition.bindings.system.zone, system_clock)
        act(turn)
        return not VulnerabilityScan.objects.get(run=turn.run_id).gaps


def _is_of(each: BoundInventory, host: str) -> bool:
    config = each.config
    return each.name == host or (
        isinstance(config, HostInventory) and config.host is not None and config.host.name == host
    )


def _is_mended(each: Vulnerability, installs: Mapping[str, str]) -> bool:
    versions = list(_versions(each, installs))
    family = each.ecosystem.partition(":")[0]
    try:
        return bool(versions) and all(is_at_most(family, each.fixed, version) for version in versions)
    except VersionUnreadable:
        return False


def _versions(each: Vulnerability, installs: Mapping[str, str]) -> Iterator[str]:
    """Yield the versions that the packages of *each* get; nothing if one of them gets none."""
    found = [installs.get(name, "") for name in each.installed or (each.package,)]
    if all(found):
        yield from found


SCANS = _Scans()
