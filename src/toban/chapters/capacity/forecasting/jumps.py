"""Lasting jumps of the level, told from holidays, outages and noise. Pure.

A jump happened overnight, by a move far outside of the usual daily moves; or the medians of the week before
and the week after differ by far more than such medians do. "Far" is counted in median absolute deviations,
which a few jumps don't change (Hampel, "The influence curve and its role in robust estimation", 1974).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from toban.chapters.capacity.forecasting.series import WEEK, Flags, Floats

NORMAL = 1.4826
"""Median absolute deviation → standard deviation, for normal noise."""
OVERNIGHT = 7.0
"""How many deviations a move from one day to the next must have."""
LASTING = 6.0
"""How many deviations the medians of two weeks must differ by."""
LEAST = 0.03
"""What is smaller, as a share of the usual value or that of the day, stays in the history."""
ROUNDING = 1e-9
SEEN = 3
"""So many days tell a jump from an outlier."""
USUAL = 3
"""After so many jumps of its kind, another one is no surprise."""
EXCURSION = 16
"""A jump that is taken back within so many days was a holiday or an outage."""
COMMON = 9
"""Jumps that come more often than every so many days are how the resource is used."""
YEAR = 365
AROUND = (0, WEEK, 2 * WEEK, 4 * WEEK, 5 * WEEK, 6 * WEEK)


class JumpKind(StrEnum):
    """What a jump is taken for."""

    STEP = "step"
    CLEAN_UP = "clean-up"
    """A drop of what otherwise grows, and would have grown back within a year."""


@dataclass(frozen=True, slots=True)
class Jump:
    """From day number *at* on, all is higher by *size*; lower, if it is negative."""

    at: int
    size: float
    kind: JumpKind = JumpKind.STEP


@dataclass(frozen=True, slots=True)
class Jumps:
    """What was recognised in a history."""

    lasting: tuple[Jump, ...]
    excursions: tuple[tuple[int, int], ...]
    """First day, and the day after the last one, of what was taken back: holidays and outages."""


def shifts(jumps: Iterable[Jump], days: int) -> Floats:
    """Return, for each of *days*, by how much *jumps* have raised it."""
    raised = np.zeros(days)
    for jump in jumps:
        raised[jump.at :] += jump.size
    return raised


def growth(values: Floats) -> float:
    """Return the usual growth of a day: the median of week-on-week differences. NaN is left out."""
    return float(np.nanmedian(values[WEEK:] - values[:-WEEK])) / WEEK


def recognised(values: Floats) -> Jumps:
    """Return the jumps of gapless *values*, at least four weeks of them."""
    least = LEAST * np.maximum(np.abs(values), np.median(np.abs(values))) + ROUNDING * np.max(np.abs(values))
    daily = np.diff(values, prepend=values[0])
    usual = _usual(daily)
    moves = daily - usual
    moves[0] = 0
    # Where weekends are far from weekdays, a move that is half as large again is no jump: both grow.
    overnight = _overnight(moves, np.maximum(least, np.abs(usual) / 2))
    if len(overnight) * COMMON > len(values):
        return Jumps((), ())
    found = sorted([*overnight, *_between_weeks(moves, overnight, least)], key=lambda jump: jump.at)
    paired, excursions = _paired(found)
    lasting = _lasting(_joined(paired), np.cumsum(moves))
    grown = growth(values - shifts(lasting, len(values))) * YEAR
    kinds = (JumpKind.CLEAN_UP if 0 < -jump.size <= grown else JumpKind.STEP for jump in lasting)
    return Jumps(
        tuple(Jump(jump.at, jump.size, kind) for jump, kind in zip(lasting, kinds, strict=True)), excursions
    )


def _usual(moves: Floats) -> Floats:
    """Return the usual moves of each day: the median on the same weekday, three weeks around."""
    padded = np.pad(moves, 3 * WEEK, constant_values=np.nan)
    padded[3 * WEEK] = np.nan
    around = np.stack([padded[start : start + len(moves)] for start in AROUND])
    around.sort(axis=0)
    known = np.count_nonzero(np.isfinite(around), axis=0)
    days = np.arange(len(moves))
    median: Floats = (around[(known - 1) // 2, days] + around[known // 2, days]) / 2
    return median


def _deviation(values: Floats) -> float:
    return NORMAL * float(np.median(np.abs(values - np.median(values))))


def _overnight(moves: Floats, least: Floats) -> list[Jump]:
    """Return the jumps that happened from one day to the next, and were seen to last."""
    far = np.abs(moves) > np.maximum(OVERNIGHT * _deviation(moves), least)
    levels = np.cumsum(moves)
    found: list[Jump] = []
    for at in np.flatnonzero(far):
        jump = Jump(int(at), float(moves[at]))
        after = levels[at : at + SEEN]
        lasted = np.median(after) - np.median(levels[max(at - SEEN, 0) : at])
        if lasted * np.sign(jump.size) > abs(jump.size) / 2 and (
            len(after) == SEEN or _is_usual(jump, found)
        ):
            found.append(jump)
    return found


def _is_usual(jump: Jump, before: Sequence[Jump]) -> bool:
    """Say whether several jumps *before* were like this one: then it is believed at once."""
    alike = (each for each in before if abs(each.size - jump.size) < abs(jump.size) / 2)
    return len(list(alike)) >= USUAL


def _between_weeks(moves: Floats, overnight: list[Jump], least: Floats) -> Iterator[Jump]:
    """Yield the jumps by which the week after a day differs from the week before."""
    levels = np.cumsum(moves) - shifts(overnight, len(moves))
    medians = np.median(sliding_window_view(levels, WEEK), axis=1)
    rises = np.zeros(len(moves))
    rises[WEEK : 1 - WEEK] = medians[WEEK:] - medians[:-WEEK]
    far = np.abs(rises) > np.maximum(LASTING * _deviation(rises), least)
    for jump in overnight:
        far[max(jump.at - WEEK, 0) : jump.at + WEEK] = False
    for start, end in _runs(far):
        at = start + int(np.argmax(np.abs(moves[start:end])))
        yield Jump(at, float(rises[start + int(np.argmax(np.abs(rises[start:end])))]))


def _runs(flags: Flags) -> Iterator[tuple[int, int]]:
    """Yield start and end of each run of true *flags*."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    yield from ((int(start), int(end)) for start, end in edges.reshape(-1, 2))


def _paired(found: list[Jump]) -> tuple[list[Jump], tuple[tuple[int, int], ...]]:
    """Return the jumps that were not taken back, and from when to when the others lasted."""
    lasting: list[Jump] = []
    excursions = []
    for jump in found:
        lasting.append(jump)
        for back in range(len(lasting) - 2, -1, -1):
            if jump.at - lasting[back].at > EXCURSION:
                break
            sizes = [each.size for each in lasting[back:]]
            if abs(sum(sizes)) < max(map(abs, sizes)) / 2:
                excursions.append((lasting[back].at, jump.at))
                del lasting[back:]
                break
    return lasting, tuple(excursions)


def _joined(found: list[Jump]) -> list[Jump]:
    """Make one of jumps of successive days in the same direction: a migration may take days."""
    joined: list[Jump] = []
    for jump in found:
        before = joined[-1] if joined else None
        if before and jump.at - before.at < SEEN and jump.size * before.size > 0:
            joined[-1] = Jump(jump.at, before.size + jump.size)
        else:
            joined.append(jump)
    return joined


def _lasting(found: list[Jump], levels: Floats) -> list[Jump]:
    """Leave out what has faded within three weeks, or until the next jump."""
    edges = [0, *(jump.at for jump in found), len(levels)]
    return [
        jump
        for before, jump, after in zip(edges, found, edges[2:], strict=False)
        if np.sign(jump.size)
        * (
            np.median(levels[jump.at : min(after, jump.at + 3 * WEEK)])
            - np.median(levels[max(before, jump.at - 3 * WEEK) : jump.at])
        )
        > abs(jump.size) / 2
    ]
