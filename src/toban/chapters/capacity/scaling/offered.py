"""The groups of chapter 9, as others may have them grown. See `toban.engine.instances.offered`."""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.plan import CapacityPlan, Group
from toban.chapters.capacity.scaler import GroupSize
from toban.chapters.capacity.scaling.looking import seen_of
from toban.chapters.capacity.scaling.rules import Spare, spare
from toban.engine.editions.edition import Edition
from toban.engine.instances.offered import GroupLoad, InstanceCount
from toban.engine.notify.routing.contacts import folded
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.message import Message

_HIGHEST = 10_000


def find(edition: Edition, name: str) -> "OfferedGroup | None":
    """Return the group that is bound as *name*; None if Toban scales no such one."""
    plan: CapacityPlan = edition.plan(OPERATION)
    found = [group for group in plan.groups if group.is_ours and folded(group.name) == folded(name)]
    return OfferedGroup(tuple(found)) if found else None


@dataclass(frozen=True, slots=True)
class OfferedGroup:
    """See `ScaledGroup`."""

    rules: tuple[Group, ...]
    """The same group by each of the rules about it."""

    @property
    def group(self) -> Group:
        """The group."""
        return self.rules[0]

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

    def load(self, size: InstanceCount, to: int, now: datetime) -> GroupLoad:
        """See `ScaledGroup`."""
        try:
            found = [self._load(rule, size, to, now) for rule in self.rules]
        except (StoreUnavailable, StoreRefused):
            return GroupLoad(unknown=Message("capacity.no-store"))
        doubtful = (each for each in found if each.needed or each.unknown)
        return next((each for each in found if each.needed), next(doubtful, GroupLoad()))

    @staticmethod
    def _load(rule: Group, size: InstanceCount, to: int, now: datetime) -> GroupLoad:
        seen = seen_of(rule, GroupSize(size.wanted, size.serving), telemetry(), now)
        stand, most = spare(rule.terms, seen, to)
        match stand:
            case Spare.DOWN:
                return GroupLoad(unknown=Message("capacity.is-down", names=seen.down))
            case Spare.UNKNOWN:
                return GroupLoad(unknown=Message("capacity.too-few-samples", group=rule.name))
            case Spare.NEEDED:
                unit = rule.metric.unit
                said = Message(
                    "capacity.would-reach",
                    group=rule.name,
                    to=to,
                    most=f"{most or 0.0:.1f}{unit}",
                    limit=f"{rule.limit:g}{unit}",
                )
                return GroupLoad(needed=said)
            case Spare.FREE:
                return GroupLoad()
