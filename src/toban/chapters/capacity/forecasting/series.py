"""What a resource used, a value a day. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]
WEEK = 7


@dataclass(frozen=True, slots=True, eq=False)
class UsageSeries:
    """The medians of successive days, from *first* on.

    A day without measurements is NaN; an infinite value counts as not measured.
    """

    first: date
    values: Floats

    @property
    def end(self) -> date:
        """The day after the last one: the first that is forecast."""
        return self.first + timedelta(days=len(self.values))

    @property
    def measured(self) -> Flags:
        """Which days were measured."""
        return np.isfinite(self.values)
