"""A rule replayed on what was measured: how often it would have scaled, and what that would have cost."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from toban.chapters.capacity.measuring.history import first_measured
from toban.chapters.capacity.plan import CapacityPlan, Group
from toban.chapters.capacity.scaler import ScalingFailed
from toban.chapters.capacity.scaling.rules import MINUTE, GroupMinutes, Replay, replay
from toban.chapters.capacity.scaling.samples import minutes_of, whole_minutes
from toban.design.values.metric import Metric
from toban.design.values.money import Money
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.routing.contacts import folded
from toban.engine.orders import NotPossible
from toban.engine.registry.ports import Ports
from toban.engine.telemetry.store import Telemetry
from toban.message import Message, message_of

LONGEST = 364
"""Days: the store keeps samples for a year."""
_DAY = timedelta(days=1)
_CHUNK = 7 * 24 * 60
"""Minutes that are asked for at once."""
_MONTH = timedelta(days=365.25 / 12)
_WHOLE_CURRENCIES = ("JPY",)


@dataclass(frozen=True, slots=True)
class ReplaySite:
    """Where a replay asks."""

    telemetry: Telemetry
    home: Path
    ports: Ports


@dataclass(frozen=True, slots=True)
class GroupReplay:
    """What one rule would have done to its group, from *begins* to *ends*."""

    group: Group
    begins: datetime
    ends: datetime
    size: int
    """How many instances there were at the beginning."""
    size_from: Message
    """Where that is known from."""
    found: Replay

    @property
    def cost(self) -> Money | None:
        """What the added instances would have cost until the end; None if no price is bound."""
        price = self.group.config.price
        if price is None:
            return None
        months = Decimal(self.found.instance_time / _MONTH)
        digits = Decimal(1) if price.currency in _WHOLE_CURRENCIES else Decimal("0.01")
        return Money((price.amount * months).quantize(digits), price.currency)


def replays(
    plan: CapacityPlan,
    group: str,
    days: int,
    site: ReplaySite,
    now: datetime,
    told: Callable[[int, int], None] = lambda _done, _count: None,
) -> Iterator[GroupReplay]:
    """Yield the replay of each rule about *group* over the last *days*; *told* is called as it goes on.

    Raises `NotPossible`, and as `Telemetry.ask` does.
    """
    for each in groups_named(plan, group):
        yield replayed(each, plan, days, site, now, told)


def groups_named(plan: CapacityPlan, name: str) -> list[Group]:
    """Return the group called *name* by each of the rules about it; raise `NotPossible` if there is none."""
    found = [each for each in plan.groups if folded(each.name) == folded(name)]
    if not found:
        known = tuple(dict.fromkeys(each.name for each in plan.groups))
        hint = Message("capacity.known-groups", names=known) if known else Message("capacity.bind-a-group")
        raise NotPossible(Message("capacity.no-such-group", name=name), hint)
    return found


def replayed(
    group: Group,
    plan: CapacityPlan,
    days: int,
    site: ReplaySite,
    now: datetime,
    told: Callable[[int, int], None],
) -> GroupReplay:
    """Return the replay of one rule about its group; see `replays`."""
    ends = whole_minutes(now)
    site.telemetry.ensure_schema()
    first = first_measured(site.telemetry, group.metric, group.target)
    if first is None or first >= ends:
        said = Message("capacity.nothing-to-replay", target=group.target, metric=group.metric.label)
        raise NotPossible(said, Message("capacity.measure-the-target"))
    begins = max(first, ends - days * _DAY)
    minutes = _minutes(group, site.telemetry, begins, ends, told)
    size, size_from = _size(group, plan, site, begins)
    return GroupReplay(group, begins, ends, size, size_from, replay(group.terms, minutes, begins, size))


def _minutes(
    group: Group,
    telemetry: Telemetry,
    begins: datetime,
    ends: datetime,
    told: Callable[[int, int], None],
) -> GroupMinutes:
    """Return every minute from *begins* to *ends*, asked for a week at a time."""
    count = (ends - begins) // MINUTE
    parts = []
    for done in range(0, count, _CHUNK):
        some = min(_CHUNK, count - done)
        end = begins + (done + some) * MINUTE
        parts.append(minutes_of(telemetry, group.metric, group.target, end, some))
        told(done + some, count)
    return GroupMinutes(
        np.concatenate([each.means for each in parts]), np.concatenate([each.there for each in parts])
    )


def _size(group: Group, plan: CapacityPlan, site: ReplaySite, begins: datetime) -> tuple[int, Message]:
    """Return how many instances there were at the beginning, as far as that is known, and from where."""
    if (counted := _counted(group, plan, site.telemetry, begins)) is not None:
        return counted, Message("capacity.size-was-measured")
    if (recorded := _recorded(group, begins)) is not None:
        return recorded, Message("capacity.size-was-recorded")
    try:
        with closing(group.opened(site.home, site.ports)) as scaler:
            return scaler.size().wanted, Message("capacity.size-is-now")
    except ScalingFailed as failed:
        said = Message("capacity.size-unknown", group=group.name, why=message_of(failed))
        raise NotPossible(said, Message("capacity.check-group")) from failed


def _counted(group: Group, plan: CapacityPlan, telemetry: Telemetry, begins: datetime) -> int | None:
    """Return what the group's `resource` counted in the first day, if it counts one."""
    resource = plan.resource(group.config.resource) if group.config.resource else None
    if resource is None:
        return None
    rows = telemetry.ask(
        """SELECT argMin(total / count, at) FROM samples_5m
        WHERE metric = {metric:String} AND target = {target:String}
        AND at >= fromUnixTimestamp({start:Int64}) AND at < fromUnixTimestamp({end:Int64})
        HAVING count() > 0""",
        {
            "metric": Metric.USED_AMOUNT.value,
            "target": resource.row.resource,
            "start": int(begins.timestamp()),
            "end": int((begins + _DAY).timestamp()),
        },
    )
    return max(round(rows[0][0]), 1) if rows else None


def _recorded(group: Group, begins: datetime) -> int | None:
    """Return the size by what Toban has recorded of its own scaling."""
    changes = LedgerEntry.objects.filter(
        kind=LedgerEntry.Kind.AUDIT, content__event="group-scaled", content__group=group.name
    )
    if (before := changes.filter(at__lte=begins).order_by("-sequence").first()) is not None:
        return int(before.content["after"])
    after = changes.filter(at__gt=begins).order_by("sequence").first()
    return int(after.content["before"]) if after is not None else None
