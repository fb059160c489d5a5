"""What a group's scaler says about its size."""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from toban.chapters.capacity.scaler import SCALER_KINDS, SCALING, Scaler, ScalerSite, ScalingFailed
from toban.chapters.capacity.usage import UsageReading, UsageSite, UsageUnknown
from toban.chapters.capacity.usage_sources.group.config import GroupUsage
from toban.message import NOTHING, Message, message_of


@dataclass(frozen=True, slots=True)
class GroupSource:
    """See `UsageSource`. The scaler is opened for each look: what is bound may change."""

    config: GroupUsage
    site: UsageSite

    def measure(self, _now: datetime) -> UsageReading:
        """See `UsageSource`."""
        with closing(self._opened()) as scaler:
            try:
                size = scaler.size()
            except ScalingFailed as failed:
                raise UsageUnknown(message_of(failed)) from failed
        return UsageReading(float(size.serving), None if size.most is None else float(size.most))

    def close(self) -> None:
        """See `UsageSource`: nothing is kept open."""

    def _opened(self) -> Scaler:
        edition, name = self.site.edition, self.config.group
        bound = SCALING.of(edition.bindings).get(name)
        if bound is None:
            known = tuple(SCALING.of(edition.bindings))
            hint = Message("capacity-usage.known-scaling", groups=known) if known else NOTHING
            raise UsageUnknown(Message("capacity-usage.no-such-scaling", group=name), hint=hint)
        kind = edition.kinds.of(SCALER_KINDS)[bound.kind]
        site = ScalerSite(name, self.site.folder, settings.HOME, settings.PARTS.ports, edition)
        return kind.open(bound.config, site)
