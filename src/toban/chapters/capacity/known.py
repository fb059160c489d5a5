"""What is known of the resources now: readings and forecasts joined with the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from toban.chapters.capacity.amounts import percent
from toban.chapters.capacity.forecasting.forecast import Forecast
from toban.chapters.capacity.forecasting.reach import Reach, reach
from toban.chapters.capacity.models import ResourceReading
from toban.chapters.capacity.outlooks import ResourceOutlook, outlooks
from toban.chapters.capacity.plan import CapacityPlan, Resource
from toban.message import Message

_FULL = 1.0
_MISSED = 3
"""So many readings in a row may be missing before a resource counts as not measured."""
_LATELY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class KnownResource:
    """One resource: its row, what is used, and what is forecast."""

    resource: Resource
    reading: ResourceReading | None
    outlook: ResourceOutlook | None

    @property
    def used(self) -> float | None:
        """How much is used, as it was read last."""
        return self.reading.used if self.reading is not None else None

    def is_fresh(self, now: datetime) -> bool:
        """Return whether it was read lately enough to say how it is."""
        read_at = self.reading.read_at if self.reading is not None else None
        return read_at is not None and now - read_at <= max(_MISSED * self.resource.config.every, _LATELY)

    @property
    def limit(self) -> float:
        """The limit that is met first: the document's, or reality's."""
        stated = self.resource.stated_limit or 0.0
        real = self.reading.limit if self.reading is not None else None
        return stated if real is None else min(stated, real)

    @property
    def share(self) -> float | None:
        """How much of the limit is used, 0 to 1 and more; None if it is not known."""
        return None if self.used is None or self.limit <= 0 else self.used / self.limit

    @property
    def level(self) -> float:
        """The share of the limit that is waited for: that of the row, else all."""
        return self.resource.extend_share or _FULL

    def reaches(self, share: float, changed: Forecast | None = None) -> Reach | None:
        """Return when *share* of the limit is reached by the forecast, or by one that was *changed*."""
        found = changed or (self.outlook.forecast if self.outlook is not None else None)
        return None if found is None or self.limit <= 0 else reach(found, share * self.limit)

    def days_left(self, today: date) -> int | None:
        """Return the days until the level is reached; 0 if it is, None if that is not forecast."""
        if self.share is not None and self.share >= self.level:
            return 0
        found = self.reaches(self.level)
        if found is None or (found.on is None and not found.already):
            return None
        return 0 if found.on is None else max((found.on - today).days, 0)

    @property
    def words(self) -> Message:
        """The forecast in words, or why there is none."""
        if self.outlook is None:
            return Message("capacity.no-forecast-made")
        found, forecast = self.reaches(self.level), self.outlook.forecast
        if found is None or forecast is None:
            return self.outlook.why_none
        share, error = percent(self.level), percent(forecast.error)
        if found.already:
            return Message("capacity.reached-already", share=share)
        if found.on is None:
            return Message("capacity.not-within-the-year", share=share, error=error)
        code = "capacity.reaches-by" if found.latest is None else "capacity.reaches"
        between = {"earliest": found.earliest or found.on, "latest": found.latest}
        return Message(code, share=share, on=found.on, error=error, **between)


def known(plan: CapacityPlan) -> Sequence[KnownResource]:
    """Return the resources of *plan* with what is known of each, in the order of the rows."""
    names = [each.row.resource for each in plan.resources]
    readings = ResourceReading.objects.in_bulk(names)
    forecasts = outlooks(names)
    return [
        KnownResource(each, readings.get(each.row.resource), forecasts.get(each.row.resource))
        for each in plan.resources
    ]


def ranked(found: Sequence[KnownResource], now: date) -> Sequence[KnownResource]:
    """Return *found* by the days that are left, the fewest first; those without a forecast by their share."""

    def urgency(each: KnownResource) -> tuple[int, float]:
        left = each.days_left(now)
        return (10**6 if left is None else left, -(each.share or 0.0))

    return sorted(found, key=urgency)
