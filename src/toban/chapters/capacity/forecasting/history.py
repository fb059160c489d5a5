"""A series made ready to be continued: no gaps, no excursions, one level. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from toban.chapters.capacity.forecasting.jumps import Jump, JumpKind, growth, recognised, shifts
from toban.chapters.capacity.forecasting.rhythm import Rhythm, rhythm
from toban.chapters.capacity.forecasting.series import WEEK, Flags, Floats, UsageSeries

EXCEPTIONS = 2
"""Jumps of a kind that come more often are how the resource is used: they are not taken out."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What a forecast is made from."""

    first: date
    actual: Floats
    """The measured values, or NaN, on the level of today: exceptional jumps are taken out."""
    typical: Floats
    """The same without gaps, holidays and outages."""
    ordinary: Flags
    """Which days were measured, and are part of no holiday or outage."""
    jumps: tuple[Jump, ...] = ()
    """Those taken out, and those that come again and again."""

    @property
    def recurring(self) -> tuple[Jump, ...]:
        """The clean-ups that come again and again, and are therefore left in."""
        clean_ups = _of_kind(self.jumps, JumpKind.CLEAN_UP)
        return clean_ups if len(clean_ups) > EXCEPTIONS else ()

    @property
    def rhythm(self) -> Rhythm | None:
        """When the recurring clean-ups come, if that can be told."""
        return rhythm(self.recurring, self.first)


def histories(series: UsageSeries) -> tuple[History, ...]:
    """Make *series* ready: its first and last day measured, at least four weeks of it.

    If jumps were taken out, a second history has them left in. It is forecast worse, if they were jumps.
    """
    values = np.where(series.measured, series.values, np.nan)
    found = recognised(filled(values, series.measured))
    ordinary = series.measured.copy()
    for start, end in found.excursions:
        ordinary[start:end] = False
    raised = shifts(_exceptional(found.lasting), len(values))
    levelled = values - raised + raised[-1]
    first = History(series.first, levelled, filled(levelled, ordinary), ordinary, found.lasting)
    if not raised.any():
        return (first,)
    return first, History(series.first, values, filled(values, ordinary), ordinary)


def _exceptional(jumps: Sequence[Jump]) -> tuple[Jump, ...]:
    """Return the jumps that are not expected again."""
    by_kind = (_of_kind(jumps, kind) for kind in JumpKind)
    return tuple(jump for same in by_kind if len(same) <= EXCEPTIONS for jump in same)


def _of_kind(jumps: Sequence[Jump], kind: JumpKind) -> tuple[Jump, ...]:
    return tuple(jump for jump in jumps if jump.kind is kind)


def filled(values: Floats, known: Flags) -> Floats:
    """Return *values* with those not *known* filled in: the same weekday's last known one, and usual growth.

    A jump within a gap thereby stays a jump, at its end. A weekday that is never known takes the day before.
    """
    if known.all():
        return values
    days = np.arange(len(values))
    slope = growth(values)
    by_weekday = _last_known(known, WEEK)
    source = np.where(by_weekday >= 0, by_weekday, _last_known(known, 1))
    return np.where(known, values, values[source] + slope * (days - source))


def _last_known(known: Flags, stride: int) -> np.ndarray:
    """Return for each day the last known one, whole strides before it, else after it; -1 if there is none."""
    rows = -(-len(known) // stride)
    days = np.arange(rows * stride).reshape(rows, stride)
    is_known = np.resize(np.concatenate((known, np.zeros(rows * stride - len(known), bool))), (rows, stride))
    before = np.maximum.accumulate(np.where(is_known, days, -1), axis=0)
    after = np.minimum.accumulate(np.where(is_known, days, rows * stride)[::-1], axis=0)[::-1]
    after = np.where(after < rows * stride, after, -1)
    return np.where(before >= 0, before, after).ravel()[: len(known)]
