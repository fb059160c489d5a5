"""The forecasts that are kept: made a few times a day, shown on pages, in tasks and by commands."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction

from toban.chapters.capacity.forecasting.bases import Basis
from toban.chapters.capacity.forecasting.forecast import (
    ENOUGH,
    Forecast,
    LevelJump,
    NoForecast,
    Unforecastable,
    forecast,
)
from toban.chapters.capacity.forecasting.jumps import JumpKind
from toban.chapters.capacity.forecasting.methods import ForecastMethod
from toban.chapters.capacity.forecasting.series import UsageSeries
from toban.chapters.capacity.measuring.history import days_of
from toban.chapters.capacity.models import Outlook, ResourceReading
from toban.chapters.capacity.plan import CapacityPlan
from toban.engine.telemetry.store import Telemetry
from toban.message import NOTHING, Message

HORIZON = 365
"""Days that are forecast."""
EVERY = timedelta(hours=6)
_FIRST = timedelta(minutes=1)
"""How soon it is tried again where not even a day is known."""


@dataclass(frozen=True, slots=True)
class ResourceOutlook:
    """What is forecast of a resource, or why nothing is."""

    resource: str
    made_at: datetime
    forecast: Forecast | None
    why_none: Message = NOTHING
    possible_on: date | None = None
    """When there will be one, if that is known."""


def look(plan: CapacityPlan, telemetry: Telemetry, now: datetime) -> None:
    """Make the forecasts that are due; raises as `Telemetry.ask` does."""
    known = {each.resource: each for each in Outlook.objects.all()}
    names = [each.row.resource for each in plan.resources]
    due = [name for name in names if _is_due(known.get(name), now)]
    gone = known.keys() - set(names)
    if not due and not gone:
        return
    days = days_of(telemetry, due, plan.system, now) if due else {}
    read = set(ResourceReading.objects.filter(trouble__code="").values_list("resource", flat=True))
    today = now.astimezone(plan.system.zone).date()
    # Every day is measured from now on: from then on there will be a forecast.
    first = {name: today + timedelta(days=ENOUGH) for name in due if name in read}
    made = [outlook_of(name, days.get(name), now, first.get(name)) for name in due]
    with transaction.atomic():
        Outlook.objects.filter(resource__in=gone).delete()
        for each in made:
            Outlook.objects.update_or_create(resource=each.resource, defaults=_columns(each))


def outlook_of(
    name: str, days: UsageSeries | None, now: datetime, possible_on: date | None = None
) -> ResourceOutlook:
    """Return what is forecast of the resource *name* by its *days*.

    None: no whole day was measured yet, and *possible_on* there could be a forecast.
    """
    found = (
        Unforecastable(NoForecast.NOTHING_MEASURED, possible_on) if days is None else forecast(days, HORIZON)
    )
    if isinstance(found, Forecast):
        return ResourceOutlook(name, now, found)
    on = found.possible_on
    code = f"capacity.no-forecast-{found.reason}"
    why = Message(code) if on is None else Message("capacity.possible-on", why=Message(code), on=on)
    return ResourceOutlook(name, now, None, why, on)


def outlooks(resources: Collection[str]) -> Mapping[str, ResourceOutlook]:
    """Return the newest forecasts of *resources*, by name."""
    return {each.resource: _read(each) for each in Outlook.objects.filter(resource__in=resources)}


def _is_due(known: Outlook | None, now: datetime) -> bool:
    if known is None or known.made_at > now:
        return True
    is_known = known.forecast is not None or known.possible_on is not None
    return now - known.made_at >= (EVERY if is_known else _FIRST)


def _columns(found: ResourceOutlook) -> dict[str, object]:
    return {
        "made_at": found.made_at,
        "forecast": kept(found.forecast) if found.forecast is not None else None,
        "why_none": found.why_none,
        "possible_on": found.possible_on,
    }


def _read(row: Outlook) -> ResourceOutlook:
    found = read(row.forecast) if row.forecast is not None else None
    return ResourceOutlook(row.resource, row.made_at, found, row.why_none, row.possible_on)


def kept(found: Forecast) -> dict[str, Any]:
    """Return *found* as JSON values."""
    return {
        "first": found.first.isoformat(),
        **{name: _rounded(getattr(found, name)) for name in ("values", "low", "high", "trend")},
        "latest": found.latest,
        "method": found.method.value,
        "basis": found.basis.value,
        "error": found.error,
        "jumps": [[each.on.isoformat(), each.size, each.kind.value] for each in found.jumps],
    }


def read(content: Mapping[str, Any]) -> Forecast:
    """Return what `kept` has made JSON of; the rhythm of clean-ups is in its values only."""
    lines = {name: np.array(content[name], dtype=np.float64) for name in ("values", "low", "high", "trend")}
    return Forecast(
        first=date.fromisoformat(content["first"]),
        **lines,
        latest=content["latest"],
        method=ForecastMethod(content["method"]),
        basis=Basis(content["basis"]),
        error=content["error"],
        jumps=tuple(
            LevelJump(date.fromisoformat(on), size, JumpKind(kind)) for on, size, kind in content["jumps"]
        ),
        rhythm=None,
    )


def _rounded(line: Any) -> Sequence[float]:
    return [float(f"{each:.6g}") for each in line.tolist()]
