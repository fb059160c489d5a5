"""What the ledgers know besides the version in force: found hosts, serving versions, deputies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from toban.engine.changes.hosts import SEEN_HOSTS
from toban.engine.editions.edition import Edition
from toban.engine.instances.offered import SERVING, ServingVersion
from toban.engine.notify.duty import overrides
from toban.engine.notify.duty.roster import Override
from toban.engine.registry.ports import Ports


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand at a moment. It changes only by what is recorded, never by the clock alone."""

    hosts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Those that discovery has found, by target."""
    serving: Sequence[ServingVersion] = ()
    deputies: Sequence[Override] = ()
    """Those of now and later."""


NOTHING_KNOWN = Standing()
"""Before anything was measured, released or ordered."""


def standing_at(edition: Edition, ports: Ports, now: datetime) -> Standing:
    """Return how things stand at *now*."""
    hosts = {target: each for find in ports.all(SEEN_HOSTS) for target, each in find(edition).items()}
    serving = [each for find in ports.all(SERVING) for each in find(edition)]
    return Standing(hosts, serving, overrides.unended(now))
