"""The series that the benchmark forecasts: each kind says in words and in code what it is made of.

A series is drawn from a generator seeded by its kind, its number and the seed of the set, so that a set is
the same on every machine. There are quarter-hourly samples, as `predict_linear` sees them; Toban sees the
median of each day. The noise of number *n* is `NOISE[n]`: a day's own share, and as much again in each
sample.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

type Floats = NDArray[np.float64]

HELD_OUT = 30
"""The last days of each series, which no method sees."""
HISTORY = 365
NOISE = (0.002, 0.01, 0.02, 0.04, 0.08)
SAMPLES = 96
SWING = 0.3
"""How far traffic rises above its mean in the day, and falls below it at night, as a share."""
HOLIDAYS = ((1, 1, 4), (4, 29, 8), (8, 11, 6), (12, 28, 4))
"""Month, day and length of the weeks in which Japan is on holiday."""


@dataclass(frozen=True, slots=True)
class Stated:
    """One series: its samples by day, of which the last `HELD_OUT` days are held out."""

    kind: str
    number: int
    first: date
    samples: Floats
    """One row a day, `SAMPLES` columns; NaN where nothing was measured."""

    @property
    def daily(self) -> Floats:
        """The median of each day; NaN for a day without samples."""
        return np.median(self.samples, axis=1)


@dataclass(frozen=True, slots=True)
class Canvas:
    """What a kind draws with: its days, and the random numbers of its seed."""

    random: Generator
    first: date
    days: NDArray[np.int64]

    @property
    def known(self) -> int:
        """How many days come before those held out."""
        return len(self.days) - HELD_OUT

    def between(self, low: float, high: float) -> float:
        """Return a number between *low* and *high*."""
        return float(self.random.uniform(low, high))

    def line(self, monthly: float) -> Floats:
        """Return a line from 1 that grows by *monthly* of it in 30 days."""
        return 1 + monthly * self.days / 30

    def week(self, weekend: float) -> Floats:
        """Return a factor for each day: 1 on weekdays, about *weekend* on Saturdays and Sundays."""
        by_day = np.array([1, 1.02, 1.03, 1.01, 0.98, weekend, weekend * 0.95])
        return by_day[(self.days + self.first.weekday()) % 7]

    def after(self, day: int) -> Floats:
        """Return 0 before *day* and 1 from it on."""
        return np.where(self.days >= day, 1.0, 0.0)

    def day(self, low: float, high: float) -> int:
        """Return a day between two shares of the known history."""
        return int(self.known * self.between(low, high))

    def holidays(self) -> Floats:
        """Return 1 on each day of a holiday week, 0 otherwise."""
        years = range(self.first.year, self.first.year + len(self.days) // 365 + 2)
        starts = [
            ((date(year, month, day) - self.first).days, length)
            for year in years
            for month, day, length in HOLIDAYS
        ]
        off = np.zeros(len(self.days))
        for start, length in starts:
            off[max(start, 0) : max(start + length, 0)] = 1
        return off

    def teeth(self, growth: float, on: NDArray[np.bool_], kept: float) -> Floats:
        """Return what grows by *growth* a day, and and is cleaned up to *kept* of it on each day *on*."""
        level, levels = 0.0, []
        for cleaned in on:
            level = (level + growth) * (kept if cleaned else 1)
            levels.append(level)
        return np.array(levels)


def straight(canvas: Canvas) -> Floats:
    """A volume that grows by the same amount every day."""
    return canvas.line(canvas.between(0.005, 0.06))


def weekly(canvas: Canvas) -> Floats:
    """Connections: less at weekends, slowly more."""
    return canvas.line(canvas.between(0.01, 0.04)) * canvas.week(canvas.between(0.4, 0.8))


def level(canvas: Canvas) -> Floats:
    """A load that does not grow, less at weekends."""
    return np.ones(len(canvas.days)) * canvas.week(canvas.between(0.5, 0.95))


def step(canvas: Canvas) -> Floats:
    """A volume that grows, with one migration up or down in its history."""
    size = canvas.between(0.2, 0.8) * canvas.random.choice([1, -0.5])
    return canvas.line(canvas.between(0.01, 0.05)) + size * canvas.after(canvas.day(0.2, 0.92))


def monthly_teeth(canvas: Canvas) -> Floats:
    """A log volume that is rotated on the first of each month, and grows slowly."""
    firsts = np.array([(canvas.first + timedelta(days=int(day))).day == 1 for day in canvas.days])
    teeth = canvas.teeth(canvas.between(0.005, 0.02), firsts, kept=canvas.between(0, 0.3))
    return canvas.line(canvas.between(0, 0.03)) + teeth


def periodic_teeth(canvas: Canvas) -> Floats:
    """A volume that is cleaned up every so many days, 9 to 45."""
    every = int(canvas.between(9, 46))
    cleaned = (canvas.days + int(canvas.between(0, every))) % every == 0
    return canvas.line(canvas.between(0, 0.03)) + canvas.teeth(canvas.between(0.005, 0.02), cleaned, kept=0)


def holiday_weeks(canvas: Canvas) -> Floats:
    """Traffic that halves in the holiday weeks of Japan."""
    off = 1 - canvas.between(0.2, 0.5) * canvas.holidays()
    return canvas.line(canvas.between(0, 0.03)) * canvas.week(canvas.between(0.6, 0.9)) * off


def gaps(canvas: Canvas) -> Floats:
    """A volume that grows, less at weekends; three outages, and days here and there, were not measured."""
    values = canvas.line(canvas.between(0.01, 0.05)) * canvas.week(canvas.between(0.8, 1))
    for _ in range(3):
        start = canvas.day(0.05, 0.95)
        values[start : min(start + int(canvas.between(2, 15)), canvas.known)] = np.nan
    values[: canvas.known][canvas.random.random(canvas.known) < 0.03] = np.nan
    return values


def shifts(canvas: Canvas) -> Floats:
    """A volume that grows, with a migration, a clean-up by hand, and perhaps a second of them."""
    up, down = canvas.between(0.2, 0.6), canvas.between(0.15, 0.4)
    first, second, third = canvas.day(0.1, 0.35), canvas.day(0.4, 0.65), canvas.day(0.7, 0.92)
    values = canvas.line(canvas.between(0.01, 0.05)) + up * canvas.after(first) - down * canvas.after(second)
    return values + float(canvas.random.choice([0, 0.25, -0.2])) * canvas.after(third)


def bends_up(canvas: Canvas) -> Floats:
    """A volume whose growth doubles to quadruples at some day of the last half year."""
    growth, bend = canvas.between(0.01, 0.03), canvas.day(0.5, 0.88)
    faster = growth * canvas.between(1, 3)
    return canvas.line(growth) + faster * np.maximum(canvas.days - bend, 0) / 30


def bends_down(canvas: Canvas) -> Floats:
    """A volume whose growth slows down to a fifth or less."""
    total, days = canvas.between(0.3, 1), canvas.between(60, 200)
    return 1 + total * (1 - np.exp(-canvas.days / days))


def compound(canvas: Canvas) -> Floats:
    """Requests of a service that grows by a share every month, less at weekends."""
    risen: Floats = (1 + canvas.between(0.02, 0.1)) ** (canvas.days / 30)
    return risen * canvas.week(canvas.between(0.5, 0.9))


def irregular(canvas: Canvas) -> Floats:
    """A volume that grows by another amount each day: uploads."""
    monthly = canvas.between(0.01, 0.05)
    shape = canvas.between(0.3, 2)
    return 1 + np.cumsum(canvas.random.gamma(shape, monthly / 30 / shape, len(canvas.days)))


def cleaned_when_full(canvas: Canvas) -> Floats:
    """A volume that grows by another amount each day, and is cleaned up by hand when it is nearly full."""
    full, kept, level = canvas.between(1.3, 1.6), canvas.between(0.9, 1.1), 1.0
    levels = []
    for grown in canvas.random.gamma(1, canvas.between(0.002, 0.006), len(canvas.days)):
        level = kept if level + grown > full else level + grown
        levels.append(level)
    return np.array(levels)


def short(canvas: Canvas) -> Floats:
    """A new host of five to twelve weeks, which grows, less at weekends."""
    return canvas.line(canvas.between(0.02, 0.1)) * canvas.week(canvas.between(0.7, 1))


def instances(canvas: Canvas) -> Floats:
    """Instances of a group: whole numbers, one more now and then."""
    starts = [canvas.day(0.1, 0.9) for _ in range(int(canvas.between(1, 4)))]
    return 1 + np.sum([canvas.after(start) for start in starts], axis=0) / 4


def everything(canvas: Canvas) -> Floats:
    """Traffic that grows, with weekends, holiday weeks, an outage and one step."""
    start = canvas.day(0.1, 0.9)
    values = weekly(canvas) * (1 - 0.3 * canvas.holidays()) * (1 + 0.3 * canvas.after(canvas.day(0.3, 0.9)))
    values[start : min(start + 6, canvas.known)] = np.nan
    return values


KINDS: tuple[Callable[[Canvas], Floats], ...] = (
    straight, weekly, level, step, monthly_teeth, periodic_teeth, holiday_weeks, gaps, shifts, bends_up,
    bends_down, compound, irregular, cleaned_when_full, short, instances, everything,
)  # fmt: skip
NOISELESS = {instances}
TRAFFIC = {weekly, level, holiday_weeks, compound, everything}


def stated(seed: int, each: int = len(NOISE)) -> Iterator[Stated]:
    """Yield the set of *seed*: *each* series of every kind."""
    for kind in KINDS:
        for number in range(each):
            yield _drawn(kind, number, seed)


def _drawn(kind: Callable[[Canvas], Floats], number: int, seed: int) -> Stated:
    random = default_rng([zlib.crc32(kind.__name__.encode()), number, seed])
    length = (int(random.uniform(35, 85)) if kind is short else HISTORY) + HELD_OUT
    first = date(2025, 1, 1) + timedelta(days=int(random.uniform(0, 365)))
    canvas = Canvas(random, first, np.arange(length))
    unit = 10 ** canvas.between(0, 4)
    noise = 0 if kind in NOISELESS else NOISE[number % len(NOISE)]
    hours = np.linspace(0, 1, SAMPLES, endpoint=False)
    days = kind(canvas)
    # A volume grows through the day; traffic has its peak in it.
    grown = np.maximum(np.diff(days, append=days[-1]), 0)[:, np.newaxis] * hours
    swing = 1 + SWING * np.sin(2 * np.pi * hours)
    samples = days[:, np.newaxis] * swing if kind in TRAFFIC else days[:, np.newaxis] + grown * (noise > 0)
    samples *= 1 + noise * random.standard_normal((length, 1))
    samples *= 1 + noise * random.standard_normal((length, SAMPLES))
    return Stated(kind.__name__, number, first, np.maximum(samples, 0) * unit)
