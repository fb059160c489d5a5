"""A row and its instances from one step to the next. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from toban.chapters.monitoring.measuring.board import ANSWERS_TO_KNOW, FeedSlot
from toban.chapters.monitoring.measuring.feeds import JudgedMonitor
from toban.chapters.monitoring.measuring.lookout import DiscoveryOutlook
from toban.chapters.monitoring.rules import InstanceWatch, is_silent, observe, silence
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
        # Asked first: of a thousand instances, as a rule none is silent, and nobody needs a reason.
        if is_silent(watch, judged.limits, listening_since=slot.since, now=now):
            why = _why_silent(slot, judged, now)
            watch = silence(watch, judged.limits, listening_since=slot.since, why=why, now=now)
        found[instance] = watch
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


def _why_silent(slot: FeedSlot, judged: JudgedMonitor, now: datetime) -> Message:
    lacking = Message("monitoring.no-value", item=judged.monitor.item)
    return slot.why_silent(now) or Message("monitoring.at-place", place=slot.label, said=lacking)


def _expected(
    watches: Watches, judged: JudgedMonitor, slots: Sequence[FeedSlot]
) -> Iterator[tuple[FeedSlot, str]]:
    """Yield every instance that should have a value for this row, with the slot that should provide it.

    What was measured once should be measured again. A place that has not answered yet may still have a value.
    One that has answered without a value for this row is expected to have one only if no other place has any.
    """
    has_any = False
    able = [slot for slot in slots if judged.limits.metric in slot.measures]
    by_place = _by_place(each.instance for each in watches.values() if each.measured_at)
    for slot in able:
        measured = by_place.get(slot.label, [])
        if not measured and slot.answers < ANSWERS_TO_KNOW:
            measured = [slot.label]
        yield from ((slot, instance) for instance in measured)
        has_any = has_any or bool(measured)
    if not has_any:
        yield from ((slot, slot.label) for slot in able[:1])


def _by_place(instances: Iterable[str]) -> Mapping[str, list[str]]:
    """Group *instances* by every place that each may be of: itself, or what it is a part of.

    `web-1 /var/lib` is of `web-1 /var/lib`, and of `web-1`, whose mount point it names.
    """
    found = defaultdict(list)
    for instance in instances:
        found[instance].append(instance)
        end = instance.find(" ")
        while end >= 0:
            found[instance[:end]].append(instance)
            end = instance.find(" ", end + 1)
    return found
