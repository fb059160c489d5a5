"""Lasting jumps of the level, told from holidays, outages and noise. Pure.

A jump happened overnight, by a move far outside of the usual daily moves; or the medians of the week before
and the week after differ by far more than such medians do. "Far" is counted in median absolute deviations,
which a few jumps don't change (Hampel, "The influence curve and its role in robust estimation", 1974).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from toban.chapters.capacity.forecasting.series import WEEK, Flags, Floats

NORMAL = 1.4826
"""Median absolute deviation → standard deviation, for normal noise."""
OVERNIGHT = 10.0
"""How many deviations a move from one day to the next must have."""
LASTING = 6.0
"""How many deviations the medians of two weeks must differ by."""
LEAST = 0.03
"""What is smaller, as a share of the usual value, stays in the history."""
SEEN = 3
"""So many days tell a jump from an outlier."""
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
    least = LEAST * float(np.median(np.abs(values))) + 1e-9 * float(np.max(np.abs(values)))
    moves = _unusual(np.diff(values, prepend=values[0]))
    overnight = _overnight(moves, least)
    if len(overnight) * COMMON > len(values):
        return Jumps((), ())
    found = sorted([*overnight, *_between_weeks(moves, overnight, least)], key=lambda jump: jump.at)
    paired, excursions = _paired(found)
    lasting = _lasting(paired, np.cumsum(moves))
    usual = growth(values - shifts(lasting, len(values)))
    kinds = (JumpKind.CLEAN_UP if 0 < -jump.size <= usual * YEAR else JumpKind.STEP for jump in lasting)
    return Jumps(
        tuple(Jump(jump.at, jump.size, kind) for jump, kind in zip(lasting, kinds, strict=True)), excursions
    )


def _unusual(moves: Floats) -> Floats:
    """Return *moves* without what is usual then: the median on the same weekday, three weeks around."""
    padded = np.pad(moves, 3 * WEEK, constant_values=np.nan)
    padded[3 * WEEK] = np.nan
    around = np.stack([padded[start : start + len(moves)] for start in AROUND])
    around.sort(axis=0)
    known = np.count_nonzero(np.isfinite(around), axis=0)
    days = np.arange(len(moves))
    unusual: Floats = moves - (around[(known - 1) // 2, days] + around[known // 2, days]) / 2
    unusual[0] = 0.0
    return unusual


def _deviation(values: Floats) -> float:
    return NORMAL * float(np.median(np.abs(values - np.median(values))))


def _overnight(moves: Floats, least: float) -> list[Jump]:
    """Return the jumps that happened from one day to the next, and were seen to last."""
    far = np.abs(moves) > max(OVERNIGHT * _deviation(moves), least)
    levels = np.cumsum(moves)
    found = []
    for at in np.flatnonzero(far):
        after = levels[at : at + SEEN]
        lasted = np.median(after) - np.median(levels[max(at - SEEN, 0) : at])
        if len(after) == SEEN and lasted * np.sign(moves[at]) > abs(moves[at]) / 2:
            found.append(Jump(int(at), float(moves[at])))
    return found


def _between_weeks(moves: Floats, overnight: list[Jump], least: float) -> Iterator[Jump]:
    """Yield the jumps by which the week after a day differs from the week before."""
    levels = np.cumsum(moves) - shifts(overnight, len(moves))
    padded = np.pad(levels, WEEK, mode="median", stat_length=SEEN)
    medians = np.median(sliding_window_view(padded, WEEK), axis=1)
    rises = medians[WEEK:][: len(moves)] - medians[: len(moves)]
    far = np.abs(rises) > max(LASTING * _deviation(rises), least)
    far[:SEEN] = far[len(moves) - SEEN + 1 :] = False
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
