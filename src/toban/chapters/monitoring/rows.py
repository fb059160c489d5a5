"""A row and its instances from one step to the next. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from toban.chapters.monitoring.measuring.board import ANSWERS_TO_KNOW, FeedSlot
from toban.chapters.monitoring.measuring.feeds import JudgedMonitor
from toban.chapters.monitoring.measuring.lookout import DiscoveryOutlook
from toban.chapters.monitoring.rules import InstanceWatch, observe, silence
from toban.chapters.monitoring.source import Measurement
from toban.message import Message

type Watches = Mapping[str, InstanceWatch]
"""Instance → its watch, of one row."""


def after(
    watches: Watches,
    readings: Sequence[Measurement],
    *,
    judged: JudgedMonitor,
    slots: Sequence[FeedSlot],
    now: datetime,
    outlook: DiscoveryOutlook | None = None,
) -> dict[str, InstanceWatch]:
    """Return the row's watches after *readings* of its metric; *slots* are those of its target.

    Instances that should have a value and have none become silent; those no longer measured are left out.
    *outlook* is what is known about the target's discovered hosts. While discovery fails, none of them is
    considered gone; if there are no hosts, that is a silence too.
    """
    seen = dict(watches)
    for reading in readings:
        former = seen.get(reading.instance) or InstanceWatch(reading.instance, None, reading.at)
        seen[reading.instance] = observe(former, reading, judged.limits)
    found = {}
    for slot, instance in _expected(seen, judged, slots):
        watch = seen.get(instance) or InstanceWatch(instance, None, slot.since)
        lacking = Message("monitoring.no-value", item=judged.monitor.item)
        why = slot.why_silent(now) or Message("monitoring.at-place", place=slot.label, said=lacking)
        found[instance] = silence(watch, judged.limits, listening_since=slot.since, why=why, now=now)
    if outlook is None:
        return found
    unseen = {} if outlook.is_known else {name: watch for name, watch in seen.items() if name not in found}
    if not found and not unseen:
        unseen = {outlook.label: seen.get(outlook.label) or InstanceWatch(outlook.label, None, outlook.since)}
    looking = Message(
        "monitoring.at-place", place=outlook.label, said=Message("monitoring.looking-for-hosts")
    )
    why = outlook.trouble or looking
    for instance, watch in unseen.items():
        found[instance] = silence(watch, judged.limits, listening_since=outlook.since, why=why, now=now)
    return found


def _expected(
    watches: Watches, judged: JudgedMonitor, slots: Sequence[FeedSlot]
) -> Iterator[tuple[FeedSlot, str]]:
    """Yield every instance that should have a value for this row, with the slot that should provide it.

    What was measured once should be measured again. A place that has not answered yet may still have a value.
    One that has answered without a value for this row is expected to have one only if no other place has any.
    """
    has_any = False
    able = [slot for slot in slots if judged.limits.metric in slot.measures]
    for slot in able:
        measured = [each.instance for each in watches.values() if each.measured_at and _is_of(slot, each)]
        if not measured and slot.answers < ANSWERS_TO_KNOW:
            measured = [slot.label]
        yield from ((slot, instance) for instance in measured)
        has_any = has_any or bool(measured)
    if not has_any:
        yield from ((slot, slot.label) for slot in able[:1])


def _is_of(slot: FeedSlot, watch: InstanceWatch) -> bool:
    """Say whether the watch is of the slot's place or of a part of it (a disk's mount point)."""
    return watch.instance == slot.label or watch.instance.startswith(f"{slot.label} ")
