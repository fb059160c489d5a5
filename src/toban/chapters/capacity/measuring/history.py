"""The past of what is measured, from its samples."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta

import numpy as np

from toban.chapters.capacity.forecasting.series import UsageSeries
from toban.design.values.metric import Metric
from toban.engine.bindings.model import System
from toban.engine.telemetry.store import Telemetry


def days_of(
    telemetry: Telemetry, resources: Collection[str], system: System, now: datetime
) -> Mapping[str, UsageSeries]:
    """Return the daily medians of each of *resources* until yesterday; none of what was never measured.

    A day is one of the document's time zone. Raises as `Telemetry.ask` does.
    """
    today = now.astimezone(system.zone).date()
    rows = telemetry.ask(
        """SELECT target, toDate(at, {zone:String}) AS day, quantile(0.5)(mean) FROM (
            SELECT target, at, sum(total) / sum(count) AS mean FROM samples_5m
            WHERE metric = {metric:String} AND target IN {targets:Array(String)} GROUP BY target, at
        ) GROUP BY target, day ORDER BY target, day""",
        {"metric": Metric.USED_AMOUNT.value, "targets": sorted(resources), "zone": system.timezone},
    )
    found: dict[str, dict[date, float]] = {}
    for target, day, median in rows:
        if day < today:
            found.setdefault(target, {})[day] = median
    return {target: _series(days, today) for target, days in found.items()}


def first_measured(telemetry: Telemetry, metric: Metric, target: str) -> datetime | None:
    """Return when *target* was measured first; None if it never was. Raises as `Telemetry.ask` does."""
    rows = telemetry.ask(
        """SELECT count(), toUnixTimestamp(min(at)) FROM samples_5m
        WHERE metric = {metric:String} AND target = {target:String}""",
        {"metric": metric.value, "target": target},
    )
    count, first = rows[0]
    return datetime.fromtimestamp(first, tz=UTC) if count else None


def _series(days: Mapping[date, float], today: date) -> UsageSeries:
    first = min(days)
    values = np.full((today - first) // timedelta(days=1), np.nan)
    for day, median in days.items():
        values[(day - first).days] = median
    return UsageSeries(first, values)
