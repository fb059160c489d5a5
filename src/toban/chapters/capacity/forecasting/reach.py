"""When a forecast reaches a level. Pure."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from toban.chapters.capacity.forecasting.forecast import Forecast
from toban.chapters.capacity.forecasting.series import Floats


@dataclass(frozen=True, slots=True)
class Reach:
    """The first day on which a level is reached; None where the forecast doesn't reach it within its days."""

    on: date | None
    earliest: date | None
    """By the upper end of the interval."""
    latest: date | None
    """By the lower end of the interval."""
    already: bool = False
    """The last measured value has reached it: there is nothing left to forecast, and no date."""


def reach(forecast: Forecast, level: float) -> Reach:
    """Say when *forecast* first reaches *level*, in the unit of the series."""
    if forecast.latest >= level:
        return Reach(None, None, None, already=True)
    return Reach(
        _first_on(forecast, forecast.values, level),
        _first_on(forecast, forecast.high, level),
        _first_on(forecast, forecast.low, level),
    )


def _first_on(forecast: Forecast, line: Floats, level: float) -> date | None:
    reached = np.flatnonzero(line >= level)
    return forecast.day(int(reached[0])) if reached.size else None
