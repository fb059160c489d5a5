"""A forecast as it would be if something changed. Pure."""

from dataclasses import replace
from datetime import date

import numpy as np

from toban.chapters.capacity.forecasting.forecast import Forecast


def changed(
    forecast: Forecast, on: date, *, added: float = 0.0, growth: float = 0.0, load: float = 0.0
) -> Forecast:
    """Return *forecast* with a change from the day *on*, which may lie before, within or after it.

    *added* is an amount that comes on top (200 GB are moved here). *growth* is the share by which all grows
    faster from then on (0.2: by a fifth). *load* is the share by which all is higher (0.2: a fifth more
    traffic). The interval moves with the values; with *load* it also widens.
    """
    days = len(forecast.values)
    start = min(max((on - forecast.first).days, 0), days)
    since = np.arange(days) >= start
    grown = forecast.trend - forecast.trend[min(start, days - 1)]
    risen = np.where(since, added + growth * grown, 0.0)
    factor = np.where(since, 1 + load, 1.0)
    return replace(
        forecast,
        values=forecast.values * factor + risen,
        low=forecast.low * factor + risen,
        high=forecast.high * factor + risen,
        trend=forecast.trend * factor + risen,
    )
