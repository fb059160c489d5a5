"""The groups of chapter 9, as others may have them grown. See `toban.engine.deployments`."""

from contextlib import closing
from dataclasses import dataclass

from django.conf import settings

from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.plan import CapacityPlan, Group
from toban.engine.deployments import InstanceCount
from toban.engine.editions.edition import Edition
from toban.engine.notify.routing.contacts import folded

_HIGHEST = 10_000


def find(edition: Edition, name: str) -> "OfferedGroup | None":
    """Return the group that is bound as *name*; None if Toban scales no such one."""
    plan: CapacityPlan = edition.plan(OPERATION)
    ours = (group for group in plan.groups if group.is_ours and folded(group.name) == folded(name))
    found = next(ours, None)
    return None if found is None else OfferedGroup(found)


@dataclass(frozen=True, slots=True)
class OfferedGroup:
    """See `ScaledGroup`."""

    group: Group

    @property
    def key(self) -> str:
        """See `ScaledGroup`."""
        return self.group.key

    def size(self) -> InstanceCount:
        """See `ScaledGroup`."""
        with closing(self.group.opened(settings.HOME, settings.PARTS.ports)) as scaler:
            size = scaler.size()
        allowed = (most for most in (self.group.most, size.most) if most is not None)
        return InstanceCount(size.wanted, size.serving, min(allowed, default=_HIGHEST))
