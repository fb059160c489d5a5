"""Fills the timelines of incidents from what the engine records. Gathering again adds nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q

from toban.chapters.incident.models import Incident, TimelineEntry
from toban.chapters.incident.timeline import done, told
from toban.chapters.incident.timeline.kinds import EntryKind, GatheredEntry
from toban.chapters.incident.timeline.scene import Scene, scene_of
from toban.engine.editions.edition import Edition
from toban.engine.impact.spikes import SPIKES, SpikeQuestion
from toban.engine.registry.ports import Ports

if TYPE_CHECKING:
    from toban.engine.telemetry.store import Telemetry

EVERY = 2.0
"""Seconds between two looks."""
_SPIKES_EVERY = timedelta(minutes=1)
"""Spikes are looked for in the telemetry store: less often."""
_AFTER_CLOSING = timedelta(minutes=10)
"""What was still on its way when an incident was closed belongs to it."""
_AT_ONCE = 50
"""Incidents that one step looks at, the newest first."""
_LONGEST_KEY = 200

_SOURCES: Sequence[Callable[[Scene], Iterable[GatheredEntry]]] = (told.lines, done.lines)


class Gathering:
    """The timelines of incidents. One thread drives `step`."""

    def __init__(self, telemetry: "Telemetry", ports: Ports) -> None:
        self._telemetry, self._ports = telemetry, ports
        self._looked: dict[int, datetime] = {}
        """When spikes were last looked for; lost with the process, which then looks once more."""

    def step(self, edition: Edition, now: datetime) -> None:
        """Gather for every incident that is open, or was until shortly ago."""
        lately = Q(closed_at=None) | Q(closed_at__gt=now - _AFTER_CLOSING)
        followed = list(Incident.objects.filter(lately, merged_into=None).order_by("-pk")[:_AT_ONCE])
        self._looked = {each.pk: self._looked[each.pk] for each in followed if each.pk in self._looked}
        for incident in followed:
            scene = scene_of(incident, edition, now)
            gather(scene, self._spikes(scene, edition, now))

    def _spikes(self, scene: Scene, edition: Edition, now: datetime) -> Iterator[GatheredEntry]:
        last = self._looked.get(scene.incident.pk)
        if last is not None and now - last < _SPIKES_EVERY:
            return
        self._looked[scene.incident.pk] = now
        question = SpikeQuestion(edition, scene.since, scene.until, self._telemetry)
        for find in self._ports.all(SPIKES):
            for each in find(question):
                yield GatheredEntry(f"spike/{each.key}", EntryKind.SPIKE, each.at, each.said, url=each.url)


def gather(scene: Scene, spikes: Iterable[GatheredEntry] = ()) -> int:
    """Add what is known by now and not on the timeline yet; return how many lines are new."""
    found = {each.key: each for source in _SOURCES for each in source(scene)}
    found |= {each.key: each for each in spikes}
    known = set(scene.incident.timeline.values_list("key", flat=True))
    new = [each for key, each in found.items() if key[:_LONGEST_KEY] not in known]
    new.sort(key=lambda each: each.at)
    # Most looks find nothing new: then nothing is written.
    TimelineEntry.objects.bulk_create(
        [
            TimelineEntry(
                incident=scene.incident,
                key=each.key[:_LONGEST_KEY],
                kind=each.kind,
                at=each.at,
                said=each.said,
                by=each.by[:150],
                url=each.url,
            )
            for each in new
        ],
        batch_size=100,
        # Another worker may lead by now, and gather the same.
        ignore_conflicts=True,
    )
    return len(new)
