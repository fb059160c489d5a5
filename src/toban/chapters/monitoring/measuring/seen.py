"""The hosts that discovery has found, as every process knows them. See `toban.engine.changes.hosts`."""

from collections.abc import Mapping

from toban.chapters.monitoring.models import MonitorState
from toban.chapters.monitoring.operation import OPERATION
from toban.engine.changes.hosts import hosts_of
from toban.engine.editions.edition import Edition


def seen_hosts(edition: Edition) -> Mapping[str, frozenset[str]]:
    """Return the hosts of each target with discovery, but for those that the bindings name."""
    bindings = edition.bindings
    # Rows that count have places of their own as instances: a log, not a host.
    targets = {
        each.monitor.id: each.target
        for each in edition.plan(OPERATION).judged
        if each.target in bindings.discoveries and each.series == each.target
    }
    found: dict[str, set[str]] = {target: set() for target in bindings.discoveries}
    if targets:
        states = MonitorState.objects.filter(clause_id__in=targets).values_list("clause_id", "instance")
        for clause_id, instance in states:
            # The instance of a disk is that of its host, and the place where it is mounted.
            found[targets[clause_id]].add(instance.partition(" ")[0])
    named = hosts_of(bindings)
    return {target: frozenset(hosts - named.get(target, set()) - {""}) for target, hosts in found.items()}
