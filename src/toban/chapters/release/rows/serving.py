"""Which version serves where, for other extensions. See `toban.engine.instances.offered`."""

from collections.abc import Sequence

from toban.chapters.release.operation import OPERATION
from toban.chapters.release.ordering.planning import newest_served_by
from toban.engine.editions.edition import Edition
from toban.engine.instances.offered import ServingVersion


def serving(edition: Edition) -> Sequence[ServingVersion]:
    """Return what serves in each environment. See `FindServing`."""
    deployments = edition.plan(OPERATION).deployments
    newest = newest_served_by(deployments)
    return [
        ServingVersion(name, release.environment, release.artifact.label, release.served_at)
        for name in deployments
        if (release := newest.get(name)) is not None and release.served_at is not None
    ]
